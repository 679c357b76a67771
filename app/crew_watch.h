/* crew_watch.h - what a crew shows while it works: events for the screen it was started from, or else one line on
 * stderr. */
#ifndef KVANT_APP_CREW_WATCH_H
#define KVANT_APP_CREW_WATCH_H

#include "app/crew_task.h"
#include "app/progress.h"

typedef struct crew_watch {
    app_context *app;
    progress bar;
    char unit[EVENTS_WORD]; /* the bar's */
    char step[EVENTS_WORD]; /* what the bar is about; "": there is none */
    bool of_whole;          /* it is about all runs, not the one at work */
    uint64_t before;        /* runs that had ended when the bar about all began: its rate is not theirs */
    event_whole whole;      /* total 0: there is no whole, only runs */
} crew_watch;

/* Tells of the tasks at work, by slot (NULL: none). Cheap: may be called ten times a second and more. */
void crew_watch_show(crew_watch *w, crew_task *const *tasks, int n);

/* The task has left its slot; with its row when it has one. */
void crew_watch_end(crew_watch *w, const crew_task *t);

void crew_watch_whole(crew_watch *w); /* sends what has changed of it */
void crew_watch_hide(crew_watch *w);  /* before something else is written to the terminal */
void crew_watch_stop(crew_watch *w);  /* nothing is at work any more */

#endif
