#include "app/suite_session_compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/table.h"

bool session_is(const store_run *run)
{
    return strcmp(run->suite, "session") == 0;
}

/* ---- reading ---- */

typedef struct reader {
    session_comparison *to;
    size_t room, at; /* turns of the second are filled in, one after the other */
    bool second, alike;
} reader;

static bool add_turn(session_comparison *c, size_t *room, const store_item *item)
{
    if (c->n == *room) {
        *room = *room ? 2 * *room : 64;
        session_turn_pair *grown = reallocarray(c->turns, *room, sizeof *grown);
        if (!grown) return false;
        c->turns = grown;
    }
    session_turn_pair *pair = &c->turns[c->n++];
    *pair = (session_turn_pair){ .turn = (int)item->item + 1, .a = item->score, .b = NAN };
    snprintf(pair->phase, sizeof pair->phase, "%s", item->label);
    return true;
}

static bool read_item(void *arg, const store_item *item)
{
    reader *r = arg;
    if (!r->second) return add_turn(r->to, &r->room, item);
    r->alike = r->at < r->to->n && strcmp(r->to->turns[r->at].phase, item->label) == 0;
    if (r->alike) r->to->turns[r->at++].b = item->score;
    return r->alike;
}

static void average(session_comparison *c)
{
    for (size_t i = 0; i < c->n; i++) {
        c->a += c->turns[i].a / (double)c->n;
        c->b += c->turns[i].b / (double)c->n;
    }
}

bool session_compare(store *s, int64_t a, int64_t b, session_comparison *out, fault *f)
{
    *out = (session_comparison){ 0 };
    reader r = { .to = out, .alike = true };
    if (!store_each_item(s, a, read_item, &r, f)) return false;
    r.second = true;
    if (!store_each_item(s, b, read_item, &r, f)) return false;
    if (out->n == 0 || r.at != out->n || !r.alike)
        return fault_set(f, FAULT_INPUT, "runs %" PRId64 " and %" PRId64 " are sessions of different turns", a, b);
    average(out);
    return true;
}

void session_comparison_release(session_comparison *c)
{
    free(c->turns);
    *c = (session_comparison){ 0 };
}

typedef enum session_answer_to { SESSION_ALIKE, SESSION_A_LOOKS_BETTER, SESSION_B_LOOKS_BETTER } session_answer_to;

static session_answer_to verdict_of(const session_comparison *c)
{
    if (fabs(c->b - c->a) <= SESSION_EQUIVALENT) return SESSION_ALIKE;
    return c->a > c->b ? SESSION_A_LOOKS_BETTER : SESSION_B_LOOKS_BETTER;
}

/* ---- showing ---- */

static bool add_row(table *t, const session_turn_pair *turn, fault *f)
{
    char a[32], b[32], by[32];
    snprintf(a, sizeof a, "%.3f", turn->a);
    snprintf(b, sizeof b, "%.3f", turn->b);
    snprintf(by, sizeof by, "%+.3f", turn->b - turn->a);
    return table_add(t,
                     (const table_cell[]){ table_integer(turn->turn), table_text(turn->phase),
                                           table_real_as(turn->a, a), table_real_as(turn->b, b),
                                           table_real_as(turn->b - turn->a, by) },
                     f);
}

static bool print_turns(const app_context *app, const session_comparison *c, int64_t a, int64_t b, fault *f)
{
    char head[2][48];
    snprintf(head[0], sizeof head[0], "quality in %" PRId64, a);
    snprintf(head[1], sizeof head[1], "in %" PRId64, b);
    table *t = table_create(5, (const char *const[]){ "turn", "phase", head[0], head[1], "difference" }, f);
    bool ok = t != NULL;
    for (size_t i = 0; ok && i < c->n; i++)
        if (c->turns[i].a != c->turns[i].b) ok = add_row(t, &c->turns[i], f);
    const table_style style = { TABLE_BOX, app->out.utf8, app->out.is_tty ? terminal_width(&app->out) : 0 };
    if (ok && table_rows(t)) ok = table_write(t, stdout, &style, f);
    table_free(t);
    return ok;
}

bool session_comparison_print(const app_context *app, const session_comparison *c, int64_t a, int64_t b, fault *f)
{
    char verdict[96];
    size_t same = 0;
    for (size_t i = 0; i < c->n; i++)
        same += c->turns[i].a == c->turns[i].b;
    const session_answer_to answer = verdict_of(c);
    if (answer == SESSION_ALIKE)
        snprintf(verdict, sizeof verdict, "equivalent (within %g)", SESSION_EQUIVALENT);
    else
        snprintf(verdict, sizeof verdict, "run %" PRId64 " looks better", answer == SESSION_A_LOOKS_BETTER ? a : b);
    printf("\nQuality of their own sessions: %.3f and %.3f on average, %+.3f: %s; %zu of %zu turns look alike.\n", c->a,
           c->b, c->b - c->a, verdict, same, c->n);
    return print_turns(app, c, a, b, f);
}

static cJSON *turn_json(const session_turn_pair *turn)
{
    cJSON *one = cJSON_CreateObject();
    cJSON_AddNumberToObject(one, "turn", turn->turn);
    cJSON_AddStringToObject(one, "phase", turn->phase);
    number_put(one, "a", turn->a);
    number_put(one, "b", turn->b);
    number_put(one, "difference", turn->b - turn->a);
    return one;
}

cJSON *session_comparison_json(const session_comparison *c)
{
    static const char *const verdicts[] = { "equivalent", "a", "b" };
    cJSON *json = cJSON_CreateObject();
    number_put(json, "quality_a", c->a);
    number_put(json, "quality_b", c->b);
    number_put(json, "difference", c->b - c->a);
    cJSON_AddStringToObject(json, "verdict", verdicts[verdict_of(c)]);
    cJSON *turns = cJSON_AddArrayToObject(json, "turns");
    for (size_t i = 0; i < c->n; i++)
        cJSON_AddItemToArray(turns, turn_json(&c->turns[i]));
    return json;
}
