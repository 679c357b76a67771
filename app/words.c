#include "app/words.h"

#include <stdlib.h>
#include <string.h>

static const char white[] = " \t\r\n\v\f";

/* Reads one word from *from into *to, both advanced; the word gets its terminating zero. */
static bool read_word(const char *line, const char **from, char **to, fault *f)
{
    const char *c = *from;
    char *out = *to;
    char quote = 0;
    const char *opened = c;
    for (; *c && (quote || !strchr(white, *c)); c++) {
        if (*c == quote) {
            quote = 0;
        } else if (!quote && (*c == '\'' || *c == '"')) {
            quote = *c;
            opened = c;
        } else if (*c == '\\' && c[1] && (!quote || (quote == '"' && strchr("\"\\", c[1])))) {
            *out++ = *++c;
        } else {
            *out++ = *c;
        }
    }
    if (quote)
        return fault_set(f, FAULT_USAGE, "the quote %c opened in column %td is not closed", quote, opened - line + 1);
    *out++ = '\0';
    *from = c;
    *to = out;
    return true;
}

/* Room for every letter, its zero and an expanded ~ per word. */
static bool reserve(const char *line, const char *home, words *w, fault *f)
{
    size_t n = strlen(line), tildes = 0;
    for (const char *c = line; (c = strchr(c, '~')); c++)
        tildes++;
    w->letters = malloc(2 * n + 2 + tildes * (home ? strlen(home) : 0));
    w->word = calloc(n / 2 + 2, sizeof *w->word);
    if (w->letters && w->word) return true;
    words_free(w);
    return fault_memory(f, "the words of a line");
}

/* The whole rest, without blanks at its end. */
static void take_rest(const char *from, char *to)
{
    size_t n = strlen(from);
    while (n && strchr(white, from[n - 1]))
        n--;
    memcpy(to, from, n);
    to[n] = '\0';
}

bool words_split(const char *line, const char *home, words *w, fault *f)
{
    return words_split_raw(line, home, NULL, NULL, w, f);
}

bool words_split_raw(const char *line, const char *home, words_raw raw, void *arg, words *w, fault *f)
{
    *w = (words){ 0 };
    if (!reserve(line, home, w, f)) return false;
    const char *from = line;
    char *to = w->letters;
    for (;;) {
        from += strspn(from, white);
        bool as_it_is = *from && raw && raw(arg, w, from);
        if (!*from || (*from == '#' && !as_it_is)) return true;
        w->word[w->n++] = to;
        if (as_it_is) {
            take_rest(from, to);
            return true;
        }
        if (home && from[0] == '~' && (from[1] == '/' || !from[1] || strchr(white, from[1]))) {
            size_t n = strlen(home);
            memcpy(to, home, n);
            to += n;
            from++;
        }
        if (!read_word(line, &from, &to, f)) {
            words_free(w);
            return false;
        }
    }
}

void words_free(words *w)
{
    free(w->letters);
    free(w->word);
    *w = (words){ 0 };
}

size_t words_quote(const char *word, char *to, size_t capacity)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%^";
    const bool bare = *word && !word[strspn(word, plain)];
    size_t n = 0;
#define PUT(c) (n++ < capacity ? (void)(to[n - 1] = (c)) : (void)0)
    if (!bare) PUT('\'');
    for (const char *c = word; *c; c++) {
        if (*c == '\'') /* ends the quotes, a quote by itself, opens them again */
            for (const char *q = "'\\'"; *q; q++)
                PUT(*q);
        PUT(*c);
    }
    if (!bare) PUT('\'');
#undef PUT
    if (capacity) to[n < capacity ? n : capacity - 1] = '\0';
    return n;
}

bool words_put(FILE *to, const char *word)
{
    const size_t room = words_quote(word, NULL, 0) + 1;
    char *quoted = malloc(room);
    if (!quoted) return false;
    words_quote(word, quoted, room);
    fputs(quoted, to);
    free(quoted);
    return true;
}
