#include "app/suite_needle_task.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "kernels/random.h"

#define REMEMBER "Remember this: the %s of %s is %s."
#define FORGET   "Forget this: the %s of %s is %s."

static const char *const names[] = {
    "Alice", "Arthur",   "Clara",  "Edward", "Emma", "Frank",  "George", "Harriet", "Henry", "Jane",
    "John",  "Julia",    "Kate",   "Lucy",   "Mary", "Nancy",  "Oliver", "Peter",   "Ruth",  "Samuel",
    "Sarah", "Margaret", "Martin", "Philip", "Rose", "Thomas", "Walter", "William",
};
static const char *const things[] = { "key",   "code", "number", "letter", "room",
                                      "house", "ship", "horse",  "door",   "garden" };

enum {
    N_NAMES = sizeof names / sizeof *names,
    N_THINGS = sizeof things / sizeof *things,
    KEY = 5, /* four digits */
    NAME = 16,
    PAIRS = 4,        /* of people whose keys are told, in `several` */
    DECOYS_LEAST = 6, /* in `marked` */
    DECOYS_MOST = 18,
    TOKENS_A_DECOY = 64,
    OTHERS = 1 + DECOYS_MOST / 3,
    LINKS = 3,
};

/* ---- drawing ---- */

typedef struct draw {
    uint64_t seed, used;
} draw;

static int below(draw *d, int n)
{
    return (int)(random_bits(d->seed, d->used++) % (uint64_t)n);
}

static double somewhere(draw *d)
{
    return random_uniform(d->seed, d->used++);
}

/* k different numbers below n. */
static void different(draw *d, int n, int k, int *out)
{
    for (int i = 0; i < k; i++) {
        out[i] = below(d, n);
        for (int j = 0; j < i; j++)
            if (out[j] == out[i]) {
                i--;
                break;
            }
    }
}

static void draw_key(draw *d, char key[KEY])
{
    snprintf(key, KEY, "%04d", below(d, 10000));
}

/* One digit is another. */
static void near_key(draw *d, const char key[KEY], char other[KEY])
{
    memcpy(other, key, KEY);
    char *digit = &other[below(d, KEY - 1)];
    *digit = (char)('0' + (*digit - '0' + 1 + below(d, 9)) % 10);
}

static bool is_name(const char *text)
{
    for (int i = 0; i < N_NAMES; i++)
        if (strcmp(names[i], text) == 0) return true;
    return false;
}

/* One letter behind the first is another, and the name nobody else's. */
static void near_name(draw *d, const char *name, char other[NAME])
{
    do {
        snprintf(other, NAME, "%s", name);
        char *letter = &other[1 + below(d, (int)strlen(name) - 1)];
        *letter = (char)('a' + (*letter - 'a' + 1 + below(d, 25)) % 26);
    } while (is_name(other));
}

static void note(needle_task *t, double depth, const char *form, const char *thing, const char *name, const char *key)
{
    needle_note *n = &t->notes[t->n_notes++];
    n->depth = depth;
    snprintf(n->text, sizeof n->text, form, thing, name, key);
}

/* ---- questions ---- */

static void ask_key(needle_task *t, bool chat, const char *thing, const char *name, const char *key)
{
    snprintf(t->question, sizeof t->question,
             chat ? "What is the %s of %s?" : "Question: what is the %s of %s? Answer:", thing, name);
    snprintf(t->lead, sizeof t->lead, "%sthe %s of %s is", chat ? "" : " ", thing, name);
    if (chat) t->lead[0] = 'T';
    snprintf(t->key, sizeof t->key, "%s", key);
}

static void ask_which(needle_task *t, bool chat, const char *thing, const char *name)
{
    snprintf(
        t->question, sizeof t->question, "%s",
        chat ? "One of the notes in this text begins with \"Remember this\". What is it about? Name the thing and the "
               "person."
             : "Question:");
    snprintf(t->lead, sizeof t->lead, "%s", chat ? "The note to be remembered is about the" : " what is the");
    snprintf(t->key, sizeof t->key, "%s of %s", thing, name);
}

/* ---- kinds ---- */

