#include "app/suite_prompts_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static span without(span s, const char *set)
{
    while (s.n > 0 && strchr(set, s.at[0])) {
        s.at++;
        s.n--;
    }
    while (s.n > 0 && strchr(set, s.at[s.n - 1]))
        s.n--;
    return s;
}

bool span_line(const char **at, span *line)
{
    while (**at) {
        const size_t n = strcspn(*at, "\n");
        *line = without((span){ *at, n }, " \t\r");
        *at += n + ((*at)[n] == '\n');
        if (line->n > 0) return true;
    }
    return false;
}

span span_trim(span s)
{
    return without(s, " \t\r\n.*`\"");
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '\'' || c == '-' || (unsigned char)c >= 0x80;
}

bool span_word(span *rest, span *word)
{
    while (rest->n > 0 && !in_word(rest->at[0])) {
        rest->at++;
        rest->n--;
    }
    word->at = rest->at;
    word->n = 0;
    while (word->n < rest->n && in_word(rest->at[word->n]))
        word->n++;
    rest->at += word->n;
    rest->n -= word->n;
    return word->n > 0;
}

bool span_is(span s, const char *text)
{
    return strlen(text) == s.n && memcmp(s.at, text, s.n) == 0;
}

bool span_begins(span s, const char *text)
{
    const size_t n = strlen(text);
    return n <= s.n && memcmp(s.at, text, n) == 0;
}

bool span_has(span s, const char *text)
{
    for (; s.n >= strlen(text); s.at++, s.n--)
        if (span_begins(s, text)) return true;
    return false;
}

int count_word(span s, const char *word)
{
    int n = 0;
    for (span w; span_word(&s, &w);)
        n += w.n == strlen(word) && strncasecmp(w.at, word, w.n) == 0;
    return n;
}

bool span_has_word(span s, const char *word)
{
    return count_word(s, word) > 0;
}

int count_lines(const char *text)
{
    int n = 0;
    for (span line; span_line(&text, &line);)
        n++;
    return n;
}

int count_words(span s)
{
    int n = 0;
    for (span w; span_word(&s, &w);)
        n++;
    return n;
}

span span_of(const char *text)
{
    return (span){ text, strlen(text) };
}

bool prompt_wrong(char why[SUITE_NOTE], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, SUITE_NOTE, format, args);
    va_end(args);
    return false;
}
