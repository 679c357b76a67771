/* lua_show.h - what a recipe writes: print, tables, notes. */
#ifndef KVANT_APP_LUA_LUA_SHOW_H
#define KVANT_APP_LUA_LUA_SHOW_H

#include <lua.h>

int lua_lab_print(lua_State *L); /* print(...), lab.print(...): tables with what is in them, keys sorted */
int lua_lab_table(lua_State *L); /* lab.table(rows, columns): drawn, as wide as the terminal */
int lua_lab_log(lua_State *L);   /* lab.log(...): a line on stderr */

#endif
