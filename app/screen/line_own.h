/* line_own.h - the command line as its own files see it. */
#ifndef KVANT_APP_SCREEN_LINE_OWN_H
#define KVANT_APP_SCREEN_LINE_OWN_H

#include <stdio.h>

#include "app/predict.h"
#include "app/screen/line.h"
#include "app/screen/line_hint.h"
#include "app/screen/line_keys.h"

/* What Tab has listed: names with a line about each. */
typedef struct line_list {
    char **names, **helps; /* helps: "" where there is nothing to say */
    size_t n;
} line_list;

struct line_editor {
    app_context *app;
    predictor *predictor; /* NULL: there is none, and no line says so */
    FILE *nothing_in, *nothing_out;
    unsigned char bytes[LINE_KEY_BYTES]; /* of the key at work, that readline has not taken yet */
    size_t n_bytes;
    char *accepted; /* the line that Enter has ended */
    bool ended;     /* readline has seen the end of input */
    char *seen;     /* the text the hint is about */
    int seen_point;
    line_hint hint;
    line_list list;
    int left; /* columns of the text that are scrolled out of sight */
};

/* Brings the hint up to date with the text: when the line is drawn, not at each of the keys that came at once. */
void line_look(line_editor *e);

/* line_list.c */

/* The candidates for the word before the cursor; `matches` as readline lists them, when they are names of files. */
void line_list_make(app_context *app, const char *line, size_t point, char **matches, size_t n, line_list *l);
void line_list_free(line_list *l);

#endif
