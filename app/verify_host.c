#include "app/verify_host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct verify_host {
    kvant_host services; /* first: a codec's host pointer is a pointer to the whole */
    host *real;
    const registry *known;
    const spec *spec;
    verify_plan *plan;
    verify_host *parent, *children, *sibling;
    kvant_instance inner; /* as a child: the instance it serves */
    size_t lost, bad_releases;
};

static verify_host *self(const kvant_host *services)
{
    return (verify_host *)services; /* never const where it was made */
}

/* ---- services ---- */

static void *give(const kvant_host *services, size_t bytes)
{
    verify_host *h = self(services);
    const kvant_host *real = host_services(h->real);
    if (atomic_fetch_add(&h->plan->asked, 1) == h->plan->fails_at || bytes > VERIFY_LARGEST) return NULL;
    return real->alloc(real, bytes);
}

static void take_back(const kvant_host *services, void *memory)
{
    const kvant_host *real = host_services(self(services)->real);
    real->release(real, memory);
}

static int fail(const kvant_host *services, int code, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (verify_host *h = self(services); h; h = h->parent) {
        const kvant_host *real = host_services(h->real);
        real->fail(real, code, "%s", text);
    }
    return code;
}

static void say_nothing(const kvant_host *services, const char *format, ...)
{
    (void)services, (void)format;
}

static void run_tasks(const kvant_host *services, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    const bool forwards = self(services)->plan->forwards;
    for (size_t i = 0; i < n; i++)
        task(arg, forwards ? i : n - 1 - i);
}

static int is_cancelled(const kvant_host *services)
{
    return self(services)->plan->cancelled;
}

static uint64_t random_for_codec(const kvant_host *services, uint64_t key, uint64_t counter)
{
    const kvant_host *real = host_services(self(services)->real);
    return real->random(real, key, counter);
}

static int create_inner(verify_host *child, const kvant_shape *shape, void **state)
{
    const catalog_codec *known = child->spec->codec;
    if (!catalog_takes_dim(known, shape->dim))
        return fail(&child->services, KVANT_E_SHAPE, "%s does not take head dimension %d", known->name,
                    (int)shape->dim);
    return verify_host_codec(child)->create(&child->services, shape, verify_host_values(child), state);
}

static int open_inner(const kvant_host *services, const kvant_inner *inner, const kvant_shape *shape,
                      kvant_instance *out)
{
    verify_host *h = self(services);
    *out = (kvant_instance){ 0 };
    if (!inner || !h->spec->inner) return fail(services, KVANT_E_PARAM, "there is no inner codec to open");
    fault f = { 0 };
    verify_host *child = verify_host_create(h->known, h->spec->inner, h->plan, h, &f);
    if (!child) return fail(services, KVANT_E_MEMORY, "%s", f.text);
    void *state = NULL;
    const int rc = create_inner(child, shape, &state);
    if (rc != KVANT_OK) {
        h->lost += verify_host_leaks(child);
        verify_host_destroy(child);
        return rc;
    }
    child->inner = *out = (kvant_instance){ verify_host_codec(child), state };
    child->sibling = h->children;
    h->children = child;
    return KVANT_OK;
}

static void close_inner(const kvant_host *services, kvant_instance *inner)
{
    verify_host *h = self(services), **at = &h->children;
    if (!inner || !inner->codec) return;
    while (*at && ((*at)->inner.codec != inner->codec || (*at)->inner.state != inner->state))
        at = &(*at)->sibling;
    verify_host *child = *at;
    if (!child) {
        h->bad_releases++;
        return;
    }
    *at = child->sibling;
    inner->codec->destroy(inner->state);
    h->lost += verify_host_leaks(child);
    h->bad_releases += verify_host_bad_releases(child);
    verify_host_destroy(child);
    *inner = (kvant_instance){ 0 };
}

/* ---- life ---- */

verify_host *verify_host_create(const registry *known, const spec *s, verify_plan *plan, verify_host *parent, fault *f)
{
    verify_host *h = calloc(1, sizeof *h);
    if (!h) {
        fault_memory(f, "a codec");
        return NULL;
    }
    *h = (verify_host){ .known = known, .spec = s, .plan = plan, .parent = parent };
    h->real = host_create(known, s, NULL, f);
    if (!h->real) {
        free(h);
        return NULL;
    }
    h->services = (kvant_host){ .size = sizeof(kvant_host),
                                .abi = KVANT_ABI,
                                .self = h,
                                .alloc = give,
                                .release = take_back,
                                .fail = fail,
                                .log = say_nothing,
                                .random = random_for_codec,
                                .parallel = run_tasks,
                                .cancelled = is_cancelled,
                                .open_inner = open_inner,
                                .close_inner = close_inner };
    return h;
}

void verify_host_destroy(verify_host *h)
{
    if (!h) return;
    while (h->children) {
        kvant_instance inner = h->children->inner;
        close_inner(&h->services, &inner);
    }
    host_destroy(h->real);
    free(h);
}

const kvant_host *verify_host_services(const verify_host *h)
{
    return &h->services;
}

const kvant_codec *verify_host_codec(const verify_host *h)
{
    return host_codec(h->real);
}

const kvant_value *verify_host_values(const verify_host *h)
{
    return host_values(h->real);
}

const char *verify_host_message(const verify_host *h)
{
    return host_message(h->real);
}

void verify_host_forget(verify_host *h)
{
    host_forget(h->real);
    for (verify_host *child = h->children; child; child = child->sibling)
        verify_host_forget(child);
}

size_t verify_host_leaks(verify_host *h)
{
    size_t bytes, n = h->lost + host_leaks(h->real, &bytes);
    for (verify_host *child = h->children; child; child = child->sibling)
        n += 1 + verify_host_leaks(child);
    return n;
}

size_t verify_host_bad_releases(verify_host *h)
{
    size_t n = h->bad_releases + host_bad_releases(h->real);
    for (verify_host *child = h->children; child; child = child->sibling)
        n += verify_host_bad_releases(child);
    return n;
}
