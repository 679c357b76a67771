/* utf8.h - one character of UTF-8 (RFC 3629) at a time.
 */
#ifndef KVANT_ENGINE_UTF8_H
#define KVANT_ENGINE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the start of n bytes, 1 … 4, and its code point; 0 when there is none (n is 0, a stray or
 * missing continuation byte, an overlong form, a surrogate, above U+10FFFF). [any thread] */
static inline size_t utf8_decode(const char *text, size_t n, uint32_t *point)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (n == 0) return 0;
    const uint8_t *b = (const uint8_t *)text;
    const size_t length = b[0] < 0x80 ? 1 : b[0] < 0xc0 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf8 ? 4 : 0;
    if (length == 0 || length > n) return 0;
    uint32_t c = length == 1 ? b[0] : b[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (b[i] & 0x3fu);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
    *point = c;
    return length;
}

/* Writes a code point below 0x800 and returns its length, 1 or 2. [any thread] */
static inline size_t utf8_encode_short(uint32_t point, char text[2])
{
    if (point < 0x80) {
        text[0] = (char)point;
        return 1;
    }
    text[0] = (char)(0xc0 | point >> 6);
    text[1] = (char)(0x80 | (point & 0x3f));
    return 2;
}

#endif
