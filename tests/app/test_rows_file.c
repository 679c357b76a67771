/* Files of rows: what names say, which tensors hold rows, and every lie of a KKTV header (kakeya.md 1.3) named. */
#include "app/rows_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "app/capture_file.h"
#include "app/kktv.h"
#include "base/file.h"

static char plain[64], named[80]; /* a file without and one with .safetensors at its end */

/* ---- names ---- */

static void names_say_side_and_layer(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int side, layer;
    } cases[] = {
        { "layers.0.k", ROWS_K, 0 },
        { "layers.12.q", ROWS_Q, 12 },
        { "model.layers.3.self_attn.k_proj", ROWS_K, 3 },
        { "model.layers.3.self_attn.v_proj.output", ROWS_V, 3 },
        { "past_key_values.7.key", ROWS_K, 7 },
        { "past_key_values.7.value", ROWS_V, 7 },
        { "present.2.Key", ROWS_K, 2 },
        { "key_cache.5", ROWS_K, 5 },
        { "blk.9.v_cache", ROWS_V, 9 },
        { "passage2/layer_4/query_states", ROWS_Q, 4 },
        { "passage2/layer_4/queries", ROWS_Q, 4 },
        { "K3", ROWS_K, 3 },
        { "keys", ROWS_K, -1 },
        { "v", ROWS_V, -1 },
        { "transformer.h.1.attn.q", ROWS_Q, 1 },
        { "model.layers.3.self_attn.k_proj.weight", ROWS_UNKNOWN, 3 },
        { "model.layers.3.self_attn.q_proj.bias", ROWS_UNKNOWN, 3 },
        { "layers.3.query_moment", ROWS_UNKNOWN, 3 },
        { "layers.3.attention", ROWS_UNKNOWN, 3 },
        { "past_key_values", ROWS_UNKNOWN, -1 },
        { "kv_cache.0", ROWS_UNKNOWN, 0 },
        { "monkey.0", ROWS_UNKNOWN, 0 },
        { "layers.99999999999999999999.k", ROWS_K, -1 },
        { "", ROWS_UNKNOWN, -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rows_name name = rows_name_read(cases[i].name);
        if (name.side != cases[i].side || name.layer != cases[i].layer)
            fail_msg("%s: side %d, layer %d", cases[i].name, name.side, name.layer);
    }
}

/* ---- KKTV and plain f32 ---- */

static void save_kktv(uint32_t magic, uint32_t version, uint64_t n, uint32_t dim, uint32_t zero, size_t n_values)
{
    uint8_t bytes[1024] = { 0 };
    const uint64_t fields[5] = { magic, version, n, dim, zero };
    const int sizes[5] = { 4, 4, 8, 4, 4 };
    size_t at = 0;
    for (int i = 0; i < 5; i++)
        for (int b = 0; b < sizes[i]; b++)
            bytes[at++] = (uint8_t)(fields[i] >> (8 * b));
    assert_int_equal(at, KKTV_HEADER);
    for (size_t i = 0; i < n_values; i++) {
        const float x = (float)i - 2.5f;
        memcpy(bytes + at + 4 * i, &x, sizeof x);
    }
    fault f = { 0 };
    assert_true(file_write(plain, bytes, at + 4 * n_values, &f));
}

static void kktv_says_its_columns(void **state)
{
    (void)state;
    fault f = { 0 };
    float values[6];
    save_kktv(0x4b4b5456, 1, 3, 2, 0, 6);
    rows_file *file = rows_file_open(plain, 0, &f);
    if (!file) fail_msg("%s", f.text);
    assert_int_equal(rows_file_count(file), 1);
    const rows_tensor *t = rows_file_at(file, 0);
    assert_int_equal(t->heads, 1);
    assert_int_equal(t->rows, 3);
    assert_int_equal(t->dim, 2);
    assert_int_equal(t->side, ROWS_UNKNOWN);
    assert_true(rows_file_read(file, t, values, &f));
    for (int i = 0; i < 6; i++)
        assert_true(values[i] == (float)i - 2.5f);
    assert_null(rows_file_source(file));
    rows_file_close(file);
}

