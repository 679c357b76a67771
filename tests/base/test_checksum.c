/* A sum tells bytes that differ, and does not depend on how they come. */
#include "base/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N = 333 };

static void fill(unsigned char bytes[N])
{
    for (int i = 0; i < N; i++)
        bytes[i] = (unsigned char)(i * 7 + (i >> 3));
}

static uint64_t sum_of(const void *bytes, size_t n)
{
    checksum c;
    checksum_start(&c);
    checksum_bytes(&c, bytes, n);
    return checksum_finish(&c);
}

/* Entries that are kept hold it: another sum needs another mark on them (app/shelf.c). */
static void it_is_what_it_was(void **state)
{
    (void)state;
    unsigned char bytes[N];
    fill(bytes);
    assert_true(sum_of("", 0) == UINT64_C(0x8ffbc4eaa12ef83e));
    assert_true(sum_of(bytes, N) == UINT64_C(0x6be630f9df7a958f));
}

static void pieces_do_not_matter(void **state)
{
    (void)state;
    unsigned char bytes[N];
    fill(bytes);
    const uint64_t whole = sum_of(bytes, N);
    for (size_t piece = 1; piece <= N; piece++) {
        checksum c;
        checksum_start(&c);
        for (size_t at = 0; at < N; at += piece)
            checksum_bytes(&c, bytes + at, piece < N - at ? piece : N - at);
        checksum_bytes(&c, NULL, 0);
        if (checksum_finish(&c) != whole) fail_msg("pieces of %zu", piece);
    }
}

static void every_bit_counts(void **state)
{
    (void)state;
    unsigned char bytes[N];
    fill(bytes);
    const uint64_t whole = sum_of(bytes, N);
    for (int bit = 0; bit < 8 * N; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (sum_of(bytes, N) == whole) fail_msg("bit %d", bit);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

/* The highest bit of a word, which products lose first, in every two words: also of one lane. */
static void two_signs_do_not_cancel(void **state)
{
    (void)state;
    uint64_t words[40];
    memset(words, 0, sizeof words);
    const uint64_t whole = sum_of(words, sizeof words), sign = (uint64_t)1 << 63;
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < i; j++) {
            words[i] ^= sign;
            words[j] ^= sign;
            if (sum_of(words, sizeof words) == whole) fail_msg("words %d and %d", i, j);
            words[i] = words[j] = 0;
        }
}

static void length_and_order_count(void **state)
{
    (void)state;
    uint64_t seen[200], swapped[20];
    const unsigned char zeros[200] = { 0 };
    for (size_t n = 0; n < 200; n++) {
        seen[n] = sum_of(zeros, n);
        for (size_t i = 0; i < n; i++)
            assert_true(seen[i] != seen[n]);
    }
    for (uint64_t i = 0; i < 20; i++)
        swapped[i] = i;
    const uint64_t whole = sum_of(swapped, sizeof swapped);
    for (int i = 0; i < 12; i++) { /* in one lane, too: eight words apart */
        const uint64_t word = swapped[i];
        swapped[i] = swapped[i + 8];
        swapped[i + 8] = word;
        assert_true(sum_of(swapped, sizeof swapped) != whole);
        swapped[i + 8] = swapped[i];
        swapped[i] = word;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_it_was),      cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(every_bit_counts),       cmocka_unit_test(two_signs_do_not_cancel),
        cmocka_unit_test(length_and_order_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
