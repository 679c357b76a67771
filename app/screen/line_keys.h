/* line_keys.h - keys of the screen as the bytes a terminal would have sent: what readline and a person's .inputrc know.
 */
#ifndef KVANT_APP_SCREEN_LINE_KEYS_H
#define KVANT_APP_SCREEN_LINE_KEYS_H

#include <stddef.h>

enum { LINE_KEY_BYTES = 8 };

/* How many bytes; 0: a key that means nothing to a line. */
size_t line_key_bytes(int key, char bytes[LINE_KEY_BYTES]);

/* Gives the sequences above their usual meaning where neither readline nor .inputrc has given them one. */
void line_key_bind(void);

#endif
