#include "app/predict.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/predict_child.h"
#include "app/predict_wire.h"
#include "base/clock.h"

struct predictor {
    app_context *app;
    const command_line *line; /* its plugins are the child's; may be NULL */
    predict_child child;
    bool waiting, has_next, fresh; /* a question is with the child; another stands behind it; an answer is new */
    double since;                  /* when the question went out */
    uint32_t ids;
    prediction_question now, next;
    char trying[256]; /* what the child said last that it would run */
    prediction answer;
};

predictor *predictor_open(app_context *app, fault *f)
{
    return predictor_open_line(app, NULL, f);
}

predictor *predictor_open_line(app_context *app, const command_line *line, fault *f)
{
    predictor *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "a predictor");
        return NULL;
    }
    p->app = app;
    p->line = line;
    p->child = (predict_child){ .pid = -1, .in = -1, .out = -1 };
    if (predict_child_start(&p->child, app, line, f)) return p;
    free(p);
    return NULL;
}

void predictor_close(predictor *p)
{
    if (!p) return;
    predict_child_end(&p->child, true);
    free(p);
}

const prediction *predictor_answer(const predictor *p)
{
    return &p->answer;
}

int predictor_fd(const predictor *p)
{
    return p->child.out;
}

/* ---- asking ---- */

/* The context of a line, of the session, or as it is when nobody says anything. */
static int ctx_of(const predictor *p)
{
    enum { PLAIN = 512 };
    if (p->line && line_has(p->line, "ctx")) return (int)line_int(p->line, "ctx");
    const command_option *o = settings_option_named(p->app->session, "ctx");
    const char *set = settings_get(p->app->session, "ctx");
    option_value value;
    if (!o || !option_read(o, "ctx", set ? set : o->standard, &value, NULL)) return PLAIN;
    return (int)value.i;
}

static const char *model_of(const predictor *p, fault *f)
{
    if (p->line) return app_model(p->app, p->line, f);
    const char *set = settings_get(p->app->session, "model");
    if (set || p->app->places.model[0]) return set ? set : p->app->places.model;
    fault_set(f, FAULT_INPUT, "no model is given and the one kvant comes with is not beside %s",
              p->app->places.executable);
    return NULL;
}

static const char *database_of(const predictor *p, const prediction_wish *wish)
{
    const char *set = settings_get(p->app->session, "db");
    return wish->database ? wish->database : set ? set : p->app->places.database;
}

static bool make_question(predictor *p, const prediction_wish *wish, prediction_question *q)
{
    fault f = { 0 };
    const char *config = wish->config, *model = wish->model ? wish->model : model_of(p, &f);
    const char *database = database_of(p, wish);
    if (model && strlen(config) < sizeof q->config && strlen(model) < sizeof q->model &&
        strlen(database) < sizeof q->database) {
        *q = (prediction_question){ .ctx = wish->ctx > 0 ? wish->ctx : ctx_of(p), .many = wish->many };
        strcpy(q->config, config);
        strcpy(q->model, model);
        strcpy(q->database, database);
        return true;
    }
    p->answer = (prediction){ .state = PREDICTION_WRONG };
    snprintf(p->answer.asked, sizeof p->answer.asked, "%.*s", (int)sizeof p->answer.asked - 1, config);
    if (model)
        snprintf(p->answer.text, sizeof p->answer.text, "longer than %zu bytes", sizeof q->config - 1);
    else
        snprintf(p->answer.text, sizeof p->answer.text, "%s", f.text);
    return false;
}

static bool same(const prediction_question *a, const prediction_question *b)
{
    return a->ctx == b->ctx && a->many == b->many && strcmp(a->database, b->database) == 0 &&
           strcmp(a->config, b->config) == 0 && strcmp(a->model, b->model) == 0;
}

static void say(predictor *p, const prediction_question *q, const char *text)
{
    p->answer = (prediction){ .state = PREDICTION_WRONG };
    strcpy(p->answer.asked, q->config);
    snprintf(p->answer.text, sizeof p->answer.text, "%s", text);
    p->fresh = true;
}

