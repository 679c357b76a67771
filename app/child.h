/* child.h - the program once more, as a child that may run codecs, or anything else that must end when it is told to.
 *
 * A command that must run a codec outside a job (roundtrip, verify, paper, bench) starts itself under a hidden name,
 * with its answer going to the same stdout. The child begins with child_begin and returns what child_end gives; a codec
 * that crashes, hangs or calls exit becomes a sentence of its front.
 */
#ifndef KVANT_APP_CHILD_H
#define KVANT_APP_CHILD_H

#include "app/app.h"

/* The child's word on how it came to its end, chosen so that a codec that calls exit does not say it by chance. */
enum {
    CHILD_DONE = 42,  /* all of the answer is written */
    CHILD_NO = 43,    /* the same, and the answer is no: child_run gives FAULT_NO */
    CHILD_SAID = 100, /* plus a fault's code: why there is no answer stands on stderr */
};

/* Runs this executable with words (words[0] is its path, NULL ends them) and waits, at most `seconds`. True with the
 * exit status to return: 0, FAULT_NO, or the child's own when it has already said on stderr what was wrong. False with
 * a fault that begins with `what` when it crashed, hung, or ended without a word. */
bool child_run(app_context *app, const char *what, char *const *words, double seconds, int *status, fault *f);

/* The same where it is something else than "the codec" that crashes or hangs. */
bool child_run_of(app_context *app, const char *what, const char *who, char *const *words, double seconds, int *status,
                  fault *f);

/* First thing in the child: no core files, and on Linux it dies with its front. */
void child_begin(void);

/* Last thing in the child, its exit status: what is written leaves, or the fault is told. word: CHILD_DONE, CHILD_NO.
 */
int child_end(app_context *app, bool ok, int word, const fault *f);

#endif
