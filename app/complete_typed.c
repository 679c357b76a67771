/* What a config that is being typed is already: app/complete_config.h. */
#include "app/complete_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/complete_ending.h"
#include "app/number.h"

enum { QUOTED = 120 }; /* bytes of a text that expr_fault quotes */

/* Behind the text a message begins with; the message itself when it begins otherwise. */
static const char *behind_text(const char *message, const char *text)
{
    const size_t length = strlen(text), quoted = length < QUOTED ? length : QUOTED;
    const char *at = message;
    if (length > QUOTED && strncmp(at, "...", 3) == 0) at += 3;
    if (strlen(at) < quoted + 2) return message;
    if (length <= QUOTED && strncmp(at, text, 1) != 0 && (unsigned char)text[0] > ' ') return message;
    at += quoted;
    if (length > QUOTED && strncmp(at, "...", 3) == 0) at += 3;
    return strncmp(at, ": ", 2) == 0 ? at + 2 : message;
}

int config_fault_column(const fault *f, const char *text, char *message, size_t room)
{
    static const char mark[] = " (column ";
    const char *from = behind_text(f->text, text), *last = NULL;
    for (const char *s = from; (s = strstr(s, mark)); s++)
        last = s;
    char *end = NULL;
    const long column = last ? strtol(last + strlen(mark), &end, 10) : 0;
    const bool names = end && strcmp(end, ")") == 0 && column > 0 && column <= EXPR_LONGEST;
    snprintf(message, room, "%.*s", names ? (int)(last - from) : (int)strlen(from), from);
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
