#include "app/complete_ending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "app/number.h"

/* How far and how hard an end is looked for. */
enum { MOST_STEPS = 3 * EXPR_DEEPEST, MOST_TRIES = 2000, MOST_GRIDS = 32 };

typedef struct search {
    const catalog *known;
    place_grammar grammar;
    char text[ENDING_TEXT];
    size_t n;
    int steps, tries;
} search;

/* ---- whole texts ---- */

static bool whole_expression(const catalog *known, const char *text, fault *f)
{
    spec *s = spec_parse(known, text, f);
    spec_free(s);
    return s != NULL;
}

/* The line with a grid's first value in its place; the caller frees it. */
static char *without_grid(const char *text, const spec_grid *grid)
{
    char *line = NULL;
    size_t n;
    FILE *out = open_memstream(&line, &n);
    if (!out) return NULL;
    fprintf(out, "%.*s%s%s", (int)grid->begin, text, grid->texts[0], text + grid->end);
    if (fclose(out) == 0) return line;
    free(line);
    return NULL;
}

static bool whole_config(const catalog *known, const char *text, int grids, fault *f)
{
    spec_grid grid = { 0 };
    config *c = config_parse_grid(known, text, grids ? &grid : NULL, f);
    bool good = c != NULL;
    if (grid.n > 0) {
        char *line = without_grid(text, &grid);
        good = line && whole_config(known, line, grids - 1, f);
        free(line);
    }
    spec_grid_free(&grid);
    config_free(c);
    return good;
}

static bool whole_list(const catalog *known, const char *text, fault *f)
{
    size_t at = 0;
    for (bool more = true; more;) {
        spec_grid grid = { 0 };
        expr *e = expr_parse(text, &at, f);
        spec *s = e ? spec_check(known, text, e, 0, &grid, f) : NULL;
        const bool good = s || grid.n > 0;
        spec_grid_free(&grid);
        spec_free(s);
        expr_free(e);
        if (!good) return false;
        more = text[at] == ',';
        at += more;
    }
    return text[at] == '\0' || expr_fault(f, text, at, "expected ',' and another codec");
}

bool ending_whole(const catalog *known, const char *text, place_grammar grammar, fault *f)
{
    switch (grammar) {
    case PLACE_LIST: return whole_list(known, text, f);
    case PLACE_EXPRESSION: return whole_expression(known, text, f);
    default: return whole_config(known, text, grammar == PLACE_GRID ? MOST_GRIDS : 0, f);
    }
}

/* ---- numbers ---- */

static bool fits(const catalog_param *p, const char *text)
{
    double value;
    if (!number_read(text, strlen(text), &value) || value < p->min || value > p->max) return false;
    return p->type == KVANT_REAL || !strpbrk(text, ".eE");
}

/* Digits behind a whole number's first ones. */
static bool more_digits(const catalog_param *p, const char *token, char *to, size_t room)
{
    const bool negative = token[0] == '-';
    const char *digits = token + negative;
    if (strspn(digits, "0123456789") != strlen(digits) || !*digits) return false;
    const double begin = strtod(digits, NULL), most = negative ? -p->min : p->max, least = negative ? -p->max : p->min;
    double power = 1;
    for (int places = 1; places < 18; places++) {
        power *= 10;
        const double low = begin * power, high = low + power - 1, value = least > low ? least : low;
        if (high < least || low > most || value > most) continue;
        snprintf(to, room, "%s%0*.0f", token, places, value - low);
        if (fits(p, to)) return true;
    }
    return false;
}

static bool real_with(const catalog_param *p, const char *token, char *to, size_t room)
{
    static const char nothing[] = "00000000000";
    static const char *const digits[] = { "1", "5", "9" };
    static const char *const signs[] = { "", "e", "e-", "1e-", "-" };
    for (size_t zeros = 0; zeros < sizeof nothing; zeros++)
        for (size_t i = 0; i < 6; i++) {
            snprintf(to, room, "%s%s%s%s", token, i < 3 ? "" : ".", nothing + zeros, digits[i % 3]);
            if (fits(p, to)) return true;
        }
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        for (int power = 0; power < 30; power++) {
            snprintf(to, room, "%s%s%d", token, signs[i], power);
            if (fits(p, to)) return true;
        }
    return false;
}