static void send(predictor *p, const prediction_question *q)
{
    fault f = { 0 };
    p->now = *q;
    p->now.id = ++p->ids ? p->ids : ++p->ids;
    p->waiting = false;
    if (p->child.pid < 0 && !predict_child_start(&p->child, p->app, p->line, &f)) {
        say(p, q, f.text);
        return;
    }
    p->trying[0] = '\0';
    p->since = clock_seconds();
    p->waiting = true;
    predict_child_write(&p->child, prediction_question_json(&p->now)); /* a child that is gone shows when it is read */
}

void predictor_ask(predictor *p, const char *config)
{
    predictor_ask_line(p, &(prediction_wish){ .config = config });
}

void predictor_ask_line(predictor *p, const prediction_wish *wish)
{
    prediction_question q;
    const char *config = wish->config;
    p->has_next = false;
    if (!config || !*config || !make_question(p, wish, &q)) {
        if (!config || !*config) p->answer = (prediction){ .state = PREDICTION_NONE };
        p->now.config[0] = '\0'; /* what is under way is not wanted any more */
        return;
    }
    if (same(&q, &p->now)) return;
    if (p->waiting && clock_seconds() - p->since > PREDICT_SECONDS + 1) { /* it should have ended itself */
        predict_child_end(&p->child, true);
        p->waiting = false;
    }
    if (!p->waiting) {
        send(p, &q);
        return;
    }
    p->next = q;
    p->has_next = true;
}

/* ---- answers ---- */

static void take_line(predictor *p, const char *line)
{
    cJSON *json = cJSON_Parse(line);
    const char *trying = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "trying"));
    prediction answer;
    uint32_t id;
    if (trying) {
        snprintf(p->trying, sizeof p->trying, "%s", trying);
    } else if (p->waiting && prediction_read(json, &answer, &id) && id == p->now.id) {
        p->waiting = false;
        if (p->now.config[0]) {
            p->answer = answer;
            strcpy(p->answer.asked, p->now.config);
            p->fresh = !p->has_next;
        }
    }
    cJSON_Delete(json);
}

/* The child has ended: it saw new plugins, or a codec ended it. */
static void take_end(predictor *p)
{
    char text[512], how[200];
    const bool asked = p->waiting && p->now.config[0];
    const prediction_question q = p->now;
    const bool stale = predict_child_end(&p->child, false);
    predict_child_say(&p->child, how, sizeof how);
    p->waiting = false;
    if (!asked || p->has_next) return;
    if (stale) {
        send(p, &q);
        return;
    }
    snprintf(text, sizeof text, "%.200s%s%s", p->trying, p->trying[0] ? ": " : "", how);
    say(p, &q, text);
}

bool predictor_take(predictor *p)
{
    char *line;
    bool ended = false;
    p->fresh = false;
    while ((line = predict_child_read(&p->child, &ended))) {
        take_line(p, line);
        free(line);
    }
    if (ended) take_end(p);
    if (!p->waiting && p->has_next) {
        p->has_next = false;
        const prediction_question q = p->next;
        send(p, &q);
    }
    return p->fresh;
}

/* ---- one question ---- */

bool predict_line(app_context *app, const command_line *line, const char *config, prediction *out, fault *f)
{
    enum { TICK_MS = 100 };
    predictor *p = predictor_open_line(app, line, f);
    if (!p) return false;
    const double end = clock_seconds() + 20;
    bool ok = true;
    predictor_ask(p, config);
    while (ok && (p->waiting || p->has_next)) {
        struct pollfd fd = { predictor_fd(p), POLLIN, 0 };
        poll(&fd, 1, TICK_MS);
        predictor_take(p);
        if (app_cancelled(app))
            ok = fault_set(f, FAULT_INTERRUPTED, "interrupted");
        else if (clock_seconds() > end)
            ok = fault_set(f, FAULT_INTERNAL, "%s: no prediction came within 20 s", config);
    }
    if (ok) *out = p->answer;
    predictor_close(p);
    return ok;
}
