#include "app/complete_place.h"

#include <string.h>

typedef struct reader {
    const catalog *known;
    const char *text;
    size_t at;
    bool items; /* blanks separate items */
    place *p;
} reader;

/* Each reading function returns true when it has read its piece and text follows. False: the place is found, or there
 * is none. */

static bool stop(reader *r, place_kind kind, size_t token)
{
    r->p->kind = kind;
    r->p->token = token;
    return false;
}

static bool ended(const reader *r)
{
    return r->text[r->at] == '\0';
}

static void skip(reader *r)
{
    r->at = expr_skip_blanks(r->text, r->at);
}

/* What blanks behind a name, where one of `kind` was expected, lead to. */
static place_kind behind_name(reader *r, place_kind kind)
{
    if (r->p->depth) return kind == PLACE_CODEC ? PLACE_AFTER : kind;
    if (!r->items) return PLACE_AFTER;
    r->p->in_exception = false;
    return PLACE_ITEM;
}

/* A name, where one of `kind` is expected. Behind it stands something else than the end; blanks are passed over. */
static bool read_name(reader *r, place_kind kind, size_t *begin, size_t *n)
{
    *begin = r->at;
    *n = expr_name_length(r->text, r->at);
    r->at += *n;
    if (ended(r)) return stop(r, kind, *begin);
    if (*n == 0) return stop(r, PLACE_NOWHERE, r->at);
    const size_t end = r->at;
    skip(r);
    if (!ended(r)) return true;
    r->p->after_name = r->at > end;
    return stop(r, behind_name(r, kind), r->at);
}

static bool named(const reader *r, size_t begin, size_t n, const char *word)
{
    return strlen(word) == n && strncmp(r->text + begin, word, n) == 0;
}

static const catalog_codec *codec_at(const reader *r, size_t begin, size_t n)
{
    for (size_t i = 0; i < r->known->n_codecs; i++)
        if (named(r, begin, n, r->known->codecs[i]->name)) return r->known->codecs[i];
    return NULL;
}

static const catalog_param *param_at(const reader *r, const catalog_codec *codec, size_t begin, size_t n)
{
    for (size_t i = 0; i < codec->n_params; i++)
        if (named(r, begin, n, codec->params[i].name)) return &codec->params[i];
    return NULL;
}

static place_frame *open_frame(reader *r, const catalog_codec *codec)
{
    place *p = r->p;
    if (p->depth == EXPR_DEEPEST) {
        stop(r, PLACE_NOWHERE, r->at);
        return NULL;
    }
    p->frames[p->depth] = (place_frame){ .codec = codec };
    r->at++;
    return &p->frames[p->depth++];
}

/* Behind an argument or element: the closing character, or a comma and more. *closed tells which. */
static bool read_end(reader *r, char close, bool *closed)
{
    const size_t end = r->at;
    skip(r);
    r->p->frames[r->p->depth - 1].has_argument = true;
    if (ended(r)) return stop(r, PLACE_AFTER, r->at);
    if (r->text[r->at] != close && r->text[r->at] != ',') return stop(r, PLACE_NOWHERE, end);
    *closed = r->text[r->at] == close;
    r->at++;
    if (!*closed) return true;
    r->p->depth--;
    return !ended(r) || stop(r, PLACE_AFTER, r->at);
}

static bool read_codec(reader *r, place_kind kind);
static bool read_value(reader *r, const catalog_param *param);

static bool read_set(reader *r, const catalog_param *param)
{
    if (!open_frame(r, NULL)) return false;
    for (bool closed = false; !closed;) {
        skip(r);
        if (!(param ? read_value(r, param) : read_codec(r, PLACE_CODEC)) || !read_end(r, '}', &closed)) return false;
    }
    return true;
}

/* A word or number, or two numbers with dots between. */
static bool read_value(reader *r, const catalog_param *param)
{
    r->p->param = param;
    if (r->text[r->at] == '{') return read_set(r, param);
    if (param->type == KVANT_CODEC) return read_codec(r, PLACE_CODEC);
    const size_t begin = r->at;
    while (!ended(r) && !strchr(" \t\r\n,(){}=@:", r->text[r->at]))
        r->at++;
    if (ended(r)) return stop(r, PLACE_VALUE, begin);
    return r->at > begin || stop(r, PLACE_NOWHERE, begin);
}

static void give(place_frame *frame, const catalog_param *param)
{
    frame->given |= UINT64_C(1) << (param - frame->codec->params);
}

static bool read_arguments(reader *r, const catalog_codec *codec);

/* An argument without a key: the inner codec. Its name has been read. */
static bool read_inner(reader *r, place_frame *frame, size_t begin, size_t n)
{
    const catalog_param *inner = catalog_inner(frame->codec);
    const catalog_codec *codec = codec_at(r, begin, n);
    if (!inner || !codec) return stop(r, PLACE_NOWHERE, begin);
    give(frame, inner);
    if (r->text[r->at] == '(') return read_arguments(r, codec);
    return true;
}

