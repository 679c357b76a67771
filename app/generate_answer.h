/* generate_answer.h - one text as it is made by a child, and the child itself.
 *
 *     generate_answer a;
 *     generate_answer_open(&a, executable, "turbo3", &job, 120, &f);
 *     while (!generate_answer_take(&a)) {                 never waits
 *         generate_answer_poll(&a, fds);                  GENERATE_FDS descriptors
 *         poll(fds, GENERATE_FDS, 100);
 *     }
 *     a.fault.code, a.figures                             what became of it
 *     generate_answer_close(&a);
 */
#ifndef KVANT_APP_GENERATE_ANSWER_H
#define KVANT_APP_GENERATE_ANSWER_H

#include <poll.h>

#include "app/generate_job.h"
#include "app/worker_pipe.h"

enum { GENERATE_FDS = 3, GENERATE_LABEL = 512 };

typedef struct generate_answer {
    char label[GENERATE_LABEL]; /* the config, or "exact" */
    bool exact;

    /* What has come */
    bool started;
    int prompt_tokens, ctx, read; /* read: of the prompt */
    char format[16], note[160];
    int32_t *ids; /* n tokens */
    size_t *ends; /* where each ends in bytes */
    size_t n, room;
    char *bytes; /* the text */
    size_t n_bytes, bytes_room;

    /* The end */
    bool over; /* nothing more will come */
    bool done; /* figures are there; else fault says why not */
    generate_figures figures;
    fault fault;

    /* The child */
    worker_pipe pipe;
    char *request;
    size_t request_bytes, sent;
    char *line; /* an event that is not whole yet */
    size_t used, line_room;
    worker_tail tail;
    double seconds, last; /* patience, and when the last event came */
    bool told;            /* a fault came from the child itself */
    bool hung, asked;
    double asked_at;
} generate_answer;

/* seconds: a child that says nothing for so long is taken to hang; ten times as long until the model is open. False
 * with a fault, and nothing to close. */
bool generate_answer_open(generate_answer *a, const char *executable, const char *label, const generate_job *j,
                          double seconds, fault *f);
void generate_answer_close(generate_answer *a);

/* GENERATE_FDS entries; closed ones have fd -1. */
void generate_answer_poll(const generate_answer *a, struct pollfd *fds);

/* Takes what has come, ends a child that hangs. True: it is over. */
bool generate_answer_take(generate_answer *a);

/* Asks the child to come to its end, and after two seconds makes it (generate_answer_take does). */
void generate_answer_stop(generate_answer *a);

/* ---- texts ---- */

/* How many of n bytes are whole characters, or no UTF-8 at all: what is left may be the beginning of a character. [any
 * thread] */
size_t generate_whole(const char *bytes, size_t n);

/* The first token that differs, the end being one; SIZE_MAX: none, as far as is known. [any thread] */
size_t generate_parting(const generate_answer *a, const generate_answer *b);

/* Where token i begins in a's bytes. */
size_t generate_token_begin(const generate_answer *a, size_t i);

#endif
