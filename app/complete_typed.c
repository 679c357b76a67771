/* What a config that is being typed is already: app/complete_config.h. */
#include "app/complete_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/complete_ending.h"
#include "app/number.h"

enum { QUOTED = 120 }; /* bytes of a text that expr_fault quotes */

/* Where a message quotes the text, or the part of a long one that expr_fault shows, and how much of it that is with the
 * colon behind; 0: nowhere. */
static size_t find_quote(const char *message, const char *text, size_t *at)
{
    const size_t length = strlen(text);
    if (length <= QUOTED) {
        const char *quote = length ? strstr(message, text) : NULL;
        *at = quote ? (size_t)(quote - message) : 0;
        return quote && strncmp(quote + length, ": ", 2) == 0 ? length + 2 : 0;
    }
    size_t n = strncmp(message, "...", 3) == 0 ? 3 : 0;
    *at = 0;
    if (strlen(message) < n + QUOTED) return 0;
    n += QUOTED;
    if (strncmp(message + n, "...", 3) == 0) n += 3;
    return strncmp(message + n, ": ", 2) == 0 ? n + 2 : 0;
}

int config_fault_column(const fault *f, const char *text, char *message, size_t room)
{
    static const char mark[] = " (column ";
    const char *last = NULL;
    size_t at, quote = find_quote(f->text, text, &at);
    for (const char *s = f->text + at + quote; (s = strstr(s, mark)); s++)
        last = s;
    char *end = NULL;
    const long column = last ? strtol(last + strlen(mark), &end, 10) : 0;
    const bool names = end && strcmp(end, ")") == 0 && column > 0 && column <= EXPR_LONGEST;
    const char *from = f->text + at + quote;
    snprintf(message, room, "%.*s%.*s", (int)at, f->text, names ? (int)(last - from) : (int)strlen(from), from);
    return names ? (int)column : 0;
}

/* What could come, in a line: the hint of the place, or the words there are. */
static void say_missing(const catalog *known, const char *text, place_grammar grammar, config_typed *out)
{
    config_next next;
    config_next_find(known, text, grammar, &next);
    size_t n = 0, room = sizeof out->message;
    const bool list = text[next.at] && next.n > 0 && next.n <= 12;
    for (size_t i = 0; list && i < next.n && n < room; i++)
        n += (size_t)snprintf(out->message + n, room - n, "%s%s", i ? "  " : "", next.offers[i].text);
    if (!list && next.hint[0]) snprintf(out->message, room, "%s", next.hint);
    config_next_free(&next);
}

/* A parser stops at the end of a text before it has looked at what the text says: with the plainest end behind it, it
 * says what is wrong before. */
static void look_closer(const catalog *known, const char *text, place_grammar grammar, config_typed *out)
{
    char closed[ENDING_TEXT], message[sizeof out->message];
    fault f = { 0 };
    place p;
    const size_t length = strlen(text);
    place_find(known, text, grammar, &p);
    if (p.kind == PLACE_NOWHERE || length + 2 * NUMBER_TEXT + EXPR_DEEPEST >= sizeof closed) return;
    size_t n = (size_t)snprintf(closed, sizeof closed, "%s%s", text, text[p.token] ? "" : CONFIG_BASE);
    if (p.kind == PLACE_VALUE && !text[p.token]) {
        char number[2 * NUMBER_TEXT];
        if (!ending_number(p.param, "", number, sizeof number)) return;
        n = (size_t)snprintf(closed, sizeof closed, "%s%s", text, number);
    }
    for (int i = p.depth; i-- > 0;)
        closed[n++] = p.frames[i].codec ? ')' : '}';
    closed[n] = '\0';
    if (ending_whole(known, closed, grammar, &f)) return;
    const int column = config_fault_column(&f, closed, message, sizeof message);
    if (column == 0 || (size_t)column > length) return;
    out->column = column;
    memcpy(out->message, message, sizeof message);
}

void config_typed_read(const catalog *known, const char *text, place_grammar grammar, config_typed *out)
{
    fault f = { 0 };
    *out = (config_typed){ .state = TYPED_WHOLE };
    if (grammar == PLACE_CONFIG) out->config = config_parse(known, text, &f);
    if (out->config || (grammar != PLACE_CONFIG && ending_whole(known, text, grammar, &f))) return;
    out->column = config_fault_column(&f, text, out->message, sizeof out->message);
    out->state = ending_exists(known, text, grammar) ? TYPED_PARTIAL : TYPED_WRONG;
    if (out->state == TYPED_WRONG) {
        if ((size_t)out->column > strlen(text)) look_closer(known, text, grammar, out);
        return;
    }
    out->column = 0;
    say_missing(known, text, grammar, out);
}
