#include "base/file.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A signal that asks the program to stop ends what blocks. */
static fault_code code_of(int why)
{
    return why == EINTR ? FAULT_INTERRUPTED : FAULT_INPUT;
}

static bool read_all(FILE *in, const char *path, char **bytes, size_t *n, fault *f)
{
    size_t room = 0;
    do {
        if (*n == room) {
            room = room <= SIZE_MAX / 2 - 65536 ? 2 * room + 65536 : 0;
            char *grown = room ? realloc(*bytes, room) : NULL;
            if (!grown) return fault_memory(f, path);
            *bytes = grown;
        }
        *n += fread(*bytes + *n, 1, room - *n, in);
    } while (!feof(in) && !ferror(in));
    const int why = errno;
    if (!ferror(in)) return true;
    if (code_of(why) == FAULT_INTERRUPTED) return fault_set(f, FAULT_INTERRUPTED, "%s: reading was interrupted", path);
    return fault_set(f, FAULT_INPUT, "%s: reading failed: %s", path, strerror(why));
}

bool file_read(const char *path, char **bytes, size_t *n, fault *f)
{
    *bytes = NULL;
    *n = 0;
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (!in) return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    bool ok = read_all(in, path, bytes, n, f);
    if (in != stdin) fclose(in);
    if (ok) return true;
    free(*bytes);
    *bytes = NULL;
    return false;
}

void file_discard(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) remove(path);
}

bool file_write(const char *path, const void *bytes, size_t n, fault *f)
{
    FILE *out = fopen(path, "wb");
    if (!out) return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
    bool ok = n == 0 || fwrite(bytes, 1, n, out) == n;
    int why = errno;
    if (fclose(out)) {
        why = ok ? errno : why;
        ok = false;
    }
    if (ok) return true;
    file_discard(path);
    return fault_set(f, code_of(why), "%s: writing failed: %s", path, strerror(why));
}
