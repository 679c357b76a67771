#include "app/suite_needle_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/token_list.h"

static bool push_text(const needle_place *p, token_list *ids, const char *text, fault *f)
{
    int32_t *piece;
    size_t n;
    if (!tokenizer_encode(p->tokenizer, text, strlen(text), false, &piece, &n, f)) return false;
    const bool ok = token_list_append(ids, piece, n, f);
    free(piece);
    return ok;
}

/* The notes as tokens, each a line of its own, in the order they stand in. */
typedef struct lines {
    token_list ids[NEEDLE_NOTES];
    double depth[NEEDLE_NOTES];
    int n;
    int total; /* tokens */
} lines;

static void lines_release(lines *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->ids[i].at);
}

static bool make_lines(const needle_place *p, const needle_task *t, lines *l, fault *f)
{
    bool taken[NEEDLE_NOTES] = { false };
    for (; l->n < t->n_notes; l->n++) {
        int first = -1;
        for (int i = 0; i < t->n_notes; i++)
            if (!taken[i] && (first < 0 || t->notes[i].depth < t->notes[first].depth)) first = i;
        char text[80];
        taken[first] = true;
        snprintf(text, sizeof text, "\n%s\n", t->notes[first].text);
        l->depth[l->n] = t->notes[first].depth;
        l->ids[l->n] = (token_list){ 0 };
        if (!push_text(p, &l->ids[l->n], text, f)) {
            free(l->ids[l->n].at);
            return false;
        }
        l->total += (int)l->ids[l->n].n;
    }
    return true;
}

static bool push_hay(const needle_hay *hay, size_t from, int begin, int end, token_list *ids, fault *f)
{
    for (int i = begin; i < end; i++)
        if (!token_list_push(ids, hay->tokens[(from + (size_t)i) % hay->n], f)) return false;
    return true;
}

/* n_hay tokens of the text with the lines between, then the question. */
static bool fill(const needle_place *p, const needle_task *t, const lines *l, int n_hay, uint64_t seed,
                 token_list *body, fault *f)
{
    const size_t from = needle_hay_start(p->hay, seed);
    int done = 0;
    for (int i = 0; i < l->n; i++) {
        int place = needle_hay_place(p->hay, from, n_hay, l->depth[i]);
        if (place < done) place = done;
        if (!push_hay(p->hay, from, done, place, body, f)) return false;
        done = place;
        if (!token_list_append(body, l->ids[i].at, l->ids[i].n, f)) return false;
    }
    char question[sizeof t->question + 2];
    snprintf(question, sizeof question, "\n%s", t->question);
    return push_hay(p->hay, from, done, n_hay, body, f) && push_text(p, body, question, f);
}

static bool wrap(const needle_place *p, const needle_task *t, const token_list *body, token_list *ids, fault *f)
{
    if (!chat_begin(p->chat, ids, f)) return false;
    if (!chat_is_plain(p->chat))
        return chat_ask_tokens(p->chat, body->at, body->n, ids, f) && chat_add_answer(p->chat, t->lead, ids, f);
    return token_list_append(ids, body->at, body->n, f) && push_text(p, ids, t->lead, f);
}

static bool make_whole(const needle_place *p, const needle_task *t, const lines *l, int n_hay, uint64_t seed,
                       token_list *ids, fault *f)
{
    token_list body = { 0 };
    const bool ok = fill(p, t, l, n_hay, seed, &body, f) && wrap(p, t, &body, ids, f);
    free(body.at);
    return ok;
}

/* Without text between: its end is where the notes end. */
static bool least_of(const needle_place *p, const needle_task *t, const lines *l, int *least, fault *f)
{
    token_list bare = { 0 };
    const bool ok = make_whole(p, t, l, 0, 0, &bare, f);
    *least = (int)bare.n + NEEDLE_ANSWER;
    free(bare.at);
    return ok;
}

bool needle_stack_least(const needle_place *p, const needle_task *t, int *least, fault *f)
{
    lines l = { 0 };
    const bool ok = make_lines(p, t, &l, f) && least_of(p, t, &l, least, f);
    lines_release(&l);
    return ok;
}

bool needle_stack_make(const needle_place *p, const needle_task *t, int length, uint64_t seed, needle_stack *out,
                       fault *f)
{
    lines l = { 0 };
    token_list ids = { 0 };
    int least = 0;
    bool ok = make_lines(p, t, &l, f) && least_of(p, t, &l, &least, f);
    if (ok && length < least)
        ok = fault_set(f, FAULT_USAGE, "a length of %d holds no needles: they and the question take %d tokens", length,
                       least);
    ok = ok && make_whole(p, t, &l, length - least, seed, &ids, f);
    lines_release(&l);
    out->tokens = ids.at;
    out->n = (int)ids.n;
    memcpy(out->key, t->key, sizeof out->key);
    return ok;
}
