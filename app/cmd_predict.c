/* kvant predict: the child that answers app/predict.h, for it runs codecs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "app/child.h"
#include "app/commands.h"
#include "app/lab.h"
#include "app/names.h"
#include "app/predict_answer.h"
#include "app/predict_child.h"
#include "app/profile.h"

typedef struct server {
    FILE *answers;
    answerer *answerer;
    const catalog *known;
    char *signature; /* of the plugins, as they were */
} server;

/* Answers keep stdout's place; what codecs print there is dropped. */
static FILE *claim_stdout(void)
{
    const int fd = dup(STDOUT_FILENO);
    if (fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return NULL;
    return fdopen(fd, "w");
}

static void send(server *s, cJSON *json)
{
    char *line = json ? cJSON_PrintUnformatted(json) : NULL;
    if (line) fprintf(s->answers, "%s\n", line);
    fflush(s->answers);
    cJSON_free(line);
    cJSON_Delete(json);
}

static void trying(void *self, const char *codec)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "trying", codec);
    send(self, json);
}

/* The kernel ends the process, whatever the codec does, when an answer takes too long. */
static void set_alarm(int seconds)
{
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_sec = seconds }, NULL);
}

/* A name at the very end may still grow. */
static bool may_grow(const char *config_text)
{
    const char *last = config_text + strlen(config_text);
    while (last > config_text && !strchr(" \t\n", last[-1]))
        last--;
    return profile_named_in(last);
}

/* Puts profiles in their place. False: out says why that cannot be. */
static bool expand(prediction_question *q, prediction *out)
{
    fault f = { 0 };
    char *text = NULL;
    if (!profile_named_in(q->config)) return true;
    store *db = store_open(q->database, STORE_WATCH, &f);
    const bool ok = db && profile_expand_from(db, q->config, &text, &f);
    const bool fits = ok && strlen(text) < sizeof q->config;
    store_close(db);
    *out = (prediction){ .state = may_grow(q->config) ? PREDICTION_PARTIAL : PREDICTION_WRONG };
    snprintf(out->text, sizeof out->text, "%s", ok ? "with its profile it is too long" : f.text);
    if (fits) strcpy(q->config, text);
    free(text);
    return fits;
}

static void predict_one(server *s, prediction_question *q, prediction *out)
{
    const bool places = !profile_named_in(q->config); /* else columns are those of another text */
    if (!expand(q, out)) return;
    if (q->many)
        answerer_answer_many(s->answerer, s->known, q, out);
    else
        answerer_answer(s->answerer, q, out);
    if (!places) out->column = 0;
}

static void answer(server *s, const char *line)
{
    cJSON *json = cJSON_Parse(line);
    prediction_question q;
    prediction p;
    if (prediction_question_read(json, &q)) {
        set_alarm(PREDICT_SECONDS);
        predict_one(s, &q, &p);
        set_alarm(0);
        send(s, prediction_json(&p, q.id));
    }
    cJSON_Delete(json);
}

static bool plugins_changed(const app_context *app, const server *s)
{
    char *now = names_plugins(app);
    const bool changed = now && s->signature && strcmp(now, s->signature) != 0;
    free(now);
    return changed;
}

int cmd_predict(app_context *app, const command_line *line)
{
    fault f = { 0 };
    server s = { .answers = claim_stdout(), .signature = names_plugins(app) };
    child_begin();
    signal(SIGALRM, SIG_DFL);
    catalog *known = s.answers ? lab_catalog(app, line, &f) : NULL;
    s.known = known;
    s.answerer = known ? answerer_create(known, trying, &s, &f) : NULL;
    int status = s.answerer ? FAULT_NONE : FAULT_INTERNAL;
    char *text = NULL;
    size_t room = 0;
    while (status == FAULT_NONE && getline(&text, &room, stdin) >= 0) {
        if (plugins_changed(app, &s))
            status = PREDICT_STALE;
        else
            answer(&s, text);
    }
    free(text);
    answerer_destroy(s.answerer);
    catalog_free(known);
    free(s.signature);
    if (s.answers) fclose(s.answers);
    return status;
}
