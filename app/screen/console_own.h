/* console_own.h - the console as its own files see it.
 *
 * An entry is a line that was given, kept for saving the session; a job is one that runs in a child.
 */
#ifndef KVANT_APP_SCREEN_CONSOLE_OWN_H
#define KVANT_APP_SCREEN_CONSOLE_OWN_H

#include "app/screen/console.h"
#include "app/screen/console_child.h"
#include "app/screen/console_log.h"
#include "app/screen/console_text.h"

enum { CONSOLE_JOBS_MOST = 16 };

typedef enum entry_state {
    ENTRY_SCREEN, /* only means something to the screen; so is what is being done at this moment */
    ENTRY_RUNS,
    ENTRY_DONE, /* status: its exit status */
} entry_state;

typedef struct console_entry {
    int command; /* 0: it was so when the session began */
    entry_state state;
    int status;
    char *line;
} console_entry;

typedef struct job {
    console_job shown;
    console *owner;
    console_child child;
    console_text text[CONSOLE_CHILD_PIPES];
    bool has_worker[EVENTS_SLOTS];
    event_worker workers[EVENTS_SLOTS]; /* by slot */
    double began;
    int stops;        /* signals it has been sent so far */
    double next_stop; /* when it gets the next */
    char *line;
} job;

struct console {
    app_context *app;
    console_builtin builtin;
    void *self;
    void (*setting_changed)(void *self, const char *name); /* or NULL */
    console_log log;
    console_entry *entries;
    size_t n_entries;
    job *jobs[CONSOLE_JOBS_MOST]; /* oldest first */
    size_t n_jobs;
    int last_command, width;
    int64_t last_run;
    double told; /* when console_take last said that something is new */
};

/* console_job.c */

/* Starts the line as a child; a fault when it cannot be. */
bool job_start(console *c, int number, const char *line, fault *f);

/* Reads what is there, at most so much that keys are not kept waiting. *ended: it has, everything is read and the last
 * line is in the log; job_free is next. True: something is new. */
bool job_take(job *j, bool *ended, int *status);

/* The next of SIGINT, SIGTERM, SIGKILL, and when the one after it is due. */
void job_stop(job *j);
void job_free(job *j);

#endif
