/* lua_config.h - configs and codecs written as Lua tables, as text of the grammar.
 *
 *     { codec = "polar", bits = { 2, 3, 4 }, scale = "norm" }     polar(bits={2,3,4},scale=norm)
 *     { codec = "rotate", "q4_0" }                                rotate(q4_0)
 *     { k = "q8_0", v = { codec = "polar", bits = 3 } }           k=q8_0 v=polar(bits=3)
 *     { "turbo4", layers = { ["0-1"] = "q8_0", [7] = { v = "q8_0" } }, rope = "post" }
 *                                                                 turbo4 @0-1:q8_0 @7:v=q8_0 rope=post
 *
 * Parameters are written in the order of their names, layers in that of their ranges' text.
 */
#ifndef KVANT_APP_LUA_LUA_CONFIG_H
#define KVANT_APP_LUA_LUA_CONFIG_H

#include <lua.h>

/* Pushes the text of the value at index: a text as it is, a number as it is written, a table as above. Raises what is
 * wrong. */
void lua_config_text(lua_State *L, int index);

/* Pushes a list of texts like "0-1:k=q8_0" for the table of layers at index. */
void lua_config_layers(lua_State *L, int index);

#endif
