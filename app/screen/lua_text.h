/* lua_text.h - values as Lua reads them.
 *
 * [any thread; what goes wrong shows in the stream]
 */
#ifndef KVANT_APP_SCREEN_LUA_TEXT_H
#define KVANT_APP_SCREEN_LUA_TEXT_H

#include <stdio.h>

/* "text", with whatever a Lua string cannot hold as it is escaped. */
void lua_text_string(FILE *out, const char *text);

/* name as the key of a table before its "=": dashes as underscores, what is no name in brackets. */
void lua_text_key(FILE *out, const char *name);

#endif
