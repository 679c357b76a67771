/* suite_show_work.h - what the files that draw suites share. */
#ifndef KVANT_APP_SUITE_SHOW_WORK_H
#define KVANT_APP_SUITE_SHOW_WORK_H

#include "app/suite_items.h"
#include "app/suite_sheet.h"

typedef struct suite_drawing {
    const char *suite;
    void (*picture)(suite_sheet *to, const store_run *run, const suite_items *items);
    void (*rest)(suite_sheet *to, const store_run *run, const suite_items *items);
    /* At most size - 1 characters. */
    void (*summary)(const store_run *run, const suite_items *items, char *text, size_t size);
} suite_drawing;

extern const suite_drawing drawing_needle, drawing_session, drawing_prompts, drawing_trajectory, drawing_attention;

/* What is shown of items that went wrong, the worst first. rank: the more, the worse; NaN and what is not above 0: it
 * went well. head: what is said of one, for its heading. */
typedef struct said_choice {
    double (*rank)(const store_item *i);
    void (*head)(const store_item *i, char *text, size_t size);
    size_t most;
} said_choice;

void draw_said(suite_sheet *to, const suite_items *items, const said_choice *choice);

/* The mean of a number over the items that have it, weighted by their scored positions with `weighted`; NaN: none. */
double item_mean(const suite_items *items, double (*value)(const store_item *), bool weighted);
double item_kld(const store_item *i);
double item_agreement(const store_item *i);
double item_score_ref(const store_item *i);

/* "%.*g", and "-" for NaN. */
typedef struct item_number {
    char text[40];
} item_number;
item_number item_text(double value, int digits);

/* The items of a needle run as counts: second how many of a cell's haystacks the reference finds, score how many of
 * these the config finds, NaN where there are none. In one block to free(); texts are those of items. NULL without
 * memory. */
store_item *needle_counts(const store_run *run, const suite_items *items);

/* Was the turn marked as degraded? */
bool session_degraded(const store_item *i);

/* How many tokens the longer of two continuations has; where the two texts part, in bytes (the same for both). */
double trajectory_length(const store_item *i);
bool trajectory_parts(const store_item *i);
size_t trajectory_common_text(const store_item *i);

/* Where to begin with a text that is shown from about `most` bytes before the place `at` on: at a character. */
size_t trajectory_before(const char *text, size_t at, size_t most);

/* 1 - cosine above which a head is marked: the gate's threshold for the mean (evaluation.md, section 4). */
#define ATTENTION_MARK 0.005

#endif
