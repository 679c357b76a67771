#include "engine/tokenizer_spm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/merge.h"

static const char space_mark[] = "\xe2\x96\x81"; /* U+2581 */
enum { SPACE_MARK = sizeof space_mark - 1 };

struct spm {
    const vocabulary *vocab;
    size_t longest;          /* bytes of the longest token */
    int32_t byte_token[256]; /* -1: none */
    int32_t unknown;
};

/* What the rule sees: the tokenizer and the text of one call. */
typedef struct spm_text {
    const spm *spm;
    const char *bytes;
} spm_text;

/* A rank that is low where the score is high: f32 bits order as integers once the sign is dealt with. */
static uint32_t rank_of(float score)
{
    uint32_t bits;
    score += 0.0f; /* -0 and 0 are one score */
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

static bool find_rule(const void *self, const merge_node *left, const merge_node *right, uint32_t *rank,
                      int32_t *symbol)
{
    const spm_text *text = self;
    const size_t n = (size_t)left->n + right->n;
    if (n > text->spm->longest) return false;
    *symbol = vocabulary_find(text->spm->vocab, text->bytes + left->at, n);
    if (*symbol < 0) return false;
    *rank = rank_of(text->spm->vocab->score[*symbol]);
    return true;
}

spm *spm_open(const vocabulary *v, int32_t unknown, fault *f)
{
    spm *s = calloc(1, sizeof *s);
    if (!s) {
        fault_memory(f, "the tokenizer");
        return NULL;
    }
    s->vocab = v;
    s->unknown = unknown;
    for (int32_t id = 0; id < v->n; id++) {
        const size_t n = vocabulary_text(v, id).n;
        if (n > s->longest) s->longest = n;
    }
    for (int byte = 0; byte < 256; byte++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", byte & 255);
        s->byte_token[byte] = vocabulary_find(v, name, 6);
        if (s->byte_token[byte] < 0) s->byte_token[byte] = vocabulary_find(v, &(char){ (char)byte }, 1);
    }
    return s;
}

void spm_close(spm *s)
{
    free(s);
}

/* Bytes of the character that begins with this byte, if what follows is well-formed. */
static size_t char_length(uint8_t first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* One node per character; a malformed one is whatever its first byte announces, cut at the end of the text. */
static bool start_nodes(const spm *s, merge *m, const char *text, size_t n, fault *f)
{
    size_t count = 0;
    if (!merge_start(m, n, f)) return false;
    for (size_t at = 0; at < n; count++) {
        size_t length = char_length((uint8_t)text[at]);
        if (length > n - at) length = n - at;
        m->nodes[count] = (merge_node){ .at = (uint32_t)at,
                                        .n = (uint32_t)length,
                                        .symbol = vocabulary_find(s->vocab, text + at, length) };
        at += length;
    }
    m->n = count;
    return true;
}

static bool push_node(const spm *s, const char *text, const merge_node *node, size_t offset, token_list *ids, fault *f)
{
    if (node->symbol >= 0) return token_list_push(ids, node->symbol, f);
    for (size_t i = 0; i < node->n; i++) {
        const uint8_t byte = (uint8_t)text[node->at + i];
        const int32_t id = s->byte_token[byte] >= 0 ? s->byte_token[byte] : s->unknown;
        if (id < 0)
            return fault_set(f, FAULT_INPUT,
                             "the byte 0x%02x, in the text from offset %zu on, has no token in this "
                             "vocabulary, which has no unknown token either",
                             byte, offset);
        if (!token_list_push(ids, id, f)) return false;
        if (id == s->unknown) break; /* one for the whole character */
    }
    return true;
}

/* The text with spaces marked, its length in *n; the caller frees it. */
static char *mark_spaces(const char *text, size_t *n, bool space_before, fault *f)
{
    size_t spaces = space_before;
    for (size_t i = 0; i < *n; i++)
        spaces += text[i] == ' ';
    char *marked = malloc(*n + spaces * SPACE_MARK + 1);
    if (!marked) {
        fault_memory(f, "a text");
        return NULL;
    }
    size_t length = 0;
    for (size_t i = 0; i < *n + space_before; i++) {
        const char c = i < space_before ? ' ' : text[i - space_before];
        if (c == ' ') {
            memcpy(marked + length, space_mark, SPACE_MARK);
            length += SPACE_MARK;
        } else {
            marked[length++] = c;
        }
    }
    *n = length;
    return marked;
}

bool spm_encode(const spm *s, const char *text, size_t n, bool space_before, size_t offset, token_list *ids, fault *f)
{
    merge m = { 0 };
    char *marked = mark_spaces(text, &n, space_before, f);
    const spm_text self = { s, marked };
    bool ok = marked && start_nodes(s, &m, marked, n, f) && merge_run(&m, find_rule, &self, f);
    for (uint32_t i = 0; ok && n && i != MERGE_END; i = m.nodes[i].next)
        ok = push_node(s, marked, &m.nodes[i], offset, ids, f);
    merge_free(&m);
    free(marked);
    return ok;
}

size_t spm_decode(gguf_string text, char *bytes, size_t capacity)
{
    size_t n = 0;
    for (size_t at = 0; at < text.n; n++) {
        const bool mark = text.n - at >= SPACE_MARK && memcmp(text.bytes + at, space_mark, SPACE_MARK) == 0;
        if (n < capacity) bytes[n] = mark ? ' ' : text.bytes[at];
        at += mark ? SPACE_MARK : 1;
    }
    return n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

int spm_byte(gguf_string text)
{
    if (text.n != 6 || memcmp(text.bytes, "<0x", 3) != 0 || text.bytes[5] != '>') return -1;
    const int high = hex_digit(text.bytes[3]), low = hex_digit(text.bytes[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}
