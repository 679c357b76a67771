/* host.h - the services a codec is given: the real kvant_host of include/kvant/codec.h.
 *
 * Every instance has a host of its own. It counts the instance's memory, keeps its last message, and knows the hosts of
 * the inner codecs it has opened, to which all of this applies in turn; an inner codec's message becomes its wrapper's,
 * too. Random numbers are kernels/random.h; parallel is app/spare.h.
 *
 *     host *h = host_create(known, s, &shape, NULL, &f);
 *     int rc = codec->create(host_services(h), &shape, host_values(h), &state);
 *     codec->destroy(state);
 *     size_t n = host_leaks(h, &bytes);        what the codec did not release
 *     host_destroy(h);
 *
 * app/instance.h does that and turns codes into faults; few need this header.
 */
#ifndef KVANT_APP_HOST_H
#define KVANT_APP_HOST_H

#include "app/registry.h"
#include "app/spare.h"
#include "app/spec.h"

/* What the instances of one worker share. All may be NULL. */
typedef struct host_env {
    void (*log)(void *arg, const char *line); /* a line a codec logs, without newline; from any thread */
    bool (*cancelled)(void *arg);             /* from any thread */
    void *arg;
    spare *threads; /* that help with what a codec spreads; NULL: none, its tasks run one after the other */
} host_env;

typedef struct host host;

/* A host for one instance of s, whose codecs must be in the registry. env, s and the registry must outlive it. */
host *host_create(const registry *known, const spec *s, const host_env *env, fault *f);

/* Closes inner codecs the instance has left open, and frees all memory it has left. NULL is fine. */
void host_destroy(host *h);

const kvant_host *host_services(const host *h);
const kvant_codec *host_codec(const host *h);

/* One value for each parameter of the codec, in its order; they live as long as the host. */
const kvant_value *host_values(const host *h);

/* The last message of the instance or an inner one, "" when there is none since host_forget. */
const char *host_message(const host *h);
void host_forget(host *h);

/* A copy of it, cut to room - 1 bytes, while other threads may run the instance: scores and mix do. */
void host_copy_message(host *h, char *text, size_t room);

/* Allocations, and inner codecs, that the instance holds now, its open inner codecs' included; *bytes is their size. */
size_t host_leaks(host *h, size_t *bytes);

/* Processor seconds that other threads than the instance's own have spent on it, and on its open inner codecs. */
double host_helped(const host *h);

/* Calls to release with memory that the host never gave, or that was released before. */
size_t host_bad_releases(host *h);

#endif
