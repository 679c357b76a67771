#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/gguf.h"
#include "engine/tensor.h"
#include "gguf_builder.h"

/* Two keys and one tensor of 2 x 64 q8_0 values (136 bytes) at offset 32. */
static void small_model(builder *b, uint32_t version)
{
    builder_header(b, version, 1, 2);
    builder_key_text(b, "general.name", "small");
    builder_key_u32(b, "llama.block_count", 7);
    builder_tensor(b, "blk.3.attn_k.weight", 2, (uint64_t[]){ 64, 2 }, 8, 32);
    builder_align(b);
    for (int i = 0; i < 32 + 136; i++)
        builder_bytes(b, &(uint8_t){ (uint8_t)i }, 1);
}

/* Opening b's file fails with this message after the path. */
static void refused(builder *b, const char *message)
{
    fault f = { 0 };
    char expected[sizeof f.text];
    assert_null(gguf_open(builder_save(b), &f));
    snprintf(expected, sizeof expected, "%s: %s", b->path, message);
    assert_string_equal(f.text, expected);
    assert_int_equal(f.code, FAULT_INPUT);
    builder_free(b);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        builder b = { 0 };
        fault f = { 0 };
        small_model(&b, version);
        gguf *g = gguf_open(builder_save(&b), &f);
        assert_non_null(g);
        assert_int_equal(gguf_version(g), version);
        assert_int_equal(gguf_file_bytes(g), b.n);
        assert_int_equal(gguf_n_keys(g), 2);
        assert_memory_equal(gguf_key_name(g, 1).bytes, "llama.block_count", 17);
        assert_int_equal(gguf_key_kind(g, 0), GGUF_STRING);
        gguf_string name;
        assert_true(gguf_text(g, "general.name", &name, &f));
        assert_int_equal(name.n, 5);
        assert_memory_equal(name.bytes, "small", 5);

        const gguf_tensor *t = gguf_find_tensor(g, "blk.3.attn_k.weight");
        assert_ptr_equal(t, gguf_tensor_at(g, 0));
        assert_int_equal(t->n_dims, 2);
        assert_int_equal(t->dims[0] * t->dims[1] * t->dims[2] * t->dims[3], 128);
        assert_int_equal(t->n_bytes, 136);
        assert_int_equal(t->data[0], 32);
        assert_int_equal(t->data[135], 167);
        assert_null(gguf_find_tensor(g, "blk.3.attn_k.weigh"));
        gguf_close(g);
        builder_free(&b);
    }
}

