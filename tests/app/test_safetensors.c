/* Files of named tensors: what is written comes back, every lie in a header is named. The format:
 * https://github.com/huggingface/safetensors, README, "Format". */
#include "app/safetensors.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/safetensors_writer.h"
#include "base/file.h"

static char path[64];

/* A file of a header's text and n_data bytes of data; length: what it says of its header. */
static void save(const char *header, uint64_t length, size_t n_data)
{
    const size_t n = strlen(header);
    uint8_t *bytes = calloc(8 + n + n_data, 1);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(length >> (8 * i));
    memcpy(bytes + 8, header, n);
    for (size_t i = 0; i < n_data; i++)
        bytes[8 + n + i] = (uint8_t)(i + 1);
    fault f = { 0 };
    if (!file_write(path, bytes, 8 + n + n_data, &f)) fail_msg("%s", f.text);
    free(bytes);
}

static void refused(const char *header, size_t n_data, const char *part)
{
    fault f = { 0 };
    save(header, strlen(header), n_data);
    safetensors *s = safetensors_open(path, &f);
    if (s) fail_msg("accepted: %s", header);
    if (!strstr(f.text, part)) fail_msg("\"%s\" is not in \"%s\"", part, f.text);
    if (strncmp(f.text, path, strlen(path)) != 0) fail_msg("the file is not named: %s", f.text);
    assert_int_equal(f.code, FAULT_INPUT);
}

static size_t count_of(const safetensors *s)
{
    size_t n;
    safetensors_all(s, &n);
    return n;
}

static safetensors *opened(const char *header, size_t n_data)
{
    fault f = { 0 };
    save(header, strlen(header), n_data);
    safetensors *s = safetensors_open(path, &f);
    if (!s) fail_msg("%s", f.text);
    return s;
}

/* ---- the format as the library writes it ---- */

static void a_file_of_the_library_is_read(void **state)
{
    (void)state;
    /* b stands before a, as the library sorts by alignment and then name; padding is blanks. */
    safetensors *s = opened("{\"__metadata__\":{\"format\":\"pt\",\"a key\":\"\\u00e9\"},"
                            "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]},"
                            "\"b\":{\"shape\":[2,1],\"dtype\":\"F32\",\"data_offsets\":[0,8]}}   ",
                            11);
    size_t n;
    const safetensor *all = safetensors_all(s, &n);
    assert_int_equal(n, 2);
    assert_string_equal(all[0].name, "b");
    assert_string_equal(all[1].name, "a");
    const safetensor *a = safetensors_find(s, "a"), *b = safetensors_find(s, "b");
    assert_ptr_equal(a, &all[1]);
    assert_int_equal(a->type, SAFETENSORS_U8);
    assert_memory_equal(a->bytes, "\x09\x0a\x0b", 3);
    assert_int_equal(b->n_dims, 2);
    assert_int_equal(b->dims[0], 2);
    assert_int_equal(b->dims[1], 1);
    assert_int_equal(b->n_values, 2);
    assert_int_equal(b->n_bytes, 8);
    assert_null(safetensors_find(s, "c"));
    assert_null(safetensors_find(s, "__metadata__"));
    assert_string_equal(safetensors_word(s, "format"), "pt");
    assert_string_equal(safetensors_word(s, "a key"), "\xc3\xa9");
    assert_null(safetensors_word(s, "b key"));
    safetensors_close(s);
}

static void small_shapes_are_shapes(void **state)
{
    (void)state;
    safetensors *s = opened("{\"scalar\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]},"
                            "\"none\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[2,2]},"
                            "\"odd\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[2,3]}}",
                            3);
    assert_int_equal(safetensors_find(s, "scalar")->n_values, 1);
    assert_int_equal(safetensors_find(s, "scalar")->n_dims, 0);
    assert_int_equal(safetensors_find(s, "none")->n_values, 0);
    assert_int_equal(safetensors_find(s, "odd")->type, SAFETENSORS_OTHER);
    assert_null(safetensors_word(s, "format"));
    safetensors_close(s);
    s = opened("{}", 0);
    assert_int_equal(count_of(s), 0);
    safetensors_close(s);
}

