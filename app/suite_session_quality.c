#include "app/suite_session_quality.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/utf8.h"

enum { WORD_LEAST = 4, SENTENCE_MORE_THAN = 20 };

static const char *const code_marks[] = { "def ", "class ", "import ", "return ", "if ",
                                          "for ", "while ", "{",       "}",       "=>" };

static const char *const earlier[] = { "as mentioned earlier",
                                       "as we discussed",
                                       "like before",
                                       "remember when",
                                       "from the previous turn",
                                       "as shown above",
                                       "earlier in our conversation" };

enum { N_MARKS = sizeof code_marks / sizeof *code_marks, N_EARLIER = sizeof earlier / sizeof *earlier };

/* ---- characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Characters above ASCII that are no letters and no digits: signs, punctuation, arrows, boxes, pictures. */
static bool is_sign(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        { 0x80, 0xa9 },     { 0xab, 0xb1 },     { 0xb4, 0xb4 },       { 0xb6, 0xb8 },     { 0xbb, 0xbb },
        { 0xbf, 0xbf },     { 0xd7, 0xd7 },     { 0xf7, 0xf7 },       { 0x2000, 0x206f }, { 0x20a0, 0x20cf },
        { 0x2190, 0x245f }, { 0x2500, 0x2bff }, { 0x3000, 0x3004 },   { 0x3008, 0x3020 }, { 0xfe10, 0xfe6f },
        { 0xff01, 0xff0f }, { 0xfff9, 0xffff }, { 0x1f000, 0x1faff },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return false;
}

static bool is_word(uint32_t c)
{
    if (c >= 0x80) return !is_sign(c);
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Bytes of the character at *at, and whether it belongs to a word. */
static size_t character(const char *at, size_t n, bool *in_word)
{
    uint32_t point;
    const size_t length = utf8_decode(at, n, &point);
    *in_word = length > 0 && is_word(point);
    return length > 0 ? length : 1;
}

static char *lowered(const char *text, fault *f)
{
    char *copy = strdup(text);
    if (!copy) fault_memory(f, "a session's answer");
    for (char *c = copy; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    return copy;
}

/* ---- sets of pieces of a text ---- */

typedef struct piece {
    const char *at;
    size_t n;
} piece;

typedef struct pieces {
    piece *items;
    size_t n, room;
} pieces;

static bool add_piece(pieces *p, const char *at, size_t n, fault *f)
{
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 64;
        piece *grown = reallocarray(p->items, room, sizeof *grown);
        if (!grown) return fault_memory(f, "a session's words");
        p->items = grown;
        p->room = room;
    }
    p->items[p->n++] = (piece){ at, n };
    return true;
}

static int in_order(const void *a, const void *b)
{
    const piece *x = a, *y = b;
    const int by_bytes = memcmp(x->at, y->at, x->n < y->n ? x->n : y->n);
    return by_bytes ? by_bytes : (x->n > y->n) - (x->n < y->n);
}

/* Sorts the pieces and leaves each once. */
static void make_set(pieces *p)
{
    size_t kept = 0;
    if (p->n > 1) qsort(p->items, p->n, sizeof *p->items, in_order);
    for (size_t i = 0; i < p->n; i++)
        if (kept == 0 || in_order(&p->items[kept - 1], &p->items[i]) != 0) p->items[kept++] = p->items[i];
    p->n = kept;
}

static bool in_set(const pieces *set, const piece *one)
{
    return set->n > 0 && bsearch(one, set->items, set->n, sizeof *one, in_order) != NULL;
}

static bool add_words(pieces *words, const char *text, fault *f)
{
    const size_t n = strlen(text);
    size_t from = 0;
    int characters = 0;
    for (size_t i = 0; i <= n;) {
        bool in_word = false;
        const size_t length = i < n ? character(text + i, n - i, &in_word) : 1;
        if (!in_word) {
            if (characters >= WORD_LEAST && !add_piece(words, text + from, i - from, f)) return false;
            from = i + length;
            characters = 0;
        } else {
            characters++;
        }
        i += length;
    }
    return true;
}

static size_t characters_of(const char *text, size_t n)
{
    size_t count = 0;
    bool in_word;
    for (size_t i = 0; i < n; i += character(text + i, n - i, &in_word))
        count++;
    return count;
}

static bool add_sentences(pieces *sentences, const char *text, fault *f)
{
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ".!?");
        const char *end = at + n;
        while (n > 0 && is_space(*at))
            at++, n--;
        while (n > 0 && is_space(at[n - 1]))
            n--;
        if (characters_of(at, n) > SENTENCE_MORE_THAN && !add_piece(sentences, at, n, f)) return false;
        at = end + strspn(end, ".!?");
    }
    return true;
}

