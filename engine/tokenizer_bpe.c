#include "engine/tokenizer_bpe.h"

#include <stdlib.h>
#include <string.h>

#include "engine/byte_alphabet.h"
#include "engine/merge.h"
#include "engine/utf8.h"

#define MERGES "tokenizer.ggml.merges"

typedef struct rule {
    int32_t left, right; /* symbols; left is -1 in a free slot */
    int32_t joined;
    uint32_t rank;
} rule;

struct bpe {
    const vocabulary *vocab;
    const pretokenizer *pre;
    rule *rules; /* a hash table: a power of two of slots, at most half full */
    size_t n_slots;
    int32_t byte_symbol[256]; /* the symbol of the byte's character */
    int32_t byte_token[256];  /* its token; -1: none */
};

static size_t rule_hash(int32_t left, int32_t right)
{
    const uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9e3779b97f4a7c15u;
    return (size_t)(h ^ h >> 29);
}

/* The slot of a pair, or the free one where it belongs. */
static rule *rule_slot(const bpe *b, int32_t left, int32_t right)
{
    size_t slot = rule_hash(left, right) & (b->n_slots - 1);
    while (b->rules[slot].left >= 0 && (b->rules[slot].left != left || b->rules[slot].right != right))
        slot = (slot + 1) & (b->n_slots - 1);
    return &b->rules[slot];
}

static bool find_rule(const void *self, const merge_node *left, const merge_node *right, uint32_t *rank,
                      int32_t *symbol)
{
    const rule *r = rule_slot(self, left->symbol, right->symbol);
    *rank = r->rank;
    *symbol = r->joined;
    return r->left >= 0;
}

/* One line of the list, "left right"; the space that parts them is the first one after the first byte. `joined` has
 * room for the line. */
static bool add_rule(bpe *b, symbol_table *symbols, gguf_string line, uint32_t rank, char *joined, fault *f)
{
    const char *space = line.n > 1 ? memchr(line.bytes + 1, ' ', line.n - 1) : NULL;
    if (!space) return true; /* no pair: can never apply */
    const size_t n = (size_t)(space - line.bytes);
    memcpy(joined, line.bytes, n);
    memcpy(joined + n, space + 1, line.n - n - 1);
    const int32_t left = symbol_table_add(symbols, line.bytes, n, f);
    const int32_t right = left < 0 ? -1 : symbol_table_add(symbols, space + 1, line.n - n - 1, f);
    const int32_t whole = right < 0 ? -1 : symbol_table_add(symbols, joined, line.n - 1, f);
    if (whole < 0) return false;
    rule *r = rule_slot(b, left, right);
    if (r->left < 0) *r = (rule){ left, right, whole, rank }; /* a second mention has the worse rank */
    return true;
}

static bool read_rules(bpe *b, const gguf *g, symbol_table *symbols, fault *f)
{
    gguf_kind element;
    size_t n, longest = 0;
    if (!gguf_array(g, MERGES, &element, &n, f)) return false;
    if (n > INT32_MAX || (n && element != GGUF_STRING))
        return fault_set(f, FAULT_INPUT, "%s: key %s has %zu elements, expected at most %d strings", gguf_path(g),
                         MERGES, n, INT32_MAX);
    for (size_t i = 0; i < n; i++) {
        const gguf_string line = gguf_array_string(g, MERGES, i);
        if (line.n > longest) longest = line.n;
    }
    for (b->n_slots = 16; b->n_slots < 2 * n;)
        b->n_slots *= 2;
    b->rules = malloc(b->n_slots * sizeof *b->rules);
    char *joined = malloc(longest + 1);
    bool ok = (b->rules && joined) || fault_memory(f, "the merges of a tokenizer");
    for (size_t i = 0; ok && i < b->n_slots; i++)
        b->rules[i].left = -1;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_rule(b, symbols, gguf_array_string(g, MERGES, i), (uint32_t)i, joined, f);
    free(joined);
    return ok;
}