static void every_float_type_reads_as_f32(void **state)
{
    (void)state;
    /* 1, -2, 2^-24 (the least f16), 65504; bf16 is the upper half of f32. */
    static const uint16_t half[] = { 0x3c00, 0xc000, 0x0001, 0x7bff }, brain[] = { 0x3f80, 0xc000, 0x3380, 0x4780 };
    static const float single[] = { 1, -2, 0x1p-24f, 65504 };
    static const double wide[] = { 1, -2, 0x1p-24, 65504 };
    const safetensor tensors[] = {
        { "half", SAFETENSORS_F16, 1, { 4 }, 4, half, sizeof half },
        { "brain", SAFETENSORS_BF16, 2, { 2, 2 }, 4, brain, sizeof brain },
        { "single", SAFETENSORS_F32, 1, { 4 }, 4, single, sizeof single },
        { "wide", SAFETENSORS_F64, 3, { 1, 4, 1 }, 4, wide, sizeof wide },
    };
    fault f = { 0 };
    if (!safetensors_write(path, NULL, tensors, 4, &f)) fail_msg("%s", f.text);
    safetensors *s = safetensors_open(path, &f);
    if (!s) fail_msg("%s", f.text);
    for (size_t i = 0; i < 4; i++) {
        float values[4];
        const safetensor *t = safetensors_find(s, tensors[i].name);
        assert_int_equal(t->type, tensors[i].type);
        assert_int_equal(t->n_dims, tensors[i].n_dims);
        assert_true(safetensors_f32(s, t, values, &f));
        for (int j = 0; j < 3; j++)
            assert_true(values[j] == single[j]);
        assert_true(values[3] == (i == 1 ? 65536.0f : 65504.0f)); /* bf16 has eight bits of it */
    }
    safetensors_close(s);
}

static void values_that_are_no_f32_are_named(void **state)
{
    (void)state;
    static const double large[] = { INFINITY, 1, 1e39 };
    static const int32_t whole[] = { 1 };
    const safetensor tensors[] = { { "large", SAFETENSORS_F64, 1, { 3 }, 3, large, sizeof large },
                                   { "whole", SAFETENSORS_I32, 1, { 1 }, 1, whole, sizeof whole } };
    float values[3];
    fault f = { 0 };
    if (!safetensors_write(path, NULL, tensors, 2, &f)) fail_msg("%s", f.text);
    safetensors *s = safetensors_open(path, &f);
    if (!s) fail_msg("%s", f.text);
    assert_false(safetensors_f32(s, safetensors_find(s, "large"), values, &f));
    assert_non_null(strstr(f.text, "tensor large: value 2 is 1e+39"));
    assert_false(safetensors_f32(s, safetensors_find(s, "whole"), values, &f));
    assert_non_null(strstr(f.text, "tensor whole"));
    safetensors_close(s);
}

/* ---- lies ---- */

