#include "app/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool write_all(int fd, const char *bytes, size_t n, fault *f)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fault_set(f, FAULT_INTERNAL, "the catalog cannot be written: %s", strerror(errno));
        bytes += written;
        n -= (size_t)written;
    }
    return true;
}

/* Writes the object as one line and deletes it. */
static bool write_line(int fd, cJSON *object, fault *f)
{
    char *text = object ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    if (!text) return fault_memory(f, "the catalog");
    size_t n = strlen(text);
    text[n] = '\n'; /* in the place of the terminating zero: one write, one line */
    bool ok = write_all(fd, text, n + 1, f);
    free(text);
    return ok;
}

static cJSON *event(const char *name, const char *path)
{
    cJSON *o = cJSON_CreateObject();
    bool ok = o && cJSON_AddStringToObject(o, "event", name) && (!path || cJSON_AddStringToObject(o, "path", path));
    if (ok) return o;
    cJSON_Delete(o);
    return NULL;
}

static bool write_problem(int fd, const char *path, const fault *why, fault *f)
{
    cJSON *o = event("problem", path);
    size_t n = strlen(path);
    bool named = strncmp(why->text, path, n) == 0 && strncmp(why->text + n, ": ", 2) == 0;
    if (o && !cJSON_AddStringToObject(o, "reason", named ? why->text + n + 2 : why->text)) {
        cJSON_Delete(o);
        o = NULL;
    }
    return write_line(fd, o, f);
}

/* One file, in a registry of its own: which codec hides which is for the reader to say, who knows the order. */
static bool describe_file(int fd, const char *path, fault *f)
{
    registry *r = registry_create(f);
    if (!r) return false;
    fault why = { 0 };
    if (!registry_load(r, path, &why)) {
        registry_destroy(r);
        return write_problem(fd, path, &why, f);
    }
    cJSON *o = catalog_json(registry_catalog(r));
    registry_destroy(r);
    bool ok = o && cJSON_AddStringToObject(o, "event", "plugin") && cJSON_AddStringToObject(o, "path", path);
    if (ok) return write_line(fd, o, f);
    cJSON_Delete(o);
    return fault_memory(f, "the catalog");
}

/* The pipe under a number of its own, with stdout pointing to stderr, so that a chatty plugin cannot write into it. */
static int keep_pipe(int fd, fault *f)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own >= 0 && (fd != STDOUT_FILENO || dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)) return own;
    fault_set(f, FAULT_INTERNAL, "the catalog cannot be written: %s", strerror(errno));
    if (own >= 0) close(own);
    return -1;
}

bool registry_describe(const char *const *files, size_t n, int fd, unsigned seconds, fault *f)
{
    int own = keep_pipe(fd, f);
    if (own < 0) return false;
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = write_line(own, event("loading", files[i]), f) && write_all(STDERR_FILENO, REGISTRY_NEXT, 1, f);
        alarm(seconds);
        ok = ok && describe_file(own, files[i], f);
        alarm(0);
    }
    ok = ok && write_line(own, event("done", NULL), f);
    close(own);
    return ok;
}
