#include "app/complete_config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/complete_ending.h"
#include "app/number.h"

typedef struct finder {
    const catalog *known;
    const char *text;
    size_t n; /* its length */
    place_grammar grammar;
    place p;
    config_next *out;
} finder;

/* ---- offers ---- */

static void offer(finder *w, const char *word, bool open, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A word that begins as typed, and with which the text can still become whole. */
static void offer(finder *w, const char *word, bool open, const char *format, ...)
{
    config_next *out = w->out;
    const size_t typed = w->n - w->p.token, more = strlen(word);
    char text[ENDING_TEXT];
    if (more < typed || strncmp(word, w->text + w->p.token, typed) != 0 || w->p.token + more >= sizeof text) return;
    memcpy(text, w->text, w->p.token);
    memcpy(text + w->p.token, word, more + 1);
    if (!ending_exists(w->known, text, w->grammar)) return;
    config_offer *grown = realloc(out->offers, (out->n + 1) * sizeof *grown);
    if (!grown) return;
    out->offers = grown;
    config_offer *o = &grown[out->n];
    *o = (config_offer){ .text = strdup(word), .open = open };
    va_list args;
    va_start(args, format);
    vsnprintf(o->help, sizeof o->help, format, args);
    va_end(args);
    out->n += o->text != NULL;
}

/* The word as it stands with one more character behind it. */
static void offer_behind(finder *w, const char *mark, const char *help)
{
    char word[ENDING_TEXT];
    const int n = snprintf(word, sizeof word, "%s%s", w->text + w->p.token, mark);
    if (n > 0 && (size_t)n < sizeof word) offer(w, word, true, "%s", help);
}

static const catalog_codec *typed_codec(const finder *w)
{
    return catalog_find(w->known, w->text + w->p.token);
}

/* Behind the last thing in parentheses, braces or an exception: a comma, the closing character. */
static void offer_end(finder *w)
{
    const place *p = &w->p;
    const place_frame *frame = p->depth ? &p->frames[p->depth - 1] : NULL;
    const bool braces = frame && !frame->codec;
    if (frame) offer_behind(w, braces ? "}" : ")", "");
    if (frame ? braces || frame->codec->n_params > 1 : p->in_exception || w->grammar == PLACE_LIST)
        offer_behind(w, ",", "");
}

static void offer_codecs(finder *w)
{
    const catalog_codec *typed = typed_codec(w);
    for (size_t i = 0; i < w->known->n_codecs; i++) {
        const catalog_codec *codec = w->known->codecs[i];
        char call[128];
        const catalog_param *inner = catalog_inner(codec);
        snprintf(call, sizeof call, "%.120s(", codec->name);
        if (inner && !inner->inner)
            offer(w, call, true, "%s", codec->summary);
        else
            offer(w, codec->name, codec->n_params > 0 || w->p.depth || w->p.in_exception, "%s", codec->summary);
        if (codec == typed && codec->n_params && !(inner && !inner->inner)) offer(w, call, true, "its parameters");
    }
    if (typed) offer_end(w);
    if (w->grammar == PLACE_GRID || w->grammar == PLACE_LIST) offer(w, "{", true, "several codecs, a comma between");
}

static void offer_items(finder *w)
{
    static const struct {
        const char *word, *help;
    } items[] = {
        { "k=", "a codec for the keys" },
        { "v=", "a codec for the values" },
        { "rope=", "keys before (pre) or after (post) the rotary embedding" },
        { "adaptive=", "a layer-adaptive mode" },
        { "@", "other codecs for some layers: @0-1,-1:CODEC @swa:CODEC" },
    };
    offer_codecs(w);
    for (size_t i = 0; i < (w->p.kind == PLACE_PART ? 2 : sizeof items / sizeof *items); i++)
        offer(w, items[i].word, true, "%s", items[i].help);
}

/* "1 to 8 (4)", "norm, mse, unbiased (norm)", "true, false (false)" */
static void range_of(const catalog_param *p, char *text, size_t room)
{
    char min[NUMBER_TEXT], max[NUMBER_TEXT], def[NUMBER_TEXT];
    number_write(p->min, min);
    number_write(p->max, max);
    number_write(p->def, def);
    size_t n = 0;
    switch (p->type) {
    case KVANT_BOOL: snprintf(text, room, "true, false (%s)", p->def != 0 ? "true" : "false"); break;
    case KVANT_CODEC: snprintf(text, room, p->inner ? "a codec (%s)" : "a codec%s", p->inner ? p->inner : ""); break;
    case KVANT_ENUM:
        for (size_t i = 0; i < p->n_words && n < room; i++)
            n += (size_t)snprintf(text + n, room - n, "%s%s", i ? ", " : "", p->words[i]);
        if (n < room) snprintf(text + n, room - n, " (%s)", p->words[(size_t)p->def]);
        break;
    default: snprintf(text, room, "%s to %s (%s)", min, max, def); break;
    }
}

static void offer_arguments(finder *w)
{
    const place_frame *frame = &w->p.frames[w->p.depth - 1];
    const catalog_codec *codec = frame->codec;
    const bool takes_inner = catalog_inner(codec) && !frame->has_argument;
    if (takes_inner) offer_codecs(w);
    for (size_t i = takes_inner && (w->p.token == w->n || w->out->n > 0); i < codec->n_params; i++) {
        const catalog_param *p = &codec->params[i];
        char word[128], range[96];
        range_of(p, range, sizeof range);
        snprintf(word, sizeof word, "%.120s=", p->name);
        if (!(frame->given & UINT64_C(1) << i)) offer(w, word, true, "%s  %s", range, p->help);
    }
    if (w->n == w->p.token && !frame->has_argument) offer(w, ")", true, "as it is");
}

/* ---- values ---- */

enum { MOST_LISTED = 16 };

static bool is_number(const catalog_param *p)
{
    return p->type == KVANT_INT || p->type == KVANT_REAL;
}

/* The values of a parameter worth a place in a list: all of a short range, the steps of a longer one. */
static size_t values_of(const catalog_param *p, double values[MOST_LISTED])
{
    const double step = p->step > 0 ? p->step : p->type == KVANT_INT ? 1 : 0;
    const bool factor = p->flags & KVANT_LOG && step > 1;
    size_t n = 0;
    if (step > 0 && (factor ? p->min > 0 : true))
        for (double v = p->min; n < MOST_LISTED && v <= p->max * (1 + 1e-12); v = factor ? v * step : v + step)
            values[n++] = v;
    const double last = n ? factor ? values[n - 1] * step : values[n - 1] + step : 0;
    if (n && last > p->max) return n;
    values[0] = p->def;
    return 1;
}

static void offer_number(finder *w, const char *begin, double value)
{
    const catalog_param *p = w->p.param;
    char number[NUMBER_TEXT], word[2 * NUMBER_TEXT + 8];
    number_write(value, number);
    snprintf(word, sizeof word, "%s%s", begin, number);
    offer(w, word, true, "%s", value == p->def && !*begin ? "default" : "");
}

static void offer_values(finder *w)
{
    static const char *const bools[] = { "true", "false" };
    const catalog_param *p = w->p.param;
    const char *token = w->text + w->p.token, *dots = strstr(token, "..");
    const bool grids = w->grammar == PLACE_GRID || w->grammar == PLACE_LIST;
    double values[MOST_LISTED];
    for (size_t i = 0; p->type == KVANT_BOOL && i < 2; i++)
        offer(w, bools[i], true, "%s", (p->def != 0) == (i == 0) ? "default" : "");
    for (size_t i = 0; p->type == KVANT_ENUM && i < p->n_words; i++)
        offer(w, p->words[i], true, "%s", (size_t)p->def == i ? "default" : "");
    const size_t n = is_number(p) ? values_of(p, values) : 0;
    char begin[NUMBER_TEXT + 4] = "";
    if (dots && grids && (size_t)(dots - token) < NUMBER_TEXT)
        snprintf(begin, sizeof begin, "%.*s..", (int)(dots - token), token);
    for (size_t i = 0; i < n; i++)
        offer_number(w, begin, values[i]);
    const bool whole = w->out->n == 1 && strcmp(w->out->offers[0].text, token) == 0;
    if (!*token && grids) {
        offer(w, "{", true, "several values, a comma between");
    } else if (*token && (whole || w->out->n == 0)) {
        offer_end(w);
        const bool dot = token[strlen(token) - 1] == '.';
        if (grids && is_number(p) && !dots) offer_behind(w, dot ? "." : "..", "a range");
    }
}

/* ---- the rest of the line ---- */

/* A layer that completes a list. */
static void offer_layer(finder *w, const char *layer, const char *help)
{
    char whole[ENDING_TEXT];
    const int n = snprintf(whole, sizeof whole, "%s%s:", w->text, layer);
    if (n > 0 && (size_t)n < sizeof whole && ending_exists(w->known, whole, w->grammar)) offer_behind(w, layer, help);
}

/* The layer named last in a list; 0 when there is none. */
static int last_layer(const char *list)
{
    size_t end = strlen(list);
    while (end && !strchr("0123456789", list[end - 1]))
        end--;
    size_t begin = end;
    while (begin && end - begin < 4 && strchr("0123456789", list[begin - 1]))
        begin--;
    return end ? atoi(list + begin) : 0;
}

static void offer_layers(finder *w)
{
    static const struct {
        const char *mark, *help;
    } marks[] = { { ":", "then codecs" }, { ",", "more layers" }, { "-", "to" }, { "..", "to, counted from the end" } };
    const char *token = w->text + w->p.token;
    size_t last = strlen(token);
    if (last && token[last - 1] >= '0' && token[last - 1] <= '9') {
        for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
            offer_behind(w, marks[i].mark, marks[i].help);
        return;
    }
    char next[16];
    snprintf(next, sizeof next, "%d", last_layer(token) + 1);
    offer_behind(w, ".", "to, counted from the end");
    offer_layer(w, "0", "the first layer");
    offer_layer(w, next, "");
    if (*token && token[strlen(token) - 1] == '-' && last_layer(token) > 0) offer_layer(w, "1", "");
    offer_layer(w, "-1", "the last layer");
    offer(w, "swa:", true, "the layers with a sliding window");
    offer(w, "full:", true, "the layers that see everything, where others have a window");
}

static void offer_words(finder *w)
{
    static const struct {
        place_kind kind;
        const char *word, *help;
    } words[] = {
        { PLACE_ROPE, "pre", "keys as they are before the rotary embedding (default)" },
        { PLACE_ROPE, "post", "keys after the rotary embedding, as most servers store them" },
        { PLACE_ADAPTIVE, "0", "the config as it is" },
        { PLACE_ADAPTIVE, "1", "keys and values of the first and last 4 layers q8_0" },
        { PLACE_ADAPTIVE, "2", "keys and values of the last 8 layers q8_0" },
        { PLACE_ADAPTIVE, "5", "values of the first and last 2 layers turbo4, else turbo2" },
        { PLACE_ADAPTIVE, "6", "values of the last 8 layers turbo4, else turbo2" },
        { PLACE_ADAPTIVE, "7", "values of the first and last 2 layers q8_0, else turbo2" },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].kind == w->p.kind) offer(w, words[i].word, false, "%s", words[i].help);
}

