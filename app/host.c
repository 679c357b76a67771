#include "app/host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/random.h"

enum { ALIGNMENT = 64, MESSAGE = 512 };

/* Before each piece of memory; 64 bytes, so that what follows is aligned. */
typedef struct piece {
    _Alignas(ALIGNMENT) struct piece *next;
    size_t bytes;
} piece;
_Static_assert(sizeof(piece) == ALIGNMENT, "a piece's header keeps the alignment");

struct kvant_inner {
    const spec *spec;
};

struct host {
    kvant_host services;
    const registry *known;
    const spec *spec;
    const kvant_codec *codec;
    const host_env *env;
    host *parent;   /* the wrapper's host; NULL: the outermost */
    host *children; /* of open inner codecs */
    host *sibling;
    kvant_instance inner; /* as a child: the instance it serves */
    pthread_mutex_t lock; /* over the memory, the message and the children */
    piece *pieces;
    size_t lost, lost_bytes; /* left by inner codecs that are closed */
    size_t bad_releases;
    double helped;
    char message[MESSAGE];
    struct kvant_inner unopened;
    kvant_value *values;
};

static host *self(const kvant_host *services)
{
    return services->self;
}

/* ---- memory ---- */

static void *give(const kvant_host *services, size_t bytes)
{
    host *h = self(services);
    size_t total;
    if (__builtin_add_overflow(bytes, sizeof(piece) + ALIGNMENT - 1, &total)) return NULL;
    total -= total % ALIGNMENT;
    piece *p = aligned_alloc(ALIGNMENT, total);
    if (!p) return NULL;
    memset(p, 0, total);
    p->bytes = bytes;
    pthread_mutex_lock(&h->lock);
    p->next = h->pieces;
    h->pieces = p;
    pthread_mutex_unlock(&h->lock);
    return p + 1;
}

/* Looks for the memory in the list first: a wild pointer must not be followed. */
static void take_back(const kvant_host *services, void *memory)
{
    host *h = self(services);
    if (!memory) return;
    pthread_mutex_lock(&h->lock);
    piece **at = &h->pieces;
    while (*at && (void *)(*at + 1) != memory)
        at = &(*at)->next;
    piece *p = *at;
    if (p)
        *at = p->next;
    else
        h->bad_releases++;
    pthread_mutex_unlock(&h->lock);
    free(p);
}

/* ---- messages ---- */

static void set_message(host *h, const char *text)
{
    for (; h; h = h->parent) {
        pthread_mutex_lock(&h->lock);
        snprintf(h->message, sizeof h->message, "%s", text);
        pthread_mutex_unlock(&h->lock);
    }
}

/* One printable line of what a codec says. */
static void format_line(char *text, size_t room, const char *format, va_list args)
{
    vsnprintf(text, room, format, args);
    for (char *s = text; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 127) *s = ' ';
}

static int fail(const kvant_host *services, int code, const char *format, ...)
{
    char text[MESSAGE];
    va_list args;
    va_start(args, format);
    format_line(text, sizeof text, format, args);
    va_end(args);
    set_message(self(services), text);
    return code;
}

