#include "app/page/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(const char *path, const char *what, int why, fault *f)
{
    const fault_code code = why == EINTR ? FAULT_INTERRUPTED : FAULT_INPUT; /* a write that a signal has ended */
    return fault_set(f, code, "%s: %s: %s", path, what, strerror(why));
}

static bool taken(const char *path, fault *f)
{
    return fault_set(f, FAULT_INPUT, "%s is there already; --force replaces it", path);
}

/* Where the path leads. *there: something is at its end; *is_file: and it is a file. What is no file keeps its path: a
 * pipe behind /dev/stdout has no other. */
static bool resolve(const char *path, char real[PATH_MAX], bool *there, bool *is_file, fault *f)
{
    struct stat st;
    *there = stat(path, &st) == 0;
    if (!*there && errno != ENOENT) return failed(path, "cannot be written", errno, f);
    if (*there && S_ISDIR(st.st_mode)) return failed(path, "cannot be written", EISDIR, f);
    *is_file = *there && S_ISREG(st.st_mode);
    if (*is_file) return realpath(path, real) || failed(path, "cannot be written", errno, f);
    if (!*there) *there = *is_file = lstat(path, &st) == 0; /* a link that leads nowhere */
    const int n = snprintf(real, PATH_MAX, "%s", path);
    return (n > 0 && n < PATH_MAX) || failed(path, "cannot be written", n ? ENAMETOOLONG : ENOENT, f);
}

bool output_allowed(const char *path, bool force, fault *f)
{
    char real[PATH_MAX];
    bool there = false, is_file = false;
    return resolve(path, real, &there, &is_file, f) && (!is_file || force || taken(path, f));
}

/* With the rights a file made by open() would have. */
static void set_rights(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
}

/* Gives the finished file its name; without force in a way that does not replace what came meanwhile. Where the file
 * system has no links, what is there is only looked for. 0, or an error of the system. */
static int give_name(const char *beside, const char *real, bool force)
{
    if (!force) {
        if (link(beside, real) == 0) {
            unlink(beside);
            return 0;
        }
        if (errno == EEXIST || access(real, F_OK) == 0) return EEXIST;
    }
    return rename(beside, real) == 0 ? 0 : errno;
}

bool output_begin(output *o, const char *path, bool force, fault *f)
{
    bool there = false, is_file = false;
    *o = (output){ .path = path, .force = force };
    if (!output_allowed(path, force, f) || !resolve(path, o->real, &there, &is_file, f)) return false;
    if (there && !is_file) {
        o->file = fopen(o->real, "w");
        return o->file || failed(path, "cannot be written", errno, f);
    }
    snprintf(o->beside, sizeof o->beside, "%s.XXXXXX", o->real);
    const int fd = mkstemp(o->beside);
    if (fd < 0) return failed(path, "cannot be written", errno, f);
    set_rights(fd);
    o->file = fdopen(fd, "w");
    if (o->file) return true;
    const int why = errno;
    close(fd);
    unlink(o->beside);
    return failed(path, "cannot be written", why, f);
}

bool output_end(output *o, bool ok, fault *f)
{
    const bool lost = ferror(o->file);
    int why = !lost ? 0 : errno ? errno : EIO;
    if (*o->beside && ok && !why && (fflush(o->file) != 0 || fsync(fileno(o->file)) != 0)) why = errno;
    if (fclose(o->file) != 0 && !why) why = errno;
    if (*o->beside && ok && !why) why = give_name(o->beside, o->real, o->force);
    if (ok && !why) return true;
    if (*o->beside) unlink(o->beside);
    if (!ok) return false;
    return why == EEXIST ? taken(o->path, f) : failed(o->path, "writing failed", why, f);
}

bool output_write(const char *path, const void *bytes, size_t n, bool force, fault *f)
{
    output o;
    if (!output_begin(&o, path, force, f)) return false;
    if (n) fwrite(bytes, 1, n, o.file); /* its error is found where the file is closed */
    return output_end(&o, true, f);
}