bool ending_number(const catalog_param *p, const char *token, char *to, size_t room)
{
    const double plain[] = { p->def, p->min, p->max };
    if (strlen(token) >= NUMBER_TEXT) return false;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char text[NUMBER_TEXT];
        number_write(plain[i], text);
        if (strncmp(text, token, strlen(token)) != 0 || !text[strlen(token)] || !fits(p, text)) continue;
        snprintf(to, room, "%s", text);
        return true;
    }
    return p->type == KVANT_INT ? more_digits(p, token, to, room) : real_with(p, token, to, room);
}

/* ---- the search ---- */

static bool ends(search *s);

static bool whole(search *s)
{
    static const char *const tails[] = { "", " turbo4", " k=turbo4", " v=turbo4" };
    const bool waits = strstr(s->text, "adaptive") != NULL; /* a mode wants a codec that may come behind it */
    for (size_t i = 0; i < (waits ? sizeof tails / sizeof *tails : 1); i++) {
        if (s->n + strlen(tails[i]) >= sizeof s->text) return false;
        strcpy(s->text + s->n, tails[i]);
        const bool good = ending_whole(s->known, s->text, s->grammar, NULL);
        s->text[s->n] = '\0';
        if (good) return true;
    }
    return false;
}

/* Does the text end well with this behind it? The text stays as it is. */
static bool with(search *s, const char *more)
{
    const size_t n = s->n, add = strlen(more);
    if (n + add >= sizeof s->text) return false;
    memcpy(s->text + n, more, add + 1);
    s->n += add;
    const bool good = ends(s);
    s->n = n;
    s->text[n] = '\0';
    return good;
}

/* The same for what is left of `word` when its beginning has been typed; false when it does not begin so. */
static bool with_rest(search *s, const place *p, const char *word, const char *behind)
{
    const size_t typed = s->n - p->token;
    char more[160];
    if (strncmp(word, s->text + p->token, typed) != 0) return false;
    const int n = snprintf(more, sizeof more, "%s%s", word + typed, behind);
    return n > 0 && (size_t)n < sizeof more && with(s, more);
}

static bool needs_inner(const catalog_codec *codec)
{
    const catalog_param *inner = catalog_inner(codec);
    return inner && !inner->inner;
}

static bool end_codec(search *s, const place *p)
{
    if (p->token == s->n) return with(s, CONFIG_BASE) || (p->after_name && with(s, "("));
    for (size_t i = 0; i < s->known->n_codecs; i++) {
        const catalog_codec *codec = s->known->codecs[i];
        const bool whole_name = strcmp(codec->name, s->text + p->token) == 0;
        if (needs_inner(codec) ? with_rest(s, p, codec->name, "(") : !whole_name && with_rest(s, p, codec->name, ""))
            return true;
    }
    return false;
}

static bool end_item(search *s, const place *p)
{
    static const char *const keys[] = { "k=", "v=", "rope=", "adaptive=" };
    if (end_codec(s, p)) return true;
    for (size_t i = 0; i < (p->kind == PLACE_PART ? 2 : sizeof keys / sizeof *keys); i++)
        if (with_rest(s, p, keys[i], "")) return true;
    return p->after_name && with(s, "=");
}

/* What stands in the innermost parentheses is complete: close them, or give what is missing first. */
static bool close(search *s, const place *p)
{
    const place_frame *frame = p->depth ? &p->frames[p->depth - 1] : NULL;
    if (!frame) return false;
    if (!frame->codec) return with(s, "}");
    char more[80];
    const catalog_param *inner = catalog_inner(frame->codec);
    if (with(s, ")")) return true;
    if (!inner || frame->given & 1) return false;
    snprintf(more, sizeof more, ",%.60s=" CONFIG_BASE ")", inner->name);
    return with(s, more);
}

static bool end_after(search *s, const place *p)
{
    return close(s, p) || (p->after_name && with(s, "("));
}

static bool end_argument(search *s, const place *p)
{
    const place_frame *frame = &p->frames[p->depth - 1];
    const catalog_codec *codec = frame->codec;
    if (catalog_inner(codec) && !frame->has_argument && end_codec(s, p)) return true;
    if (p->token == s->n && !frame->has_argument && with(s, ")")) return true;
    for (size_t i = 0; i < codec->n_params; i++)
        if (!(frame->given & UINT64_C(1) << i) && with_rest(s, p, codec->params[i].name, "=")) return true;
    return p->after_name && (with(s, "=") || with(s, "(") || close(s, p));
}

