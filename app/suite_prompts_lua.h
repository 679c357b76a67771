/* suite_prompts_lua.h - a function that a model wrote, run against cases.
 *
 * The code is Lua, in a state with a few harmless functions, an amount of memory and a number of steps; whatever it
 * does, it comes back. [any thread]
 */
#ifndef KVANT_APP_SUITE_PROMPTS_LUA_H
#define KVANT_APP_SUITE_PROMPTS_LUA_H

#include "app/suite_prompts_text.h"

enum { LUA_LIST = 8 };

/* Lists of whole numbers that go in and the one that must come out. */
typedef struct lua_case {
    int a[LUA_LIST], n_a;
    int b[LUA_LIST], n_b;
    int out[2 * LUA_LIST], n_out;
} lua_case;

/* The code defines a global function of this name that takes two lists and returns one. */
bool prompt_runs_lua(span code, const char *function, const lua_case *cases, size_t n, char why[SUITE_NOTE]);

/* What stands between the first ``` and the next, without the language's name; the whole answer when there are none. */
span prompt_code(const char *answer);

#endif