#define ENTRY(name, dtype, shape, begin, end)                                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static void lies_in_the_header_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *header, *part;
        size_t n_data;
    } cases[] = {
        { "{" ENTRY("a", "F32", "2", "0", "8") "," ENTRY("b", "F32", "2", "4", "12") "}",
          "tensor b: its bytes, from 4, overlap those of a, to 8", 12 },
        { "{" ENTRY("a", "F32", "2", "0", "8") "," ENTRY("b", "F32", "2", "0", "8") "}", "overlap", 8 },
        { "{" ENTRY("a", "F32", "2", "4", "12") "}", "tensor a: a gap of 4 bytes", 12 },
        { "{" ENTRY("a", "F32", "2", "0", "8") "}", "3 bytes follow the last tensor's", 11 },
        { "{" ENTRY("a", "F32", "2", "0", "8") "}", "tensor a: bytes 0 to 8 are past the end of the data (7)", 7 },
        { "{" ENTRY("a", "F32", "2,3", "0", "8") "}", "tensor a: 8 bytes for 6 values of 32 bits", 8 },
        { "{" ENTRY("a", "F32", "1", "0", "8") "}", "tensor a: 8 bytes for 1 values of 32 bits", 8 },
        { "{" ENTRY("a", "F32", "2", "8", "0") "}", "tensor a: data_offsets 8 to 0 run backwards", 8 },
        { "{" ENTRY("a", "F32", "2", "-8", "0") "}", "tensor a: data_offsets are not two whole numbers", 8 },
        { "{" ENTRY("a", "F32", "2", "0", "8.5") "}", "two whole numbers", 9 },
        { "{" ENTRY("a", "F32", "2", "0", "1e300") "}", "two whole numbers", 8 },
        { "{" ENTRY("a", "F32", "2", "0", "8,9") "}", "two whole numbers", 8 },
        { "{" ENTRY("a", "F32", "2", "0", "\"8\"") "}", "two whole numbers", 8 },
        { "{" ENTRY("a", "F32", "-2", "0", "8") "}", "tensor a: dimension 0 of its shape is no whole number", 8 },
        { "{" ENTRY("a", "F32", "2,1.5", "0", "8") "}", "dimension 1", 8 },
        { "{" ENTRY("a", "F32", "2,NaN", "0", "8") "}", "the header is no JSON at byte", 8 },
        { "{" ENTRY("a", "F32", "1,1,1,1,1,1,1,1,2", "0", "8") "}", "tensor a: 9 dimensions, at most 8", 8 },
        { "{" ENTRY("a", "F32", "4294967296,4294967296,2", "0", "8") "}", "more values than can be counted", 8 },
        { "{" ENTRY("a", "F32", "2305843009213693952", "0", "0") "}", "no whole number", 0 },
        { "{" ENTRY("a", "F32", "9007199254740992,512", "0", "0") "}", "0 bytes for", 0 },
        { "{" ENTRY("a", "F4", "3", "0", "1") "}", "1 bytes for 3 values of 4 bits", 1 },
        { "{" ENTRY("a", "F33", "2", "0", "8") "}", "tensor a: dtype \"F33\" is not of the format", 8 },
        { "{" ENTRY("a", "F32", "2", "0", "8") "," ENTRY("a", "F32", "2", "8", "16") "}", "tensor a: is there twice",
          16 },
        { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
          "tensor a: \"dtype\" is there twice", 8 },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", "tensor a: has no \"shape\"", 8 },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", "tensor a: has no \"data_offsets\"", 8 },
        { "{\"a\":{\"Dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "tensor a: has no \"dtype\"", 8 },
        { "{\"a\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", "dtype is no word", 8 },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", "shape is no array", 8 },
        { "{\"a\":[0,8]}", "tensor a: is no object", 8 },
        { "{\"__metadata__\":{\"k\":3}}", "__metadata__: k is no text", 0 },
        { "{\"__metadata__\":[]}", "__metadata__ is no object", 0 },
        { "{\"__metadata__\":{\"k\":\"1\",\"j\":\"1\",\"k\":\"2\"}}", "__metadata__: k is there twice", 0 },
        { "{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__ twice", 0 },
        { "{\"a\x1b[31m\n\":3}", "tensor a?[31m?:", 0 },
        { "{\"\xff\":3}", "the header is no UTF-8 at byte 2", 0 },
        { "[]", "does not begin with {", 0 },
        { " {}", "does not begin with {", 0 },
        { "{} {}", "goes on after its JSON, at byte 3", 0 },
        { "{\"a\":", "no JSON", 0 },
        { "{\"a", "no JSON", 0 },
        { "", "does not begin with {", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].header, cases[i].n_data, cases[i].part);
}

static void a_deep_header_is_refused(void **state)
{
    (void)state;
    char text[4096] = "{\"a\":";
    for (int i = 0; i < 2000; i++)
        strcat(text, "[");
    refused(text, 0, "nested deeper than 16 at byte 20");
    /* Brackets and escaped quotes inside a name are no depth. */
    strcpy(text, "{\"__metadata__\":{\"");
    for (int i = 0; i < 40; i++)
        strcat(text, "[{\\\"");
    strcat(text, "\":\"\"}}");
    safetensors_close(opened(text, 0));
}