/* ---- hints ---- */

static void hint_codec(const catalog_codec *c, char *to, size_t room)
{
    size_t n = (size_t)snprintf(to, room, "%s  %s", c->name, c->summary);
    for (size_t i = 0; i < c->n_params && n < room; i++) {
        char range[96];
        range_of(&c->params[i], range, sizeof range);
        n += (size_t)snprintf(to + n, room - n, "%s%s=%s", i ? ", " : "; ", c->params[i].name, range);
    }
}

/* The parameter that is being typed, or all that could be. */
static void hint_arguments(const finder *w, char *to, size_t room)
{
    const place_frame *frame = &w->p.frames[w->p.depth - 1];
    const catalog_codec *codec = frame->codec, *inner = typed_codec(w);
    size_t n = (size_t)snprintf(to, room, "%s", codec->name);
    if (catalog_inner(codec) && !frame->has_argument && inner) {
        hint_codec(inner, to, room);
        return;
    }
    for (size_t i = 0; i < codec->n_params && n < room; i++) {
        char range[96];
        if (frame->given & UINT64_C(1) << i) continue;
        range_of(&codec->params[i], range, sizeof range);
        n += (size_t)snprintf(to + n, room - n, "  %s=%s", codec->params[i].name, range);
    }
}

static void hint(const finder *w, char *to, size_t room)
{
    static const char *const plain[] = {
        [PLACE_ITEM] = "a codec for keys and values, or k=CODEC, v=CODEC, @LAYERS:..., rope=, adaptive=",
        [PLACE_PART] = "a codec for these layers, or k=CODEC, v=CODEC",
        [PLACE_CODEC] = "a codec",
        [PLACE_LAYERS] = "layers: 3  0-3  -1 (the last)  -2..-1  2..-3, commas between; swa, full; then : and codecs",
        [PLACE_ROPE] = "keys before (pre, default) or after (post) the rotary embedding",
        [PLACE_ADAPTIVE] = "a layer-adaptive mode: 0, 1, 2, 5, 6 or 7",
    };
    const place *p = &w->p;
    char range[128];
    *to = '\0';
    if (p->kind == PLACE_VALUE) {
        range_of(p->param, range, sizeof range);
        snprintf(to, room, "%s  %s  %s", p->param->name, range, p->param->help);
    } else if (p->kind == PLACE_ARGUMENT) {
        hint_arguments(w, to, room);
    } else if (typed_codec(w)) {
        hint_codec(typed_codec(w), to, room);
    } else if ((size_t)p->kind < sizeof plain / sizeof *plain && plain[p->kind]) {
        snprintf(to, room, "%s", plain[p->kind]);
    }
}