static void lies_of_kktv_are_named(void **state)
{
    (void)state;
    static const struct {
        uint32_t version;
        uint64_t n;
        uint32_t dim, zero;
        size_t n_values, given;
        const char *part;
    } cases[] = {
        { 2, 3, 2, 0, 6, 0, "KKTV version 2, expected 1" },
        { 1, 3, 2, 7, 6, 0, "last field of its KKTV header is 7" },
        { 1, 3, 2, 0, 5, 0, "3 rows of 2 f32, but 20 bytes follow" },
        { 1, 3, 2, 0, 7, 0, "28 bytes follow" },
        { 1, 0, 2, 0, 0, 0, "0 rows of 2" },
        { 1, 3, 0, 0, 0, 0, "3 rows of 0" },
        { 1, (uint64_t)1 << 62, 4, 0, 0, 0, "0 bytes follow" },
        { 1, (uint64_t)1 << 61, 2, 0, 0, 0, "0 bytes follow" },
        { 1, 1, 70000, 0, 0, 0, "0 bytes follow" },
        { 1, 3, 2, 0, 6, 3, "columns, not 3" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault f = { 0 };
        save_kktv(0x4b4b5456, cases[i].version, cases[i].n, cases[i].dim, cases[i].zero, cases[i].n_values);
        assert_null(rows_file_open(plain, cases[i].given, &f));
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        assert_int_equal(f.code, FAULT_INPUT);
    }
    fault f = { 0 };
    assert_true(file_write(plain, "VTKK\1\0\0", 7, &f));
    assert_null(rows_file_open(plain, 0, &f));
    assert_non_null(strstr(f.text, "7 bytes hold no KKTV header"));
}

static void plain_f32_needs_its_columns(void **state)
{
    (void)state;
    static const float rows[6] = { 1, 2, 3, 4, NAN, 6 };
    float values[6];
    fault f = { 0 };
    assert_true(file_write(plain, rows, sizeof rows, &f));
    assert_null(rows_file_open(plain, 0, &f));
    assert_int_equal(f.code, FAULT_USAGE);
    assert_non_null(strstr(f.text, "--dim"));
    assert_null(rows_file_open(plain, 4, &f));
    assert_non_null(strstr(f.text, "24 bytes are not whole rows of 4 f32"));
    rows_file *file = rows_file_open(plain, 3, &f);
    if (!file) fail_msg("%s", f.text);
    assert_int_equal(rows_file_at(file, 0)->rows, 2);
    assert_false(rows_file_read(file, rows_file_at(file, 0), values, &f));
    assert_non_null(strstr(f.text, "head 0, row 1, column 1 is nan"));
    rows_file_close(file);
}

/* ---- safetensors ---- */

static float numbers[256];

static safetensor tensor(const char *name, int n_dims, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    safetensor t = { name, SAFETENSORS_F32, n_dims, { a, b, c, d }, 1, numbers, 4 };
    for (int i = 0; i < n_dims; i++)
        t.n_bytes *= t.dims[i];
    return t;
}

static rows_file *save(const safetensor *tensors, size_t n, const char *const *words)
{
    fault f = { 0 };
    if (!safetensors_write(named, words, tensors, n, &f)) fail_msg("%s", f.text);
    rows_file *file = rows_file_open(named, 0, &f);
    if (!file) fail_msg("%s", f.text);
    return file;
}

static void tensors_of_two_to_four_dimensions_hold_rows(void **state)
{
    (void)state;
    const safetensor tensors[] = {
        tensor("layers.1.k", 3, 2, 3, 4, 0), tensor("layers.1.v", 4, 1, 2, 3, 4), tensor("pair", 2, 5, 2, 0, 0),
        tensor("line", 1, 8, 0, 0, 0),       tensor("batch.k", 4, 2, 1, 3, 4),
    };
    fault f = { 0 };
    rows_file *file = save(tensors, 5, NULL);
    assert_int_equal(rows_file_count(file), 3);
    const rows_tensor *v = rows_file_find(file, "layers.1.v", &f), *pair = rows_file_find(file, "pair", &f);
    assert_true(v->heads == 2 && v->rows == 3 && v->dim == 4 && v->side == ROWS_V && v->layer == 1);
    assert_true(pair->heads == 1 && pair->rows == 5 && pair->dim == 2 && pair->side == ROWS_UNKNOWN);
    assert_ptr_equal(rows_file_side(file, 1, ROWS_V), v);
    assert_null(rows_file_side(file, 1, ROWS_Q));
    assert_null(rows_file_find(file, "layers.1.w", &f));
    assert_non_null(strstr(f.text, "has no tensor \"layers.1.w\"; did you mean \"layers.1."));
    assert_null(rows_file_find(file, "line", &f));
    assert_non_null(strstr(f.text, "tensor line: rows are [rows, dim]"));
    assert_null(rows_file_find(file, "batch.k", &f));
    assert_non_null(strstr(f.text, "the first must be 1"));
    rows_file_close(file);
    assert_null(rows_file_open(named, 5, &f));
    assert_non_null(strstr(f.text, "tensor layers.1.k: its rows have 4 columns, not 5"));
}

static void a_file_is_known_by_its_beginning(void **state)
{
    (void)state;
    const safetensor k = tensor("layers.0.k", 3, 2, 3, 4, 0);
    fault f = { 0 };
    assert_true(safetensors_write(plain, NULL, &k, 1, &f));
    rows_file *file = rows_file_open(plain, 0, &f);
    if (!file) fail_msg("%s", f.text);
    assert_non_null(rows_file_source(file));
    rows_file_close(file);
    /* A length that leaves no room for the header, and a header that is none. */
    static const uint8_t begins[][16] = { { 9, [8] = '{' }, { 8, [8] = '[' }, { 1, [8] = '{' } };
    for (size_t i = 0; i < 3; i++) {
        assert_true(file_write(plain, begins[i], 16, &f));
        assert_false(safetensors_is(plain));
    }
    assert_true(file_write(plain, (uint8_t[16]){ 8, [8] = '{' }, 16, &f));
    assert_true(safetensors_is(plain));
    /* Zeros and numbers are none. */
    assert_true(file_write(plain, numbers, 48, &f));
    file = rows_file_open(plain, 4, &f);
    if (!file) fail_msg("%s", f.text);
    assert_null(rows_file_source(file));
    rows_file_close(file);
}

static void a_value_that_is_no_number_is_named(void **state)
{
    (void)state;
    const safetensor k = tensor("layers.0.k", 3, 2, 3, 4, 0);
    float values[24];
    fault f = { 0 };
    numbers[12 + 4 + 3] = INFINITY;
    rows_file *file = save(&k, 1, NULL);
    numbers[12 + 4 + 3] = 0;
    assert_false(rows_file_read(file, rows_file_at(file, 0), values, &f));
    assert_non_null(strstr(f.text, "tensor layers.0.k: head 1, row 1, column 3 is inf"));
    rows_file_close(file);
}

/* ---- layers ---- */

static void layers_come_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    const safetensor tensors[] = { tensor("layers.11.v", 3, 1, 3, 4, 0), tensor("layers.3.q", 3, 2, 3, 4, 0),
                                   tensor("layers.3.k", 3, 1, 3, 4, 0),  tensor("layers.3.v", 3, 1, 3, 8, 0),
                                   tensor("layers.11.k", 3, 1, 3, 4, 0), tensor("layers.3.extra", 2, 3, 4, 0, 0) };
    const char *const words[] = { "ctx", "2", NULL };
    capture_layers layers;
    size_t sequence;
    int place, n;
    fault f = { 0 };
    rows_file *file = save(tensors, 6, words);
    if (!capture_layers_find(file, &layers, &f)) fail_msg("%s", f.text);
    assert_int_equal(layers.n, 2);
    assert_int_equal(layers.at[0].number, 3);
    assert_int_equal(layers.at[1].number, 11);
    assert_string_equal(layers.at[0].q->name, "layers.3.q");
    assert_null(layers.at[1].q);
    assert_false(layers.queries);
    capture_layer_place(file, 11, &place, &n);
    assert_true(place == 1 && n == 2);
    assert_true(capture_sequence(file, 0, 3, &sequence, &f) && sequence == 2);
    assert_true(capture_sequence(file, 7, 3, &sequence, &f) && sequence == 3);
    size_t first;
    assert_true(capture_halves(file, 7, 7, &first, &f) && first == 3);
    assert_true(capture_halves(file, 7, 2, &first, &f) && first == 4);
    assert_true(capture_halves(file, 3, 2, &first, &f) && first == 2);
    assert_false(capture_halves(file, 1, 1, &first, &f));
    assert_non_null(strstr(f.text, "one row cannot calibrate and be measured, too"));
    free(layers.at);
    rows_file_close(file);
}

