#include "app/lua/watchdog.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

enum { LOOKS_PER_SECOND = 20 };

struct watchdog {
    pthread_t thread;
    double patience;
    bool (*cancelled)(void *self);
    void *self;
    atomic_bool awake, ending;
    atomic_ulong beats;
};

static void die(fault_code code, const char *text)
{
    /* The watched thread is inside a function of Lua's library, which holds no lock of stdio's. */
    fflush(stdout);
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit((int)code);
    _exit((int)code);
}

static void judge(const watchdog *w, unsigned long silent)
{
    const double seconds = (double)silent / LOOKS_PER_SECOND;
    if (seconds >= 1 && w->cancelled(w->self))
        die(FAULT_INTERRUPTED, "kvant: the recipe was stopped inside a function of Lua's library\n");
    if (seconds < w->patience) return;
    char text[256];
    snprintf(text, sizeof text,
             "kvant: a function of Lua's library did not come back within %g s (a pattern that backtracks for ever?), "
             "so the recipe was stopped\n",
             w->patience);
    die(FAULT_INPUT, text);
}

static void *look(void *arg)
{
    watchdog *w = arg;
    unsigned long seen = 0, silent = 0;
    while (!atomic_load(&w->ending)) {
        nanosleep(&(struct timespec){ 0, 1000000000 / LOOKS_PER_SECOND }, NULL);
        const unsigned long beats = atomic_load(&w->beats);
        silent = atomic_load(&w->awake) && beats == seen ? silent + 1 : 0;
        seen = beats;
        judge(w, silent);
    }
    return NULL;
}

watchdog *watchdog_start(double patience, bool (*cancelled)(void *self), void *self, fault *f)
{
    watchdog *w = calloc(1, sizeof *w);
    if (!w) {
        fault_memory(f, "a recipe's watchdog");
        return NULL;
    }
    *w = (watchdog){ .patience = patience, .cancelled = cancelled, .self = self };
    const int failed = thread_begin(&w->thread, look, w);
    if (!failed) return w;
    free(w);
    fault_set(f, FAULT_INTERNAL, "a recipe's watchdog cannot be started: %s", strerror(failed));
    return NULL;
}

void watchdog_end(watchdog *w)
{
    if (!w) return;
    atomic_store(&w->ending, true);
    pthread_join(w->thread, NULL);
    free(w);
}

void watchdog_beat(watchdog *w)
{
    atomic_fetch_add(&w->beats, 1);
}

void watchdog_wake(watchdog *w, bool awake)
{
    atomic_fetch_add(&w->beats, 1);
    atomic_store(&w->awake, awake);
}
