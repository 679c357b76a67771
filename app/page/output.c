#include "app/page/output.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool failed(const char *path, const char *what, int why, fault *f)
{
    return fault_set(f, FAULT_INPUT, "%s: %s: %s", path, what, strerror(why));
}

static bool taken(const char *path, fault *f)
{
    return fault_set(f, FAULT_INPUT, "%s is there already; --force replaces it", path);
}

/* Where the path leads. *there: something is at its end; *is_file: and it is a file. */
static bool resolve(const char *path, char real[PATH_MAX], bool *there, bool *is_file, fault *f)
{
    *there = realpath(path, real) != NULL;
    *is_file = false;
    if (!*there) {
        if (errno != ENOENT) return failed(path, "cannot be written", errno, f);
        int n = snprintf(real, PATH_MAX, "%s", path);
        struct stat link;
        *there = *is_file = lstat(path, &link) == 0;
        return (n > 0 && n < PATH_MAX) || failed(path, "cannot be written", n ? ENAMETOOLONG : ENOENT, f);
    }
    struct stat st;
    if (stat(real, &st) != 0) return failed(path, "cannot be written", errno, f);
    if (S_ISDIR(st.st_mode)) return failed(path, "cannot be written", EISDIR, f);
    *is_file = S_ISREG(st.st_mode);
    return true;
}

bool output_allowed(const char *path, bool force, fault *f)
{
    char real[PATH_MAX];
    bool there, is_file;
    return resolve(path, real, &there, &is_file, f) && (!is_file || force || taken(path, f));
}

/* With the rights a file made by open() would have. */
static void set_rights(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes += written;
        n -= (size_t)written;
    }
    return fsync(fd) == 0;
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

bool output_write(const char *path, const void *bytes, size_t n, bool force, fault *f)
{
    char real[PATH_MAX], beside[PATH_MAX + 8];
    bool there, is_file;
    if (!output_allowed(path, force, f) || !resolve(path, real, &there, &is_file, f)) return false;
    if (there && !is_file) return file_write(real, bytes, n, f);
    snprintf(beside, sizeof beside, "%s.XXXXXX", real);
    int fd = mkstemp(beside);
    if (fd < 0) return failed(path, "cannot be written", errno, f);
    set_rights(fd);
    int why = write_all(fd, bytes, n) ? 0 : errno;
    if (close(fd) != 0 && !why) why = errno;
    if (!why) why = give_name(beside, real, force);
    if (!why) return true;
    unlink(beside);
    return why == EEXIST ? taken(path, f) : failed(path, "writing failed", why, f);
}