static void a_header_longer_than_its_file_is_refused(void **state)
{
    (void)state;
    const uint64_t lengths[] = { 3, 100000001, UINT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        fault f = { 0 };
        save("{}", lengths[i], 0);
        assert_null(safetensors_open(path, &f));
        assert_non_null(strstr(f.text, "past the end of the file (10)"));
    }
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_null(safetensors_open("/nowhere/x.safetensors", &f));
    assert_string_equal(f.text, "/nowhere/x.safetensors: No such file or directory");
    assert_null(safetensors_open("/", &f));
    assert_non_null(strstr(f.text, "no regular file"));
    assert_null(safetensors_open("/dev/null", &f));
    assert_non_null(strstr(f.text, "no regular file"));
    assert_true(file_write(path, "1234567", 7, &f));
    assert_null(safetensors_open(path, &f));
    assert_non_null(strstr(f.text, "7 bytes are no safetensors file"));
    assert_true(file_write(path, "", 0, &f));
    assert_null(safetensors_open(path, &f));
    assert_non_null(strstr(f.text, "empty"));
}

/* Every byte of a small file replaced by several others: it opens, and then all it says is there, or it is refused. */
static void a_damaged_file_opens_whole_or_not_at_all(void **state)
{
    (void)state;
    const char *header =
        "{\"__metadata__\":{\"k\":\"v\"}," ENTRY("a", "F16", "1,2", "0", "4") "," ENTRY("b", "F64", "1", "4", "12") "}";
    save(header, strlen(header), 12);
    char *bytes;
    size_t n, n_opened = 0;
    fault f = { 0 };
    assert_true(file_read(path, &bytes, &n, &f));
    for (size_t i = 0; i < n; i++)
        for (size_t x = 0; x < 6; x++) {
            const char was = bytes[i], others[] = { 0, '9', '"', '}', (char)0xff, (char)(was ^ 1) };
            bytes[i] = others[x];
            assert_true(file_write(path, bytes, n, &f));
            bytes[i] = was;
            f.text[0] = '\0';
            safetensors *s = safetensors_open(path, &f);
            assert_true(s || f.text[0]);
            n_opened += s != NULL;
            uint64_t sum = 0, total = 0;
            for (size_t j = 0; s && j < count_of(s); j++) {
                size_t all;
                const safetensor *t = &safetensors_all(s, &all)[j];
                assert_ptr_equal(safetensors_find(s, t->name), t);
                total += t->n_bytes;
                for (uint64_t b = 0; b < t->n_bytes; b++)
                    sum += ((const uint8_t *)t->bytes)[b];
            }
            if (s && sum) assert_true(total == 12 || count_of(s) < 2);
            safetensors_close(s);
        }
    assert_true(n_opened > 12 * 6); /* all damage to the data alone, at least */
    free(bytes);
}

/* ---- writing ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const float rows[6] = { 1, 2, 3, 4, 5, 6 };
    static const int32_t tokens[3] = { 7, -1, 9 };
    const char *const words[] = { "model", "a \"name\"\n", "ctx", "3", NULL };
    const safetensor tensors[] = { { "layers.0.k", SAFETENSORS_F32, 3, { 1, 3, 2 }, 6, rows, sizeof rows },
                                   { "empty", SAFETENSORS_I64, 2, { 0, 4 }, 0, NULL, 0 },
                                   { "tokens", SAFETENSORS_I32, 1, { 3 }, 3, tokens, sizeof tokens } };
    fault f = { 0 };
    if (!safetensors_write(path, words, tensors, 3, &f)) fail_msg("%s", f.text);
    safetensors *s = safetensors_open(path, &f);
    if (!s) fail_msg("%s", f.text);
    assert_int_equal(count_of(s), 3);
    for (size_t i = 0; i < 3; i++) {
        const safetensor *t = safetensors_find(s, tensors[i].name);
        assert_int_equal(t->n_dims, tensors[i].n_dims);
        assert_memory_equal(t->dims, tensors[i].dims, sizeof t->dims);
        assert_int_equal(t->n_bytes, tensors[i].n_bytes);
        if (t->n_bytes) assert_memory_equal(t->bytes, tensors[i].bytes, t->n_bytes);
    }
    /* Values can be used where they are mapped. */
    assert_int_equal((uintptr_t)safetensors_find(s, "layers.0.k")->bytes % 8, 0);
    assert_string_equal(safetensors_word(s, "model"), "a \"name\"\n");
    assert_string_equal(safetensors_word(s, "ctx"), "3");
    safetensors_close(s);
}

