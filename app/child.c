#include "app/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "app/spawn.h"
#include "base/clock.h"

/* Waits for the child; kills it when the person has had enough or its time is over. */
static int wait_for(app_context *app, pid_t child, double seconds, bool *killed)
{
    int status = 0;
    const double end = clock_seconds() + seconds;
    while (waitpid(child, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
        if (app_cancelled(app) || clock_seconds() > end) {
            kill(child, SIGKILL);
            *killed = true;
            waitpid(child, &status, 0);
            break;
        }
    }
    return status;
}

/* What a child's own status means to who started it. False: it is none that a child gives. */
static bool read_word(int code, int *status)
{
    static const fault_code faults[] = { FAULT_NO, FAULT_USAGE, FAULT_INPUT, FAULT_INTERNAL, FAULT_INTERRUPTED };
    if (code == CHILD_DONE || code == CHILD_NO) {
        *status = code == CHILD_NO ? FAULT_NO : FAULT_NONE;
        return true;
    }
    *status = code - CHILD_SAID;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (*status == (int)faults[i]) return true;
    return false;
}

bool child_run_of(app_context *app, const char *what, const char *who, char *const *words, double seconds, int *status,
                  fault *f)
{
    pid_t child;
    bool killed = false;
    fflush(stdout);
    const int failed = spawn_start(&child, words, &(spawn_how){ .files = { 0, 1, 2 } });
    if (failed) return fault_set(f, FAULT_INTERNAL, "%s: cannot be started: %s", words[0], strerror(failed));
    const int ended = wait_for(app, child, seconds, &killed);
    /* It had no time to take back its line of progress. */
    if ((killed || WIFSIGNALED(ended)) && app->err.moves) fputs("\r\033[K", stderr);
    if (killed && app_cancelled(app)) return fault_set(f, FAULT_INTERRUPTED, "interrupted");
    if (killed)
        return fault_set(f, FAULT_INPUT, "%s: %s has not returned after %g s and was stopped", what, who, seconds);
    if (WIFSIGNALED(ended))
        return fault_set(f, FAULT_INPUT, "%s: %s died of signal %d, %s", what, who, WTERMSIG(ended),
                         strsignal(WTERMSIG(ended)));
    return read_word(WEXITSTATUS(ended), status) ||
           fault_set(f, FAULT_INPUT, "%s: %s ended its process with status %d", what, who, WEXITSTATUS(ended));
}

bool child_run(app_context *app, const char *what, char *const *words, double seconds, int *status, fault *f)
{
    return child_run_of(app, what, "the codec", words, seconds, status, f);
}

void child_begin(void)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
}

int child_end(app_context *app, bool ok, int word, const fault *f)
{
    const int status = ok ? app_flush(app, word) : app_report(app, f);
    return ok && status == word ? word : CHILD_SAID + status;
}