static void layers_that_do_not_fit_are_named(void **state)
{
    (void)state;
    const safetensor k = tensor("layers.0.k", 3, 2, 3, 4, 0), v = tensor("layers.0.v", 3, 2, 3, 4, 0);
    const struct {
        safetensor tensors[3];
        const char *part;
    } cases[] = {
        { { k }, "layer 0: there are keys but no values" },
        { { v }, "layer 0: there are values but no keys" },
        { { k, v, tensor("layers.0.key", 3, 2, 3, 4, 0) }, "layer 0: two tensors are keys" },
        { { k, tensor("layers.0.v", 3, 2, 4, 4, 0) }, "layer 0: keys and values are not of as many heads and rows" },
        { { k, v, tensor("layers.0.q", 3, 3, 3, 4, 0) }, "layer 0: the query heads are no multiple" },
        { { k, v, tensor("layers.0.q", 3, 2, 5, 4, 0) }, "layer 0: queries are not of as many rows" },
        { { k, v, tensor("layers.0.q", 3, 2, 3, 2, 0) }, "layer 0: queries are not of as many rows and columns" },
        { { tensor("a", 2, 3, 4, 0, 0) }, "no tensor's name says that it holds keys or values" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = 0;
        while (n < 3 && cases[i].tensors[n].name)
            n++;
        capture_layers layers;
        fault f = { 0 };
        rows_file *file = save(cases[i].tensors, n, NULL);
        if (capture_layers_find(file, &layers, &f)) fail_msg("accepted: %s", cases[i].part);
        if (!strstr(f.text, cases[i].part)) fail_msg("\"%s\" is not in \"%s\"", cases[i].part, f.text);
        rows_file_close(file);
    }
    const char *const words[] = { "ctx", "2.5", NULL };
    size_t sequence;
    fault f = { 0 };
    rows_file *file = save(&k, 1, words);
    assert_false(capture_sequence(file, 0, 3, &sequence, &f));
    assert_non_null(strstr(f.text, "ctx \"2.5\""));
    rows_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_say_side_and_layer),
        cmocka_unit_test(kktv_says_its_columns),
        cmocka_unit_test(lies_of_kktv_are_named),
        cmocka_unit_test(plain_f32_needs_its_columns),
        cmocka_unit_test(tensors_of_two_to_four_dimensions_hold_rows),
        cmocka_unit_test(a_file_is_known_by_its_beginning),
        cmocka_unit_test(a_value_that_is_no_number_is_named),
        cmocka_unit_test(layers_come_in_the_order_of_their_numbers),
        cmocka_unit_test(layers_that_do_not_fit_are_named),
    };
    strcpy(plain, "/tmp/kvant-rows.XXXXXX");
    const int file = mkstemp(plain);
    if (file < 0) return 1;
    close(file);
    snprintf(named, sizeof named, "%s.safetensors", plain);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(plain);
    unlink(named);
    return failed;
}
