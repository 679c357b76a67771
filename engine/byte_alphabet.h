/* byte_alphabet.h - the characters that stand for bytes in byte-level BPE vocabularies.
 *
 * Bytes that Latin-1 prints (33 … 126, 161 … 172, 174 … 255) stand for themselves, the other 68 become U+0100 … U+0143
 * in ascending order: a space is U+0120, a newline U+010A. Source: GPT-2's encoder (Radford et al. 2019).
 */
#ifndef KVANT_ENGINE_BYTE_ALPHABET_H
#define KVANT_ENGINE_BYTE_ALPHABET_H

#include <stdint.h>

/* The code point for a byte. [any thread] */
static inline uint32_t byte_alphabet_point(uint8_t byte)
{
    if (byte <= 32) return 256u + byte;
    if (byte >= 127 && byte <= 160) return 256u + 33 + byte - 127;
    return byte == 173 ? 256u + 67 : byte;
}

/* The byte for a code point, or -1 for a character outside the alphabet. [any thread] */
static inline int byte_alphabet_byte(uint32_t point)
{
    if (point >= 256 && point < 256 + 33) return (int)(point - 256);
    if (point >= 256 + 33 && point < 256 + 67) return (int)(point - 256 - 33 + 127);
    if (point == 256 + 67) return 173;
    return point < 256 && byte_alphabet_point((uint8_t)point) == point ? (int)point : -1;
}

#endif
