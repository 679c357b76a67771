/* predict_child.h - the predictor's child as the front holds it: started, written to, read, ended. Used by
 * app/predict.c only. */
#ifndef KVANT_APP_PREDICT_CHILD_H
#define KVANT_APP_PREDICT_CHILD_H

#include <sys/types.h>

#include <cjson/cJSON.h>

#include "app/app.h"

enum {
    PREDICT_SECONDS = 5, /* an answer takes longer: the child ends itself by SIGALRM */
    PREDICT_STALE = 44,  /* its exit status when plugins have changed under it */
};

typedef struct predict_child {
    pid_t pid;   /* -1: none runs */
    int in, out; /* its stdin and stdout */
    char *text;  /* what was read and is no whole line yet */
    size_t n, room;
    int status; /* how the last one ended */
} predict_child;

/* line: its --plugin options are handed on; may be NULL. */
bool predict_child_start(predict_child *c, const app_context *app, const command_line *line, fault *f);

/* One line; takes the object over. */
void predict_child_write(predict_child *c, cJSON *json);

/* The next line that has come, malloc'd; NULL when there is none, and then *ended says whether there ever will be. */
char *predict_child_read(predict_child *c, bool *ended);

/* Waits for its end; by_force: makes it end. True when it left because plugins have changed. */
bool predict_child_end(predict_child *c, bool by_force);

/* How it ended, in words. */
void predict_child_say(const predict_child *c, char *text, size_t room);

#endif