static bool takes_grids(const search *s)
{
    return s->grammar == PLACE_GRID || s->grammar == PLACE_LIST;
}

static bool end_value(search *s, const place *p)
{
    static const char *const bools[] = { "true", "false", "on", "off" };
    const catalog_param *param = p->param;
    const char *token = s->text + p->token;
    char number[2 * NUMBER_TEXT];
    if (*token && close(s, p)) return true;
    for (size_t i = 0; param->type == KVANT_BOOL && i < sizeof bools / sizeof *bools; i++)
        if (strcmp(bools[i], token) != 0 && with_rest(s, p, bools[i], "")) return true;
    for (size_t i = 0; param->type == KVANT_ENUM && i < param->n_words; i++)
        if (strcmp(param->words[i], token) != 0 && with_rest(s, p, param->words[i], "")) return true;
    if (param->type != KVANT_INT && param->type != KVANT_REAL) return false;
    const char *dots = takes_grids(s) ? strstr(token, "..") : NULL;
    const char *last = dots ? dots + 2 : token;
    if (dots && !*last) {
        number_write(param->max, number);
        return with(s, number);
    }
    if (ending_number(param, last, number, sizeof number) && with(s, number + strlen(last))) return true;
    return takes_grids(s) && !dots && *token && s->text[s->n - 1] == '.' && with(s, ".");
}

static bool end_layers(search *s, const place *p)
{
    static const char *const more[] = { "", "0", "1", "9", "99", "999", "-1", "..-1", ".-1", "-999", ".999" };
    static const char *const kinds[] = { "swa", "full" };
    char text[16];
    const char *token = s->text + p->token;
    const size_t typed = strlen(token);
    for (size_t i = 0; typed > 0 && i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(kinds[i], token, typed) != 0) continue;
        snprintf(text, sizeof text, "%s:" CONFIG_BASE, kinds[i] + typed);
        if (with(s, text)) return true;
    }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        snprintf(text, sizeof text, "%s:" CONFIG_BASE, more[i]);
        if (with(s, text)) return true;
    }
    return false;
}

static bool end_word(search *s, const place *p)
{
    static const char *const rope[] = { "pre", "post" }, *const adaptive[] = { "0", "1", "2", "5", "6", "7" };
    const bool is_rope = p->kind == PLACE_ROPE;
    const char *const *words = is_rope ? rope : adaptive;
    for (size_t i = 0; i < (is_rope ? sizeof rope / sizeof *rope : sizeof adaptive / sizeof *adaptive); i++)
        if (strlen(words[i]) > s->n - p->token && with_rest(s, p, words[i], "")) return true;
    return false;
}

static bool ends(search *s)
{
    static bool (*const how[])(search *, const place *) = {
        [PLACE_ITEM] = end_item,         [PLACE_PART] = end_item,   [PLACE_CODEC] = end_codec,
        [PLACE_ARGUMENT] = end_argument, [PLACE_VALUE] = end_value, [PLACE_AFTER] = end_after,
        [PLACE_LAYERS] = end_layers,     [PLACE_ROPE] = end_word,   [PLACE_ADAPTIVE] = end_word,
    };
    if (s->steps == MOST_STEPS || ++s->tries > MOST_TRIES) return false;
    if (whole(s)) return true;
    place p;
    place_find(s->known, s->text, s->grammar, &p);
    if (p.kind == PLACE_NOWHERE) return false;
    s->steps++;
    const bool good = how[p.kind](s, &p) || (p.depth && p.kind == PLACE_CODEC && close(s, &p)) ||
                      (p.depth && p.kind == PLACE_ARGUMENT && close(s, &p));
    s->steps--;
    return good;
}

bool ending_exists(const catalog *known, const char *text, place_grammar grammar)
{
    search s = { .known = known, .grammar = grammar, .n = strlen(text) };
    if (s.n >= sizeof s.text) return false;
    memcpy(s.text, text, s.n + 1);
    return ends(&s);
}