void config_next_find(const catalog *known, const char *text, place_grammar grammar, config_next *out)
{
    static void (*const how[])(finder *) = {
        [PLACE_ITEM] = offer_items,    [PLACE_PART] = offer_items,         [PLACE_CODEC] = offer_codecs,
        [PLACE_VALUE] = offer_values,  [PLACE_ARGUMENT] = offer_arguments, [PLACE_AFTER] = offer_end,
        [PLACE_LAYERS] = offer_layers, [PLACE_ROPE] = offer_words,         [PLACE_ADAPTIVE] = offer_words,
    };
    *out = (config_next){ .at = strlen(text) };
    finder w = { .known = known, .text = text, .n = strlen(text), .grammar = grammar, .out = out };
    if (w.n >= ENDING_TEXT) return;
    place_find(known, text, grammar, &w.p);
    if (w.p.kind == PLACE_NOWHERE) return;
    out->at = w.p.token;
    hint(&w, out->hint, sizeof out->hint);
    how[w.p.kind](&w);
    if (out->n == 0 && !ending_exists(known, text, grammar)) out->hint[0] = '\0';
}

void config_next_free(config_next *n)
{
    for (size_t i = 0; i < n->n; i++)
        free(n->offers[i].text);
    free(n->offers);
    *n = (config_next){ 0 };
}
