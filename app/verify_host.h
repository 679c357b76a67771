/* verify_host.h - the host of app/host.h for an instance that is being tested: memory that fails on request.
 *
 * Stands in front of a real host and of those of inner codecs: allocations are counted over all of them and one of them
 * can be made to fail, a wrapper's inner codecs are opened behind the same front, and parallel runs its tasks backwards
 * unless told otherwise, so that a codec whose bytes depend on their order is found out.
 *
 *     verify_plan plan = { .fails_at = 3 };               the fourth allocation returns NULL
 *     verify_host *h = verify_host_create(known, s, &plan, NULL, NULL, &f);
 *     rc = codec->create(verify_host_services(h), &shape, verify_host_values(h), &state);
 *     verify_host_destroy(h);
 *
 * [one thread per plan at a time, but memory may be asked for by several: scores and mix do]
 */
#ifndef KVANT_APP_VERIFY_HOST_H
#define KVANT_APP_VERIFY_HOST_H

#include <stdatomic.h>

#include "app/host.h"

/* Shared by an instance and the inner ones it opens. */
typedef struct verify_plan {
    long fails_at;     /* the allocation, counted from 0, that gets no memory; -1: none */
    atomic_long asked; /* allocations so far */
    bool cancelled;    /* what host->cancelled says */
    bool forwards;     /* parallel runs its tasks in order */
} verify_plan;

/* No instance needs more than this at once; larger requests are refused. */
#define VERIFY_LARGEST ((size_t)1 << 30)

typedef struct verify_host verify_host;

/* plan must outlive it. parent: the wrapper's host, NULL for the outermost. */
verify_host *verify_host_create(const registry *known, const spec *s, verify_plan *plan, verify_host *parent, fault *f);

/* Closes inner codecs that are left open. NULL is fine. */
void verify_host_destroy(verify_host *h);

const kvant_host *verify_host_services(const verify_host *h);
const kvant_codec *verify_host_codec(const verify_host *h);
const kvant_value *verify_host_values(const verify_host *h);

/* As the functions of app/host.h, over this host and its inner ones. */
const char *verify_host_message(const verify_host *h);
void verify_host_forget(verify_host *h);
size_t verify_host_leaks(verify_host *h);
size_t verify_host_bad_releases(verify_host *h);

#endif