static void scalars_of_every_kind_are_read_where_they_fit(void **state)
{
    (void)state;
    static const struct {
        gguf_kind kind;
        size_t n;
        uint8_t bytes[8];
        bool fits;
        uint32_t value;
    } cases[] = {
        { GGUF_U8, 1, { 200 }, true, 200 },
        { GGUF_I8, 1, { 100 }, true, 100 },
        { GGUF_I8, 1, { 0xff }, false, 0 },
        { GGUF_U16, 2, { 1, 0x80 }, true, 0x8001 },
        { GGUF_I16, 2, { 1, 0x80 }, false, 0 },
        { GGUF_U32, 4, { 1, 0, 0, 0x80 }, true, 0x80000001u },
        { GGUF_I32, 4, { 1, 0, 0, 0x80 }, false, 0 },
        { GGUF_U64, 8, { 1, 0, 0, 0x80 }, true, 0x80000001u },
        { GGUF_U64, 8, { 0, 0, 0, 0, 1 }, false, 0 },
        { GGUF_U64, 8, { 0, 0, 0, 0, 0, 0, 0, 0x80 }, false, 0 },
        { GGUF_I64, 8, { 5 }, true, 5 },
        { GGUF_I64, 8, { 0, 0, 0, 0, 0, 0, 0, 0x80 }, false, 0 },
        { GGUF_F32, 4, { 0 }, false, 0 },
        { GGUF_BOOL, 1, { 1 }, false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder b = { 0 };
        fault f = { 0 };
        builder_header(&b, 3, 0, 1);
        builder_key(&b, "k", cases[i].kind);
        builder_bytes(&b, cases[i].bytes, cases[i].n);
        gguf *g = gguf_open(builder_save(&b), &f);
        assert_non_null(g);
        uint32_t value = 0;
        assert_int_equal(gguf_u32(g, "k", &value, &f), cases[i].fits);
        assert_int_equal(value, cases[i].value);
        assert_int_equal(f.code, cases[i].fits ? FAULT_NONE : FAULT_INPUT);
        gguf_close(g);
        builder_free(&b);
    }
}

static void missing_keys_and_wrong_kinds_are_named(void **state)
{
    (void)state;
    builder b = { 0 };
    fault f = { 0 };
    char expected[256];
    small_model(&b, 3);
    gguf *g = gguf_open(builder_save(&b), &f);
    uint32_t u;
    float x;
    bool yes;
    gguf_string s;
    assert_false(gguf_u32(g, "llama.vocab", &u, &f));
    snprintf(expected, sizeof expected, "%s: key llama.vocab is missing", b.path);
    assert_string_equal(f.text, expected);
    assert_false(gguf_u32(g, "general.name", &u, &f));
    snprintf(expected, sizeof expected, "%s: key general.name is a string, expected an integer", b.path);
    assert_string_equal(f.text, expected);
    assert_false(gguf_f32(g, "general.name", &x, &f));
    assert_false(gguf_text(g, "llama.block_count", &s, &f));
    assert_false(gguf_bool_or(g, "llama.block_count", true, &yes, &f));
    assert_false(gguf_u32_or(g, "general.name", 1, &u, &f));

    assert_true(gguf_u32_or(g, "none", 42, &u, &f));
    assert_int_equal(u, 42);
    assert_true(gguf_f32_or(g, "none", 0.5f, &x, &f));
    assert_true(x == 0.5f);
    assert_true(gguf_bool_or(g, "none", true, &yes, &f));
    assert_true(yes);
    assert_false(gguf_has(g, "none"));
    assert_int_equal(gguf_array_string(g, "general.name", 0).n, 0);
    gguf_close(g);
    builder_free(&b);
}

static void arrays_are_read_element_by_element(void **state)
{
    (void)state;
    builder b = { 0 };
    fault f = { 0 };
    builder_header(&b, 3, 0, 4);
    builder_key_texts(&b, "texts", (const char *const[]){ "a", "", "ccc" }, 3);
    builder_key_i32s(&b, "numbers", (int32_t[]){ -1, 7 }, 2);
    builder_key_f32s(&b, "reals", (float[]){ 0.25f }, 1);
    builder_key_texts(&b, "empty", NULL, 0);
    gguf *g = gguf_open(builder_save(&b), &f);
    gguf_kind element;
    size_t n;
    assert_true(gguf_array(g, "texts", &element, &n, &f));
    assert_int_equal(element, GGUF_STRING);
    assert_int_equal(n, 3);
    assert_int_equal(gguf_array_string(g, "texts", 1).n, 0);
    assert_memory_equal(gguf_array_string(g, "texts", 2).bytes, "ccc", 3);
    assert_int_equal(gguf_array_string(g, "texts", 3).n, 0);
    int64_t number;
    float real;
    assert_true(gguf_array_i64(g, "numbers", 0, &number));
    assert_int_equal(number, -1);
    assert_false(gguf_array_i64(g, "numbers", 2, &number));
    assert_false(gguf_array_i64(g, "texts", 0, &number));
    assert_true(gguf_array_f32(g, "reals", 0, &real));
    assert_true(real == 0.25f);
    assert_false(gguf_array_f32(g, "numbers", 0, &real));
    assert_true(gguf_array(g, "empty", &element, &n, &f));
    assert_int_equal(n, 0);
    assert_int_equal(gguf_array_string(g, "numbers", 0).n, 0);
    gguf_close(g);
    builder_free(&b);
}

static void what_is_no_model_gets_its_own_sentence(void **state)
{
    (void)state;
    fault f = { 0 };
    assert_null(gguf_open("tests/data/none.gguf", &f));
    assert_string_equal(f.text, "tests/data/none.gguf: No such file or directory");
    assert_null(gguf_open("tests/data", &f));
    assert_string_equal(f.text, "tests/data: is a directory, not a GGUF file");

    char pipe[] = "/tmp/kvant-fifo-XXXXXX";
    assert_non_null(mkdtemp(pipe));
    assert_int_equal(rmdir(pipe), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_null(gguf_open(pipe, &f));
    assert_non_null(strstr(f.text, "is a pipe or device"));
    unlink(pipe);

    builder b = { 0 };
    refused(&b, "the file is empty");
    builder_bytes(&b, "GG", 2);
    refused(&b, "header: 4 bytes at offset 0 are past the end of the file (2)");
    builder_bytes(&b, "ggjt....", 8);
    refused(&b, "not a GGUF file (it begins with the bytes 67 67 6a 74)");
    builder_header(&b, 1, 0, 0);
    refused(&b, "GGUF version 1 is obsolete; convert the model to version 3");
    builder_header(&b, 4, 0, 0);
    refused(&b, "GGUF version 4 is not supported (2 and 3 are)");
    builder_header(&b, 0x03000000u, 0, 0);
    refused(&b, "a big-endian GGUF file; convert it to little-endian");
}

static void impossible_counts_are_refused_before_anything_is_allocated(void **state)
{
    (void)state;
    builder b = { 0 };
    builder_header(&b, 3, 0, UINT64_MAX);
    refused(&b, "header: 18446744073709551615 keys and 0 tensors cannot fit in a file of 24 bytes");
    builder_header(&b, 3, UINT64_MAX / 2, 0);
    refused(&b, "header: 0 keys and 9223372036854775807 tensors cannot fit in a file of 24 bytes");
}

static void wrong_keys_are_named(void **state)
{
    (void)state;
    builder b = { 0 };
    builder_header(&b, 3, 0, 1);
    builder_u64(&b, UINT64_MAX);
    builder_u64(&b, 0);
    refused(&b, "key 1: 18446744073709551615 bytes at offset 32 are past the end of the file (40)");

    builder_header(&b, 3, 0, 1);
    builder_string(&b, "");
    builder_u64(&b, 0);
    refused(&b, "key 1: a name of 0 bytes, expected 1 to 65535");

    builder_header(&b, 3, 0, 1);
    builder_key(&b, "k\x1b[31m", 13);
    builder_u64(&b, 0);
    refused(&b, "key k?[31m: value type 13 is not one of GGUF's (0 to 12)");

    builder_header(&b, 3, 0, 1);
    builder_key(&b, "flag", GGUF_BOOL);
    builder_u32(&b, 2);
    refused(&b, "key flag: a bool of value 2, expected 0 or 1");

    builder_header(&b, 3, 0, 2);
    builder_key_u32(&b, "twice", 1);
    builder_key_u32(&b, "twice", 1);
    refused(&b, "key twice: the name stands in the file twice");
}

static void wrong_arrays_are_named(void **state)
{
    (void)state;
    static const struct {
        gguf_kind element;
        uint64_t n;
        const char *message;
    } cases[] = {
        { GGUF_U64, 3, "key a: 3 values of 8 bytes at offset 49 are past the end of the file (65)" },
        { GGUF_U64, UINT64_MAX / 8 + 2,
          "key a: an array of 2305843009213693953 elements cannot fit in a file of 65 bytes" },
        { GGUF_STRING, 3, "key a: 3 strings at offset 49 cannot fit in a file of 65 bytes" },
        { GGUF_ARRAY, 1, "key a: arrays of arrays are not supported" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder b = { 0 };
        builder_header(&b, 3, 0, 1);
        builder_key(&b, "a", GGUF_ARRAY);
        builder_u32(&b, cases[i].element);
        builder_u64(&b, cases[i].n);
        builder_u64(&b, 0);
        builder_u64(&b, 0);
        refused(&b, cases[i].message);
    }
}

static void wrong_tensors_are_named(void **state)
{
    (void)state;
    static const struct {
        uint32_t n_dims;
        uint64_t dims[5];
        uint32_t type;
        uint64_t offset;
        const char *message;
    } cases[] = {
        { 0, { 0 }, 0, 0, "tensor t: 0 dimensions, expected 1 to 4" },
        { 5, { 1, 1, 1, 1, 1 }, 0, 0, "tensor t: 5 dimensions, expected 1 to 4" },
        { 2, { 4, 0 }, 0, 0, "tensor t: dimension 1 is 0" },
        { 1, { 4 }, 999, 0, "tensor t: type 999 is not known" },
        { 1, { 4 }, 0xffffffffu, 0, "tensor t: type 4294967295 is not known" },
        { 1, { 48 }, 8, 0, "tensor t: rows of 48 values are not whole blocks of 32 (Q8_0)" },
        { 4,
          { 1ull << 32, 1ull << 32, 1, 1 },
          0,
          0,
          "tensor t: 4294967296 x 4294967296 x 1 x 1 values of F32 are more than the file (288 bytes)" },
        { 2,
          { 1ull << 63, 2 },
          0,
          0,
          "tensor t: 9223372036854775808 x 2 x 1 x 1 values of F32 are more than the file (288 bytes)" },
        { 1, { 16 }, 0, 8, "tensor t: offset 8 is not a multiple of the alignment 32" },
        { 1, { 16 }, 0, 1024, "tensor t: data at %zu, offset 1024 + 64 bytes is past the end of the file (288)" },
        { 1,
          { 16 },
          0,
          UINT64_MAX - 31,
          "tensor t: data at %zu, offset 18446744073709551584 + 64 bytes is past the end of the file (288)" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        builder b = { 0 };
        char message[256];
        builder_header(&b, 3, 1, 0);
        builder_tensor(&b, "t", cases[i].n_dims, cases[i].dims, cases[i].type, cases[i].offset);
        builder_align(&b);
        snprintf(message, sizeof message, cases[i].message, b.n);
        while (b.n < 288)
            builder_bytes(&b, "", 1);
        refused(&b, message);
    }
    builder b = { 0 };
    builder_header(&b, 3, 2, 0);
    builder_tensor(&b, "t", 1, (uint64_t[]){ 1 }, 0, 0);
    builder_tensor(&b, "t", 1, (uint64_t[]){ 1 }, 0, 0);
    builder_u64(&b, 0);
    refused(&b, "tensor t: the name stands in the file twice");
}

static void alignment_must_be_a_power_of_two_and_is_used(void **state)
{
    (void)state;
    builder b = { 0 };
    fault f = { 0 };
    builder_header(&b, 3, 0, 1);
    builder_key_u32(&b, "general.alignment", 24);
    refused(&b, "key general.alignment is 24, expected a power of two");
    builder_header(&b, 3, 0, 1);
    builder_key_u32(&b, "general.alignment", 0);
    refused(&b, "key general.alignment is 0, expected a power of two");

    builder_header(&b, 3, 1, 1);
    builder_key_u32(&b, "general.alignment", 128);
    builder_tensor(&b, "t", 1, (uint64_t[]){ 1 }, 24, 0);
    while (b.n < 256)
        builder_bytes(&b, &(uint8_t){ (uint8_t)b.n }, 1);
    gguf *g = gguf_open(builder_save(&b), &f);
    assert_non_null(g);
    assert_int_equal(gguf_tensor_at(g, 0)->data[0], 128);
    gguf_close(g);
    builder_free(&b);
}

static void a_type_known_by_name_only_opens(void **state)
{
    (void)state;
    builder b = { 0 };
    fault f = { 0 };
    builder_header(&b, 3, 1, 0);
    builder_tensor(&b, "t", 1, (uint64_t[]){ 64 }, 39, 0); /* MXFP4: 17 bytes per 32 */
    builder_align(&b);
    for (int i = 0; i < 34; i++)
        builder_bytes(&b, "", 1);
    gguf *g = gguf_open(builder_save(&b), &f);
    assert_non_null(g);
    const tensor_type *type = tensor_type_of(gguf_tensor_at(g, 0)->type);
    assert_string_equal(type->name, "MXFP4");
    assert_null(type->to_f32);
    assert_int_equal(gguf_tensor_at(g, 0)->n_bytes, 34);
    gguf_close(g);
    builder_free(&b);
}

static void names_are_shown_without_what_a_terminal_obeys(void **state)
{
    (void)state;
    char text[GGUF_SHOWN], longest[200];
    memset(longest, 'x', sizeof longest);
    assert_string_equal(gguf_shown((gguf_string){ "a\x1b\n\xc3\xa9~", 6 }, text), "a????~");
    assert_int_equal(strlen(gguf_shown((gguf_string){ longest, sizeof longest }, text)), GGUF_SHOWN - 1);
    assert_string_equal(text + GGUF_SHOWN - 4, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(scalars_of_every_kind_are_read_where_they_fit),
        cmocka_unit_test(missing_keys_and_wrong_kinds_are_named),
        cmocka_unit_test(arrays_are_read_element_by_element),
        cmocka_unit_test(what_is_no_model_gets_its_own_sentence),
        cmocka_unit_test(impossible_counts_are_refused_before_anything_is_allocated),
        cmocka_unit_test(wrong_keys_are_named),
        cmocka_unit_test(wrong_arrays_are_named),
        cmocka_unit_test(wrong_tensors_are_named),
        cmocka_unit_test(alignment_must_be_a_power_of_two_and_is_used),
        cmocka_unit_test(a_type_known_by_name_only_opens),
        cmocka_unit_test(names_are_shown_without_what_a_terminal_obeys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