static void single(needle_task *t, const needle_asked *how, uint64_t seed)
{
    draw d = { seed, 0 };
    const char *name = names[below(&d, N_NAMES)], *thing = things[below(&d, N_THINGS)];
    char key[KEY];
    draw_key(&d, key);
    note(t, how->depth, REMEMBER, thing, name, key);
    if (how->chat)
        ask_key(t, how->chat, thing, name, key);
    else
        ask_which(t, how->chat, thing, name);
}

static void several(needle_task *t, const needle_asked *how, uint64_t seed)
{
    draw d = { seed, 0 };
    int who[PAIRS];
    different(&d, N_NAMES, PAIRS, who);
    for (int i = 0; i < PAIRS; i++) {
        char key[KEY], other_key[KEY], other[NAME];
        draw_key(&d, key);
        near_key(&d, key, other_key);
        near_name(&d, names[who[i]], other);
        note(t, i == 0 ? how->depth : somewhere(&d), REMEMBER, "key", names[who[i]], key);
        note(t, somewhere(&d), REMEMBER, "key", other, other_key);
        if (i == 0) ask_key(t, how->chat, "key", names[who[i]], key);
    }
}

static void marked(needle_task *t, const needle_asked *how, uint64_t seed)
{
    draw d = { seed, 0 };
    const int most = how->length / TOKENS_A_DECOY;
    const int n = most < DECOYS_LEAST ? DECOYS_LEAST : most > DECOYS_MOST ? DECOYS_MOST : most;
    int who[OTHERS], what[OTHERS];
    char key[KEY];
    different(&d, N_NAMES, OTHERS, who);
    different(&d, N_THINGS, OTHERS, what);
    draw_key(&d, key);
    note(t, how->depth, REMEMBER, things[what[0]], names[who[0]], key);
    for (int i = 1; i <= n; i++) {
        char other_key[KEY], other[NAME];
        near_key(&d, key, other_key);
        near_name(&d, names[who[0]], other);
        const int row = 1 + (i - 1) / 3;
        const char *thing = i % 3 == 2 ? things[what[row]] : things[what[0]];
        const char *name = i % 3 == 0 ? other : i % 3 == 1 ? names[who[row]] : names[who[0]];
        note(t, somewhere(&d), FORGET, thing, name, other_key);
    }
    ask_which(t, how->chat, things[what[0]], names[who[0]]);
}

/* Each link stands behind the one it hangs on. */
static void add_chain(needle_task *t, double depth, const int *letters, const char *value)
{
    char name[2] = { (char)('A' + letters[0]), 0 };
    note(t, depth, "Let %s%s = %s.", "", name, value);
    for (int i = 1; i < LINKS; i++) {
        const char from[2] = { name[0], 0 };
        name[0] = (char)('A' + letters[i]);
        note(t, depth + (1 - depth) * i / LINKS, "Let %s%s = %s.", "", name, from);
    }
}

static void chain(needle_task *t, const needle_asked *how, uint64_t seed)
{
    draw d = { seed, 0 };
    int letters[2 * LINKS];
    char key[KEY], other[KEY];
    different(&d, 26, 2 * LINKS, letters);
    draw_key(&d, key);
    near_key(&d, key, other);
    add_chain(t, how->depth, letters, key);
    add_chain(t, somewhere(&d), letters + LINKS, other);
    const char last = (char)('A' + letters[LINKS - 1]);
    snprintf(t->question, sizeof t->question,
             how->chat ? "What number is %c?" : "Question: what number is %c? Answer:", last);
    snprintf(t->lead, sizeof t->lead, how->chat ? "%c =" : " %c =", last);
    snprintf(t->key, sizeof t->key, "%s", key);
}

const needle_kind needle_kinds[NEEDLE_KINDS] = {
    { "single", false, single },
    { "several", true, several },
    { "marked", true, marked },
    { "chain", true, chain },
};

bool needle_found(const char *key, const char *answer)
{
    const size_t n = strlen(key);
    answer += strspn(answer, " \t\r\n*_\"'`");
    return strncmp(answer, key, n) == 0 && !isalnum((unsigned char)answer[n]);
}
