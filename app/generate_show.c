#include "app/generate_show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/columns.h"
#include "app/number.h"

/* ---- text ---- */

static void put_safe(FILE *to, const columns *c, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        const glyph g = columns_glyph(c, bytes + i, n - i);
        if (bytes[i] == '\n' || bytes[i] == '\t')
            fputc(bytes[i], to);
        else
            fputs(g.bytes, to);
        i += g.taken;
    }
}

static void put_plain(FILE *to, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        int32_t point;
        const size_t taken = columns_decode(bytes + i, n - i, &point);
        if (point < 0)
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(bytes + i, 1, taken, to);
        i += taken;
    }
}

void generate_show_all(FILE *to, const terminal *t, const char *bytes, size_t n)
{
    columns c;
    columns_enter(&c, t->utf8);
    if (t->is_tty)
        put_safe(to, &c, bytes, n);
    else
        put_plain(to, bytes, n);
    columns_leave(&c);
}

void generate_show_text(FILE *to, const terminal *t, const generate_answer *a, size_t *from)
{
    const size_t until = a->over ? a->n_bytes : generate_whole(a->bytes, a->n_bytes);
    if (until <= *from) return;
    generate_show_all(to, t, a->bytes + *from, until - *from);
    fflush(to);
    *from = until;
}

/* ---- figures ---- */

static const char *why_it_ended(const generate_figures *x)
{
    return x->interrupted ? ", stopped" : x->ended ? ", the model ended it" : x->full ? ", the context is full" : "";
}

void generate_show_figures(FILE *to, const generate_answer *a, bool named)
{
    const generate_figures *x = &a->figures;
    char bytes[NUMBER_TEXT], side[NUMBER_TEXT];
    if (!a->done) return;
    number_bytes(x->cache_bytes, bytes);
    number_bytes(x->side_bytes, side);
    fprintf(to, "kvant: %s%s", named ? a->label : "", named ? ": " : "");
    fprintf(to, "%d %s%s", x->tokens, x->tokens == 1 ? "token" : "tokens", why_it_ended(x));
    if (x->tokens > 1 && x->generate_s > 0) fprintf(to, ", %.1f tokens/s", x->tokens / x->generate_s);
    if (isfinite(x->first_s)) fprintf(to, "; the first after %.0f ms, with %d of prompt", 1000 * x->first_s, x->prompt);
    if (x->positions > 0 && x->cache_bytes > 0)
        fprintf(to, "; cache %s%s for %d positions, ratio %.2fx", bytes, a->exact ? " in f32" : "", x->positions,
                x->f16_bytes / x->cache_bytes);
    if (x->side_bytes > 0) fprintf(to, ", and %s of side data", side);
    fputc('\n', to);
}

/* ---- where they part ---- */

static void put_token(FILE *to, const columns *c, const generate_answer *a, size_t i)
{
    if (i == a->n) {
        fputs("the end", to);
        return;
    }
    const size_t begin = generate_token_begin(a, i);
    fputc('`', to);
    for (size_t at = begin; at < a->ends[i];) {
        const glyph g = columns_glyph(c, a->bytes + at, a->ends[i] - at);
        fputs(g.bytes, to);
        at += g.taken;
    }
    fputc('`', to);
}

static void put_parting(FILE *to, const columns *c, const generate_answer *a, const generate_answer *b)
{
    const size_t at = generate_parting(a, b), longer = a->n > b->n ? a->n : b->n;
    fprintf(to, "kvant: %s against %s: ", a->label, b->label);
    if (at == SIZE_MAX) {
        const size_t shorter = a->n < b->n ? a->n : b->n;
        fprintf(to, "all %zu tokens agree\n", shorter);
        return;
    }
    fprintf(to, "token %zu: ", at + 1);
    put_token(to, c, a, at);
    fputs(" against ", to);
    put_token(to, c, b, at);
    fprintf(to, "; %zu of %zu tokens agree up to there\n", at, longer);
}

void generate_show_parting(FILE *to, const terminal *t, const generate_answer *answers, size_t n)
{
    columns c;
    columns_enter(&c, t->utf8);
    for (size_t i = 1; i < n; i++)
        if (answers[0].done && answers[i].done) put_parting(to, &c, &answers[0], &answers[i]);
    columns_leave(&c);
}

/* ---- JSON ---- */

/* The bytes may hold zeros, which a string of C cannot: they end it in no text a model makes, but a file may say so. */
static cJSON *text_json(const char *bytes, size_t n)
{
    char *text = malloc(n + 1);
    if (!text) return NULL;
    for (size_t i = 0; i < n; i++)
        text[i] = bytes[i] ? bytes[i] : ' ';
    text[n] = '\0';
    cJSON *json = cJSON_CreateString(text);
    free(text);
    return json;
}

static cJSON *answer_json(const generate_answer *a)
{
    cJSON *json = a->done ? generate_figures_json(&a->figures) : cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", a->label);
    cJSON_AddStringToObject(json, "format", a->format);
    number_put(json, "ratio", a->done ? a->figures.f16_bytes / a->figures.cache_bytes : NAN);
    cJSON_AddItemToObject(json, "text", text_json(a->bytes, a->n_bytes));
    cJSON *ids = cJSON_AddArrayToObject(json, "ids");
    for (size_t i = 0; i < a->n; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateNumber(a->ids[i]));
    if (!a->done) cJSON_AddStringToObject(json, "fault", a->fault.text);
    return json;
}

static cJSON *token_json(const generate_answer *a, size_t i)
{
    if (i == a->n) return cJSON_CreateNull();
    const size_t begin = generate_token_begin(a, i);
    return text_json(a->bytes + begin, a->ends[i] - begin);
}

static cJSON *parting_json(const generate_answer *a, const generate_answer *b)
{
    const size_t at = generate_parting(a, b);
    if (at == SIZE_MAX) return cJSON_CreateNull();
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "config", b->label);
    cJSON_AddNumberToObject(json, "agree", (double)at);
    cJSON_AddItemToObject(json, "reference_token", token_json(a, at));
    cJSON_AddItemToObject(json, "token", token_json(b, at));
    return json;
}

cJSON *generate_show_json(const generate_job *j, const generate_answer *answers, size_t n)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "model", j->job.model);
    cJSON_AddItemToObject(json, "prompt", j->prompt ? cJSON_CreateString(j->prompt) : cJSON_CreateNull());
    number_put(json, "temperature", j->temperature);
    number_put(json, "seed", (double)j->job.seed);
    cJSON *list = cJSON_AddArrayToObject(json, "answers");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, answer_json(&answers[i]));
    cJSON *partings = n > 1 ? cJSON_AddArrayToObject(json, "diverges") : NULL;
    for (size_t i = 1; i < n; i++)
        cJSON_AddItemToArray(partings, parting_json(&answers[0], &answers[i]));
    return json;
}