static bool read_bytes(bpe *b, symbol_table *symbols, fault *f)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[2];
        const size_t n = utf8_encode_short(byte_alphabet_point((uint8_t)byte), text);
        b->byte_symbol[byte] = symbol_table_add(symbols, text, n, f);
        if (b->byte_symbol[byte] < 0) return false;
        b->byte_token[byte] = vocabulary_token(b->vocab, b->byte_symbol[byte]);
    }
    return true;
}

bpe *bpe_open(const gguf *g, vocabulary *v, const pretokenizer *p, fault *f)
{
    bpe *b = calloc(1, sizeof *b);
    if (!b) {
        fault_memory(f, "the tokenizer");
        return NULL;
    }
    b->vocab = v;
    b->pre = p;
    if (read_bytes(b, v->symbols, f) && read_rules(b, g, v->symbols, f)) return b;
    bpe_close(b);
    return NULL;
}

void bpe_close(bpe *b)
{
    if (!b) return;
    free(b->rules);
    free(b);
}

static bool push_bytes(const bpe *b, const char *bytes, size_t n, size_t offset, token_list *ids, fault *f)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t id = b->byte_token[(uint8_t)bytes[i]];
        if (id < 0)
            return fault_set(f, FAULT_INPUT,
                             "the byte 0x%02x at offset %zu of the text has no token in this vocabulary",
                             (uint8_t)bytes[i], offset + i);
        if (!token_list_push(ids, id, f)) return false;
    }
    return true;
}

/* The token that is the whole piece, or -1. No vocabulary has tokens of a kilobyte: longer pieces are not looked up. */
static int32_t whole_token(const bpe *b, const char *piece, size_t n)
{
    char text[2048];
    size_t length = 0;
    if (2 * n > sizeof text) return -1;
    for (size_t i = 0; i < n; i++)
        length += utf8_encode_short(byte_alphabet_point((uint8_t)piece[i]), text + length);
    return vocabulary_find(b->vocab, text, length);
}

static bool encode_piece(const bpe *b, merge *m, const char *piece, size_t n, size_t offset, token_list *ids, fault *f)
{
    const int32_t whole = pretokenizer_whole_tokens(b->pre) ? whole_token(b, piece, n) : -1;
    if (whole >= 0) return token_list_push(ids, whole, f);
    if (!merge_start(m, n, f)) return false;
    for (size_t i = 0; i < n; i++)
        m->nodes[i] = (merge_node){ .at = (uint32_t)i, .n = 1, .symbol = b->byte_symbol[(uint8_t)piece[i]] };
    if (!merge_run(m, find_rule, b, f)) return false;
    for (uint32_t i = 0; i != MERGE_END; i = m->nodes[i].next) {
        const merge_node *node = &m->nodes[i];
        const int32_t id = vocabulary_token(b->vocab, node->symbol);
        if (!(id >= 0 ? token_list_push(ids, id, f)
                      : push_bytes(b, piece + node->at, node->n, offset + node->at, ids, f)))
            return false;
    }
    return true;
}

bool bpe_encode(const bpe *b, const char *text, size_t n, size_t offset, token_list *ids, fault *f)
{
    token_list ends = { 0 };
    merge m = { 0 };
    bool ok = pretokenizer_split(b->pre, text, n, &ends, f);
    size_t start = 0;
    for (size_t i = 0; ok && i < ends.n; start = (size_t)ends.at[i++])
        ok = encode_piece(b, &m, text + start, (size_t)ends.at[i] - start, offset + start, ids, f);
    merge_free(&m);
    free(ends.at);
    return ok;
}

size_t bpe_decode(gguf_string text, char *bytes, size_t capacity)
{
    size_t n = 0;
    for (size_t at = 0; at < text.n;) {
        uint32_t point = UINT32_MAX;
        size_t length = utf8_decode(text.bytes + at, text.n - at, &point);
        const int byte = length ? byte_alphabet_byte(point) : -1;
        if (length == 0) length = 1;
        for (size_t i = 0; i < (byte >= 0 ? 1 : length); i++, n++)
            if (n < capacity) bytes[n] = byte >= 0 ? (char)byte : text.bytes[at + i];
        at += length;
    }
    return n;
}
