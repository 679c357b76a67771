/* safe_library.h - what of Lua's library a recipe finds. */
#ifndef KVANT_APP_LUA_SAFE_LIBRARY_H
#define KVANT_APP_LUA_SAFE_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

/* Opens the libraries and puts careful versions in the place of functions that could escape a limit. Raises a memory
 * error when there is too little. */
void safe_library_open(lua_State *L, uint64_t seed, bool unsafe);

#endif
