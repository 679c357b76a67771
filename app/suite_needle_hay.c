#include "app/suite_needle_hay.h"

#include <stdlib.h>
#include <string.h>

#include "engine/token_list.h"
#include "kernels/random.h"

enum {
    PASSAGE = 512, /* tokens that are read or sampled at once */
    PASSAGES_LEAST = 8,
    PASSAGES_MOST = 64,
    NEAR = 48, /* tokens a note moves at most to stand between two sentences */
};

/* ---- text ---- */

/* A haystack that tells what to remember, too, would have two right answers. The model kvant comes with has seen such
 * notes in training and writes them. */
static bool like_a_note(const char *line, size_t n)
{
    static const char *const words[] = { "emember this", "orget this", "Question:", "Answer:" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t length = strlen(words[i]);
        for (size_t at = 0; at + length <= n; at++)
            if (memcmp(line + at, words[i], length) == 0) return true;
    }
    return false;
}

size_t needle_hay_clean(char *text, size_t n)
{
    size_t kept = 0;
    for (size_t at = 0, length; at < n; at += length) {
        const char *end = memchr(text + at, '\n', n - at);
        length = end ? (size_t)(end - (text + at)) + 1 : n - at;
        if (like_a_note(text + at, length)) continue;
        memmove(text + kept, text + at, length);
        kept += length;
    }
    return kept;
}

/* The text of a passage, without what is no text (BOS). */
static size_t decode(const suite_work *w, const int32_t *tokens, int n, char *text, size_t room)
{
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        if (tokens[i] == tokenizer_bos(w->tokenizer) || tokenizer_is_end(w->tokenizer, tokens[i])) continue;
        const size_t length = tokenizer_piece(w->tokenizer, tokens[i], text + used, room - used);
        if (length > room - used) break;
        used += length;
    }
    return used;
}

/* ---- tokens ---- */

static bool ends_sentence(const suite_work *w, int32_t token)
{
    char piece[64];
    size_t n = tokenizer_piece(w->tokenizer, token, piece, sizeof piece);
    if (n > sizeof piece) return false;
    while (n > 0 && strchr("\"')\n ", piece[n - 1]))
        n--;
    return n > 0 && strchr(".!?", piece[n - 1]);
}

static bool add_passage(suite_work *w, const int32_t *tokens, int n, char *text, size_t room, token_list *all, fault *f)
{
    int32_t *ids;
    size_t n_ids, length = needle_hay_clean(text, decode(w, tokens, n, text, room));
    if (!tokenizer_encode(w->tokenizer, text, length, false, &ids, &n_ids, f)) return false;
    const bool ok = token_list_append(all, ids, n_ids, f);
    free(ids);
    return ok;
}

static bool gather(suite_work *w, const passages *p, token_list *all, fault *f)
{
    const size_t room = (size_t)p->length * 64;
    char *text = malloc(room);
    bool ok = text || fault_memory(f, "a haystack");
    for (int i = 0; ok && i < p->n; i++)
        ok = add_passage(w, passages_at(p, i), p->length, text, room, all, f);
    free(text);
    return ok && (all->n > 0 || fault_set(f, FAULT_INPUT, "needle: the text is empty"));
}

static bool mark_ends(const suite_work *w, needle_hay *hay, fault *f)
{
    hay->ends = malloc(hay->n * sizeof *hay->ends);
    if (!hay->ends) return fault_memory(f, "a haystack");
    for (size_t i = 0; i < hay->n; i++)
        hay->ends[i] = ends_sentence(w, hay->tokens[i]);
    return true;
}

bool needle_hay_make(suite_work *w, int longest, needle_hay *out, fault *f)
{
    *out = (needle_hay){ 0 };
    const int length = w->ctx < PASSAGE ? w->ctx : PASSAGE;
    int n = 2 * (longest / length + 1);
    n = n < PASSAGES_LEAST ? PASSAGES_LEAST : n > PASSAGES_MOST ? PASSAGES_MOST : n;
    passages p = { 0 };
    token_list all = { 0 };
    const bool ok = suite_passages(w, n, length, &p, f) && gather(w, &p, &all, f);
    passages_release(&p);
    out->tokens = all.at;
    out->n = all.n;
    return ok && mark_ends(w, out, f);
}

void needle_hay_release(needle_hay *hay)
{
    free(hay->tokens);
    free(hay->ends);
    *hay = (needle_hay){ 0 };
}

static size_t wrapped(const needle_hay *hay, size_t at)
{
    return at % hay->n;
}

size_t needle_hay_start(const needle_hay *hay, uint64_t seed)
{
    const size_t from = random_bits(seed, 0) % hay->n;
    for (size_t i = 0; i < hay->n; i++)
        if (hay->ends[wrapped(hay, from + i)]) return wrapped(hay, from + i + 1);
    return from;
}

static bool between(const needle_hay *hay, size_t from, int n, int place)
{
    return place == 0 || (place > 0 && place <= n && hay->ends[wrapped(hay, from + (size_t)place - 1)]);
}

int needle_hay_place(const needle_hay *hay, size_t from, int n, double depth)
{
    const int wanted = (int)(depth * n + 0.5);
    if (wanted >= n) return n;
    for (int by = 0; by <= NEAR; by++) {
        if (wanted - by >= 0 && between(hay, from, n, wanted - by)) return wanted - by;
        if (wanted + by < n && between(hay, from, n, wanted + by)) return wanted + by;
    }
    return wanted;
}