static void write_log(const kvant_host *services, const char *format, ...)
{
    const host *h = self(services);
    if (!h->env || !h->env->log) return;
    char text[MESSAGE], line[MESSAGE + 80];
    va_list args;
    va_start(args, format);
    format_line(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%.64s: %s", h->codec->name, text);
    h->env->log(h->env->arg, line);
}

/* ---- the rest ---- */

static uint64_t random_for_codec(const kvant_host *services, uint64_t key, uint64_t counter)
{
    (void)services;
    return random_bits(key, counter);
}

static void run_tasks(const kvant_host *services, size_t n, void (*task)(void *arg, size_t i), void *arg)
{
    host *h = self(services);
    spare *threads = h->env ? h->env->threads : NULL;
    if (threads) {
        const double seconds = spare_spread(threads, n, task, arg);
        pthread_mutex_lock(&h->lock);
        h->helped += seconds;
        pthread_mutex_unlock(&h->lock);
        return;
    }
    for (size_t i = 0; i < n; i++)
        task(arg, i);
}

static int is_cancelled(const kvant_host *services)
{
    const host *h = self(services);
    return h->env && h->env->cancelled && h->env->cancelled(h->env->arg);
}

static int open_inner(const kvant_host *services, const kvant_inner *inner, const kvant_shape *shape,
                      kvant_instance *out)
{
    host *h = self(services);
    *out = (kvant_instance){ 0 };
    if (!inner) return fail(services, KVANT_E_PARAM, "there is no inner codec to open");
    fault f = { 0 };
    host *child = host_create(h->known, inner->spec, h->env, &f);
    if (!child) return fail(services, KVANT_E_MEMORY, "%s", f.text);
    child->parent = h;
    const kvant_codec *codec = child->codec;
    void *state = NULL;
    int rc = KVANT_E_SHAPE;
    if (!catalog_takes_dim(inner->spec->codec, shape->dim)) {
        char dims[CATALOG_DIMS];
        catalog_dims(inner->spec->codec, dims);
        fail(services, rc, "%s does not take head dimension %d; it takes %s", codec->name, (int)shape->dim, dims);
    } else {
        rc = codec->create(&child->services, shape, child->values, &state);
    }
    if (rc != KVANT_OK) {
        host_destroy(child);
        return rc;
    }
    child->inner = *out = (kvant_instance){ codec, state };
    pthread_mutex_lock(&h->lock);
    child->sibling = h->children;
    h->children = child;
    pthread_mutex_unlock(&h->lock);
    return KVANT_OK;
}

/* Takes the child that serves an inner instance out of the list; NULL: none does. */
static host *take_child(host *h, const kvant_instance *inner)
{
    pthread_mutex_lock(&h->lock);
    host **at = &h->children, *found;
    while (*at && ((*at)->inner.codec != inner->codec || (*at)->inner.state != inner->state))
        at = &(*at)->sibling;
    found = *at;
    if (found) *at = found->sibling;
    pthread_mutex_unlock(&h->lock);
    return found;
}

static void close_inner(const kvant_host *services, kvant_instance *inner)
{
    host *h = self(services);
    if (!inner || !inner->codec) return;
    host *child = take_child(h, inner);
    if (!child) {
        pthread_mutex_lock(&h->lock);
        h->bad_releases++;
        pthread_mutex_unlock(&h->lock);
        return;
    }
    inner->codec->destroy(inner->state);
    size_t bytes, left = host_leaks(child, &bytes), bad = host_bad_releases(child);
    pthread_mutex_lock(&h->lock);
    h->lost += left;
    h->lost_bytes += bytes;
    h->bad_releases += bad;
    pthread_mutex_unlock(&h->lock);
    host_destroy(child);
    *inner = (kvant_instance){ 0 };
}

/* ---- life ---- */

static const kvant_host services_of_all = {
    .size = sizeof(kvant_host),
    .abi = KVANT_ABI,
    .alloc = give,
    .release = take_back,
    .fail = fail,
    .log = write_log,
    .random = random_for_codec,
    .parallel = run_tasks,
    .cancelled = is_cancelled,
    .open_inner = open_inner,
    .close_inner = close_inner,
};

static void fill_values(host *h)
{
    for (size_t i = 0; i < h->spec->codec->n_params; i++) {
        const catalog_param *p = &h->spec->codec->params[i];
        const spec_value *v = &h->spec->values[i];
        if (p->type == KVANT_CODEC)
            h->values[i].inner = &h->unopened;
        else if (p->type == KVANT_REAL)
            h->values[i].r = v->r;
        else
            h->values[i].i = v->i;
    }
    h->unopened.spec = h->spec->inner;
}

host *host_create(const registry *known, const spec *s, const host_env *env, fault *f)
{
    const kvant_codec *codec = registry_codec(known, s->codec);
    if (!codec) {
        fault_set(f, FAULT_INTERNAL, "codec %s is not loaded here", s->codec->name);
        return NULL;
    }
    host *h = calloc(1, sizeof *h);
    kvant_value *values = calloc(s->codec->n_params + 1, sizeof *values);
    if (!h || !values) {
        free(h);
        free(values);
        fault_memory(f, "a codec");
        return NULL;
    }
    h->services = services_of_all;
    h->services.self = h;
    h->known = known;
    h->spec = s;
    h->codec = codec;
    h->env = env;
    h->values = values;
    pthread_mutex_init(&h->lock, NULL);
    fill_values(h);
    return h;
}

void host_destroy(host *h)
{
    if (!h) return;
    while (h->children) {
        kvant_instance inner = h->children->inner;
        close_inner(&h->services, &inner);
    }
    while (h->pieces) {
        piece *next = h->pieces->next;
        free(h->pieces);
        h->pieces = next;
    }
    pthread_mutex_destroy(&h->lock);
    free(h->values);
    free(h);
}

const kvant_host *host_services(const host *h)
{
    return &h->services;
}

const kvant_codec *host_codec(const host *h)
{
    return h->codec;
}

const kvant_value *host_values(const host *h)
{
    return h->values;
}

const char *host_message(const host *h)
{
    return h->message;
}

void host_copy_message(host *h, char *text, size_t room)
{
    pthread_mutex_lock(&h->lock);
    snprintf(text, room, "%s", h->message);
    pthread_mutex_unlock(&h->lock);
}

void host_forget(host *h)
{
    h->message[0] = '\0';
    for (host *child = h->children; child; child = child->sibling)
        host_forget(child);
}

size_t host_leaks(host *h, size_t *bytes)
{
    size_t n = h->lost;
    *bytes = h->lost_bytes;
    for (const piece *p = h->pieces; p; p = p->next) {
        n++;
        *bytes += p->bytes;
    }
    for (host *child = h->children; child; child = child->sibling) {
        size_t inside;
        n += 1 + host_leaks(child, &inside);
        *bytes += inside;
    }
    return n;
}

double host_helped(const host *h)
{
    double seconds = h->helped;
    for (const host *child = h->children; child; child = child->sibling)
        seconds += host_helped(child);
    return seconds;
}

size_t host_bad_releases(host *h)
{
    size_t n = h->bad_releases;
    for (host *child = h->children; child; child = child->sibling)
        n += host_bad_releases(child);
    return n;
}
