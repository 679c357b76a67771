/* gate_work.h - measuring what gates judge: the parts of `kvant gate` (app/cmd_gate.c), in the order they are used.
 *
 * A plain run and the suites are runs like any other: stored, and taken from the database when they are there. Speed is
 * a child of this program (`kvant speed --json`), bytes and ceiling are counted (app/memory.h). What cannot be measured
 * is n/a with its reason; a run that failed by the config's fault fails the gates that needed it.
 */
#ifndef KVANT_APP_GATE_WORK_H
#define KVANT_APP_GATE_WORK_H

#include "app/gate.h"
#include "app/lab.h"
#include "app/memory_shape.h"

typedef struct gate_work {
    app_context *app;
    const command_line *line;
    lab lab; /* the plain run's */
    const config *config;
    char model_id[HASH_HEX];
    memory_shape shape; /* the model's */
    double thresholds[GATE_THRESHOLDS];
    bool wanted[GATES];
    bool fresh;       /* run also what the database has */
    store_run *plain; /* the plain run, done; or NULL */
    gate_measures measures;
} gate_work;

/* False with a fault: bad input, an interruption, our own fault. Each fills what is wanted of its gates. */
bool gate_plain(gate_work *w, fault *f);
bool gate_suites(gate_work *w, fault *f);
bool gate_speed(gate_work *w, fault *f);
bool gate_memory(gate_work *w, fault *f);

/* Is any of these n gates wanted? */
bool gate_wants(const gate_work *w, const gate_id *gates, size_t n);

/* The newest run that is done and asks for exactly this; *id 0: there is none, or that cannot be known. */
bool gate_find(const gate_work *w, lab *l, int64_t *id, fault *f);

/* ---- of a suite's run (app/gate_items.c) ---- */

/* Fills the suite's gate. */
bool gate_take_suite(gate_work *w, const store_run *run, fault *f);

/* A line of another command as the gate gives it: the options they share, and what --set says of it. extra: words, NULL
 * at the end; or NULL. NULL with a fault. */
command_line *gate_line_of(const gate_work *w, const command *c, const char *const *extra, fault *f);

/* The same as words for a process: words[0] the executable. The strings are the lines'. */
enum { GATE_WORDS = 192, GATE_NAMES = 4096 };
typedef struct gate_words {
    const char *at[GATE_WORDS];
    size_t n, used;
    char names[GATE_NAMES];
} gate_words;
bool gate_words_of(const gate_work *w, const command *c, const char *const *extra, gate_words *to, fault *f);

/* ---- what is written (app/gate_show.c) ---- */

void gate_print(const gate_work *w, const gate_line lines[GATES]);
cJSON *gate_json(const gate_work *w, const gate_line lines[GATES]);

#endif
