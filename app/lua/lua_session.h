/* lua_session.h - what a recipe's runs are made on, and small things. [functions of the module] */
#ifndef KVANT_APP_LUA_LUA_SESSION_H
#define KVANT_APP_LUA_LUA_SESSION_H

#include <lua.h>

int lua_lab_model(lua_State *L);   /* lab.model(path): from now on; lab.model(): what it is */
int lua_lab_text(lua_State *L);    /* lab.text(path|"self"); lab.text(): its name */
int lua_lab_set(lua_State *L);     /* lab.set(name, value): as `set`; nil as `unset` */
int lua_lab_query(lua_State *L);   /* lab.query(sql, ...): rows */
int lua_lab_runs(lua_State *L);    /* lab.runs{ where = "kld < 0.01", limit = 10 }: the newest */
int lua_lab_show(lua_State *L);    /* lab.show(id): one run */
int lua_lab_expand(lua_State *L);  /* lab.expand(config, ...): the canonical configs it stands for */
int lua_lab_sorted(lua_State *L);  /* for key, value in lab.sorted(t): in the order of the keys */
int lua_lab_seconds(lua_State *L); /* lab.seconds(): since the recipe began */
int lua_lab_profile(lua_State *L); /* lab.profile{ name =, base =, layers = {} } */

#endif