/* ---- the parts ---- */

static int count_in(const char *text, const char *const *phrases, int n)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += strstr(text, phrases[i]) != NULL;
    return found;
}

static bool measure_relevance(const char *prompt, const char *answer, double *out, fault *f)
{
    pieces asked = { 0 }, said = { 0 };
    const bool ok = add_words(&asked, prompt, f) && add_words(&said, answer, f);
    size_t common = 0;
    make_set(&asked);
    make_set(&said);
    for (size_t i = 0; ok && i < asked.n; i++)
        common += in_set(&said, &asked.items[i]);
    *out = (double)common / (double)(asked.n ? asked.n : 1);
    free(asked.items);
    free(said.items);
    return ok;
}

static bool measure_repetition(const char *answer, quality_form form, double *out, fault *f)
{
    pieces sentences = { 0 };
    const bool ok = add_sentences(&sentences, answer, f);
    const size_t all = sentences.n;
    make_set(&sentences);
    *out = all ? 1 - (double)sentences.n / (double)all : form == QUALITY_PUBLISHED ? 1 : 0;
    free(sentences.items);
    return ok;
}

static bool has_fences(const char *answer)
{
    const char *first = strstr(answer, "```");
    return first && strstr(first + 3, "```");
}

/* ^\s*([-*]|\d+\.)\s; as published ^[\-\*\d]\.\s */
static bool begins_list(const char *line, quality_form form)
{
    if (form == QUALITY_PUBLISHED)
        return (*line == '-' || *line == '*' || is_digit(*line)) && line[1] == '.' && is_space(line[2]);
    while (is_space(*line))
        line++;
    if (*line == '-' || *line == '*') return is_space(line[1]);
    const char *number = line;
    while (is_digit(*line))
        line++;
    return line > number && *line == '.' && is_space(line[1]);
}

static bool has_list(const char *answer, quality_form form)
{
    for (const char *line = answer; line; line = strchr(line, '\n'), line += line != NULL)
        if (begins_list(line, form)) return true;
    return false;
}

bool quality_measure(const char *prompt, const char *answer, quality_form form, quality_parts *out, fault *f)
{
    char *asked = lowered(prompt, f), *said = asked ? lowered(answer, f) : NULL;
    bool ok = said != NULL;
    *out = (quality_parts){ 0 };
    ok =
        ok && measure_relevance(asked, said, &out->relevance, f) && measure_repetition(said, form, &out->repetition, f);
    if (ok) {
        out->code_density = (double)count_in(answer, code_marks, N_MARKS) / N_MARKS;
        out->references = count_in(said, earlier, N_EARLIER);
        out->fenced = has_fences(answer);
        out->list = has_list(answer, form);
    }
    free(asked);
    free(said);
    return ok;
}

static double at_most_one(double x)
{
    return x < 1 ? x : 1;
}

double quality_of(const quality_parts *p)
{
    return 0.25 * at_most_one(3 * p->code_density) + 0.20 * at_most_one(2 * p->relevance) +
           0.20 * (1 - at_most_one(5 * p->repetition)) + 0.15 * (p->fenced ? 1 : 0.5) +
           0.10 * (1 - at_most_one(0.3 * p->references)) + 0.10 * (p->list ? 1 : 0.7);
}