static bool read_argument(reader *r, place_frame *frame)
{
    size_t begin, n;
    const catalog_param *inner = catalog_inner(frame->codec);
    if (r->text[r->at] == '{' && inner) {
        give(frame, inner);
        return read_set(r, NULL);
    }
    if (!read_name(r, PLACE_ARGUMENT, &begin, &n)) return false;
    if (r->text[r->at] != '=') return read_inner(r, frame, begin, n);
    const catalog_param *param = param_at(r, frame->codec, begin, n);
    if (!param) return stop(r, PLACE_NOWHERE, begin);
    give(frame, param);
    r->at++;
    skip(r);
    return read_value(r, param);
}

static bool read_arguments(reader *r, const catalog_codec *codec)
{
    place_frame *frame = open_frame(r, codec);
    if (!frame) return false;
    skip(r);
    if (r->text[r->at] == ')') {
        r->at++;
        r->p->depth--;
        return !ended(r) || stop(r, PLACE_AFTER, r->at);
    }
    for (bool closed = false; !closed;) {
        skip(r);
        if (!read_argument(r, frame) || !read_end(r, ')', &closed)) return false;
    }
    return true;
}

/* The rest of an expression whose name has been read. */
static bool read_rest(reader *r, size_t begin, size_t n)
{
    if (r->text[r->at] != '(') return true;
    const catalog_codec *codec = codec_at(r, begin, n);
    return codec ? read_arguments(r, codec) : stop(r, PLACE_NOWHERE, begin);
}

static bool read_codec(reader *r, place_kind kind)
{
    size_t begin, n;
    if (r->text[r->at] == '{') return read_set(r, NULL);
    return read_name(r, kind, &begin, &n) && read_rest(r, begin, n);
}

static bool read_word(reader *r, place_kind kind)
{
    const size_t begin = r->at;
    while (!ended(r) && expr_skip_blanks(r->text, r->at) == r->at && r->text[r->at] != '@')
        r->at++;
    return !ended(r) || stop(r, kind, begin);
}

/* A codec, or KEY=...; kind says which keys there are. */
static bool read_item(reader *r, place_kind kind)
{
    size_t begin, n;
    if (r->text[r->at] == '{') return read_set(r, NULL);
    if (!read_name(r, kind, &begin, &n)) return false;
    if (r->text[r->at] != '=') return read_rest(r, begin, n);
    r->at++;
    skip(r);
    if (named(r, begin, n, "k") || named(r, begin, n, "v")) return read_codec(r, PLACE_CODEC);
    if (kind == PLACE_ITEM && named(r, begin, n, "rope")) return read_word(r, PLACE_ROPE);
    if (kind == PLACE_ITEM && named(r, begin, n, "adaptive")) return read_word(r, PLACE_ADAPTIVE);
    return stop(r, PLACE_NOWHERE, begin);
}

static bool read_exception(reader *r)
{
    const size_t begin = ++r->at;
    skip(r);
    const size_t word = expr_name_length(r->text, r->at);
    r->at += word ? word : strspn(r->text + r->at, "0123456789-., \t\r\n");
    if (ended(r)) return stop(r, PLACE_LAYERS, begin);
    if (word) skip(r);
    if (r->text[r->at] != ':') return stop(r, PLACE_NOWHERE, r->at);
    r->p->in_exception = true;
    for (bool more = true; more;) {
        r->at++;
        skip(r);
        if (!read_item(r, PLACE_PART)) return false;
        const size_t end = expr_skip_blanks(r->text, r->at);
        more = r->text[end] == ',';
        if (more) r->at = end;
    }
    r->p->in_exception = false;
    return true;
}

static void read_items(reader *r)
{
    for (;;) {
        skip(r);
        r->p->in_exception = false;
        if (!(r->text[r->at] == '@' ? read_exception(r) : read_item(r, PLACE_ITEM))) return;
    }
}

static void read_list(reader *r)
{
    for (;;) {
        skip(r);
        if (!read_codec(r, PLACE_CODEC)) return;
        skip(r);
        if (r->text[r->at] != ',') break;
        r->at++;
    }
    stop(r, ended(r) ? PLACE_AFTER : PLACE_NOWHERE, r->at);
}

void place_find(const catalog *known, const char *text, place_grammar grammar, place *out)
{
    *out = (place){ .kind = PLACE_NOWHERE };
    reader r = { .known = known, .text = text, .p = out };
    if (strnlen(text, EXPR_LONGEST + 1) > EXPR_LONGEST) return;
    r.items = grammar == PLACE_CONFIG || grammar == PLACE_GRID;
    if (r.items) {
        read_items(&r);
    } else if (grammar == PLACE_LIST) {
        read_list(&r);
    } else {
        skip(&r);
        if (read_codec(&r, PLACE_CODEC)) stop(&r, PLACE_NOWHERE, r.at);
    }
}
