/* lua_ask.h - functions that are commands: run in this process, their answer read back.
 *
 * [for functions of the module: arguments on the stack, one result pushed, faults raised]
 */
#ifndef KVANT_APP_LUA_LUA_ASK_H
#define KVANT_APP_LUA_LUA_ASK_H

#include <lua.h>

#include "app/lua/permit.h"
#include "app/lua/lua_line.h"

/* What the command answers with --json, as a table; a text when that is no JSON, and when it is nothing whether the
 * answer is yes. acts: it leaves a trace, so a dry run only says that it would. */
int lua_ask(lua_State *L, const char *name, const lua_own_field *own, bool acts);

/* What the command writes, as a text. It leaves a trace. */
int lua_ask_text(lua_State *L, const char *name, const lua_own_field *own);

/* lab.command(line): any line, as typed at the prompt; what it writes is shown. */
int lua_lab_command(lua_State *L);

#endif