static void pieces_in_any_order_make_the_same_file(void **state)
{
    (void)state;
    static const float rows[6] = { 1, 2, 3, 4, 5, 6 };
    const safetensor tensors[] = { { "a", SAFETENSORS_F32, 1, { 4 }, 4, rows, 16 },
                                   { "b", SAFETENSORS_F32, 1, { 2 }, 2, rows + 4, 8 } };
    fault f = { 0 };
    char *whole, *pieces;
    size_t n_whole, n_pieces;
    assert_true(safetensors_write(path, NULL, tensors, 2, &f));
    assert_true(file_read(path, &whole, &n_whole, &f));
    safetensors_writer *w = safetensors_create(path, NULL, tensors, 2, &f);
    assert_non_null(w);
    assert_true(safetensors_put(w, 1, 0, rows + 4, 8, &f));
    assert_true(safetensors_put(w, 0, 8, rows + 2, 8, &f));
    assert_true(safetensors_put(w, 0, 0, rows, 8, &f));
    assert_false(safetensors_put(w, 0, 12, rows, 8, &f));
    assert_false(safetensors_put(w, 1, UINT64_MAX, rows, 8, &f));
    assert_false(safetensors_put(w, 2, 0, rows, 1, &f));
    assert_true(safetensors_finish(w, &f));
    assert_true(file_read(path, &pieces, &n_pieces, &f));
    assert_int_equal(n_whole, n_pieces);
    assert_memory_equal(whole, pieces, n_whole);
    free(whole);
    free(pieces);
}

static void a_file_is_there_whole_or_not_at_all(void **state)
{
    (void)state;
    static const float row[2] = { 1, 2 };
    const safetensor t = { "a", SAFETENSORS_F32, 1, { 2 }, 2, row, 8 };
    fault f = { 0 };
    char beside[96], *bytes;
    size_t n;
    snprintf(beside, sizeof beside, "%s.kvant.%ld", path, (long)getpid());
    assert_true(file_write(path, "before", 6, &f));
    safetensors_writer *w = safetensors_create(path, NULL, &t, 1, &f);
    assert_non_null(w);
    assert_int_equal(access(beside, F_OK), 0);
    safetensors_abandon(w);
    assert_int_not_equal(access(beside, F_OK), 0);
    assert_true(file_read(path, &bytes, &n, &f));
    assert_memory_equal(bytes, "before", 6);
    free(bytes);
    safetensor wrong = t;
    wrong.n_bytes = 4;
    assert_false(safetensors_write(path, NULL, &wrong, 1, &f));
    assert_non_null(strstr(f.text, "do not fill its shape"));
    assert_false(safetensors_write(path, NULL, (const safetensor[]){ t, t }, 2, &f));
    assert_non_null(strstr(f.text, "twice"));
    assert_int_not_equal(access(beside, F_OK), 0);
    assert_false(safetensors_write("/nowhere/x", NULL, &t, 1, &f));
    assert_non_null(strstr(f.text, "/nowhere/x"));
    char queue[96];
    snprintf(queue, sizeof queue, "%s.fifo", path);
    assert_int_equal(mkfifo(queue, 0600), 0);
    assert_false(safetensors_write(queue, NULL, &t, 1, &f));
    unlink(queue);
    assert_non_null(strstr(f.text, "no regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_the_library_is_read),
        cmocka_unit_test(small_shapes_are_shapes),
        cmocka_unit_test(every_float_type_reads_as_f32),
        cmocka_unit_test(values_that_are_no_f32_are_named),
        cmocka_unit_test(lies_in_the_header_are_named),
        cmocka_unit_test(a_deep_header_is_refused),
        cmocka_unit_test(a_header_longer_than_its_file_is_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_damaged_file_opens_whole_or_not_at_all),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(pieces_in_any_order_make_the_same_file),
        cmocka_unit_test(a_file_is_there_whole_or_not_at_all),
    };
    strcpy(path, "/tmp/kvant-safetensors.XXXXXX");
    const int file = mkstemp(path);
    if (file < 0) return 1;
    close(file);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
