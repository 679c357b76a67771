#include "app/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* An entry's first 64 bytes: the magic, the payload's size, zeros. */
typedef struct shelf_head {
    char magic[8];
    uint64_t n;
    char zeros[48];
} shelf_head;

static const char magic[8] = "kvant\0\1";
static const char *const kinds[] = { "reference", "self", "tokens", "hashes", NULL };

bool shelf_open(shelf *s, const char *dir, fault *f)
{
    s->dir[0] = '\0';
    if (!dir || !*dir) return true;
    if (strlen(dir) + 160 > sizeof s->dir) return fault_set(f, FAULT_INPUT, "%s: the path is too long", dir);
    snprintf(s->dir, sizeof s->dir, "%s", dir);
    return true;
}

static void entry_path(const shelf *s, const char *kind, const char *key, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.*s/%.16s/%.64s.kvant", PATH_MAX - 160, s->dir, kind, key);
}

bool shelf_get(const shelf *s, const char *kind, const char key[HASH_HEX], shelf_entry *entry)
{
    *entry = (shelf_entry){ 0 };
    if (!s->dir[0]) return false;
    char path[PATH_MAX];
    entry_path(s, kind, key, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    struct stat st;
    void *map = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(shelf_head))
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED) return false;
    const shelf_head *head = map;
    *entry =
        (shelf_entry){ (const char *)map + sizeof *head, (size_t)st.st_size - sizeof *head, map, (size_t)st.st_size };
    if (memcmp(head->magic, magic, sizeof magic) == 0 && head->n == entry->n) return true;
    shelf_release(entry);
    return false;
}

void shelf_release(shelf_entry *entry)
{
    if (entry->map) munmap(entry->map, entry->map_bytes);
    *entry = (shelf_entry){ 0 };
}

static bool make_directories(const char *file, fault *f)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", file);
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0700) && errno != EEXIST)
            return fault_set(f, FAULT_INPUT, "%s: cannot make the cache directory: %s (--no-cache goes on without)",
                             path, strerror(errno));
        *p = '/';
    }
    return true;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t done = write(fd, p, n > 1 << 30 ? 1 << 30 : n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool write_entry(int fd, const shelf_part *parts, size_t n_parts)
{
    shelf_head head = { 0 };
    memcpy(head.magic, magic, sizeof magic);
    for (size_t i = 0; i < n_parts; i++)
        head.n += parts[i].n;
    bool ok = write_all(fd, &head, sizeof head);
    for (size_t i = 0; ok && i < n_parts; i++)
        ok = write_all(fd, parts[i].bytes, parts[i].n);
    return ok && fdatasync(fd) == 0;
}

bool shelf_put(const shelf *s, const char *kind, const char key[HASH_HEX], const shelf_part *parts, size_t n_parts,
               fault *f)
{
    if (!s->dir[0]) return true;
    char path[PATH_MAX], beside[PATH_MAX + 16];
    entry_path(s, kind, key, path);
    if (!make_directories(path, f)) return false;
    snprintf(beside, sizeof beside, "%s.XXXXXX", path);
    int fd = mkstemp(beside);
    bool ok = fd >= 0 && write_entry(fd, parts, n_parts);
    int why = errno;
    if (fd >= 0 && close(fd) && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(beside, path)) {
        ok = false;
        why = errno;
    }
    if (ok) return true;
    if (fd >= 0) unlink(beside);
    return fault_set(f, FAULT_INPUT,
                     "%s: cannot be kept: %s (--no-cache goes on without, `kvant cache --clear` frees space)", path,
                     strerror(why));
}

/* Entries and what a killed writer left beside them. */
static bool is_ours(const char *name)
{
    return strlen(name) >= 64 + 6 && strncmp(name + 64, ".kvant", 6) == 0;
}

static bool sum_kind(const char *dir, bool clear, size_t *entries, uint64_t *bytes, fault *f)
{
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT || fault_set(f, FAULT_INPUT, "%s: %s", dir, strerror(errno));
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        struct stat st;
        if (!is_ours(e->d_name) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        if (clear && unlinkat(dirfd(d), e->d_name, 0) && errno != ENOENT)
            ok = fault_set(f, FAULT_INPUT, "%s/%s: cannot be deleted: %s", dir, e->d_name, strerror(errno));
        *entries += 1;
        *bytes += (uint64_t)st.st_size;
    }
    closedir(d);
    return ok;
}

bool shelf_sum(const shelf *s, bool clear, size_t *entries, uint64_t *bytes, fault *f)
{
    *entries = 0;
    *bytes = 0;
    for (size_t i = 0; kinds[i]; i++) {
        char dir[PATH_MAX];
        snprintf(dir, sizeof dir, "%.*s/%s", PATH_MAX - 160, s->dir, kinds[i]);
        if (!sum_kind(dir, clear, entries, bytes, f)) return false;
    }
    return true;
}
