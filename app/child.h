/* child.h - the program once more, as a child that may run codecs.
 *
 * A command that must run a codec outside a job (roundtrip, verify, paper) starts itself under a hidden name, with its
 * answer going to the same stdout. The child begins with child_begin and returns app_flush(app, CHILD_DONE) when it has
 * written all of its answer; a codec that crashes, hangs or calls exit becomes a sentence here.
 */
#ifndef KVANT_APP_CHILD_H
#define KVANT_APP_CHILD_H

#include "app/app.h"

enum {
    CHILD_DONE = 42, /* the child's word that it came to its end: a codec that calls exit does not say it */
    CHILD_NO = 43,   /* the same, and the answer is no: child_run gives FAULT_NO */
};

/* Runs this executable with words (words[0] is its path, NULL ends them) and waits, at most `seconds`. True with the
 * exit status to return: 0, FAULT_NO, or the child's own when it has already said on stderr what was wrong. False with
 * a fault that begins with `what` when it crashed, hung, or ended without a word. */
bool child_run(app_context *app, const char *what, char *const *words, double seconds, int *status, fault *f);

/* First thing in the child: no core files, and on Linux it dies with its front. */
void child_begin(void);

#endif
