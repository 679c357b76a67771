#include "app/shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/checksum.h"

/* An entry's first 64 bytes: the magic, the payload's size and sum, zeros. */
typedef struct shelf_head {
    char magic[8];
    uint64_t n, sum;
    char zeros[40];
} shelf_head;

static const char magic[8] = "kvant\0\2", older_magic[8] = "kvant\0\1"; /* without a sum */
static const char *const kinds[] = { "reference", "self", "tokens", "hashes", "verify", NULL };

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

/* Reads as far as the file goes or n bytes: how many, or -1. */
static ssize_t read_all(int fd, void *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t some = read(fd, (char *)bytes + done, n - done);
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) return -1;
        if (some == 0) break;
        done += (size_t)some;
    }
    return (ssize_t)done;
}

typedef enum entry_state { ENTRY_SOUND, ENTRY_OLDER, ENTRY_DAMAGED } entry_state;

/* Reads it piece by piece, so that no memory but the system's own cache holds it. */
static entry_state check_entry(int fd, off_t size)
{
    shelf_head head;
    unsigned char piece[64 << 10];
    checksum sum;
    ssize_t some;
    if (read_all(fd, &head, sizeof head) != (ssize_t)sizeof head) return ENTRY_DAMAGED;
    if (memcmp(head.magic, older_magic, sizeof magic) == 0) return ENTRY_OLDER;
    if (memcmp(head.magic, magic, sizeof magic) != 0 || head.n != (uint64_t)size - sizeof head) return ENTRY_DAMAGED;
    checksum_start(&sum);
    while ((some = read_all(fd, piece, sizeof piece)) > 0)
        checksum_bytes(&sum, piece, (size_t)some);
    return some == 0 && checksum_finish(&sum) == head.sum ? ENTRY_SOUND : ENTRY_DAMAGED;
}

/* Reading all of an entry takes a tenth of the time that a short run with it takes: once a day is enough, unless
 * somebody writes to it. So the time of its last change is what it was checked at, with a fraction of a second that no
 * writing gives it, and the time of its last access what it was used at. */
enum { CHECKED_NS = 271828000, CHECKED_S = 24 * 3600 };

static bool was_checked(const struct stat *st)
{
    const time_t age = time(NULL) - st->st_mtim.tv_sec;
    return st->st_size >= (off_t)sizeof(shelf_head) && st->st_mtim.tv_nsec == CHECKED_NS && age >= 0 && age < CHECKED_S;
}

/* No harm if it fails. */
static void note_use(int fd, bool checked)
{
    struct timespec times[] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
    if (checked) times[1] = (struct timespec){ time(NULL), CHECKED_NS };
    futimens(fd, times);
}

/* Who asks makes it anew, and must not find it again when that fails. On stderr, because nothing is wrong with what is
 * being done, only with the disk. */
static void throw_away(const char *path)
{
    const bool gone = unlink(path) == 0;
    fprintf(stderr, "kvant: %s: what was kept here is damaged%s; it is made anew\n", path,
            gone ? " and was thrown away" : "");
}

bool shelf_get(const shelf *s, const char *kind, const char key[HASH_HEX], shelf_entry *entry)
{
    *entry = (shelf_entry){ 0 };
    if (!s->dir[0]) return false;
    char path[PATH_MAX];
    entry_path(s, kind, key, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe in its place would never open */
    if (fd < 0) return false;
    struct stat st;
    const bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode), checks = is_file && !was_checked(&st);
    const entry_state state = !is_file ? ENTRY_OLDER : checks ? check_entry(fd, st.st_size) : ENTRY_SOUND;
    void *map = MAP_FAILED;
    if (state == ENTRY_SOUND) map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map != MAP_FAILED) note_use(fd, checks);
    close(fd);
    if (state == ENTRY_DAMAGED) throw_away(path);
    if (map == MAP_FAILED) return false;
    const size_t head = sizeof(shelf_head);
    *entry = (shelf_entry){ (const char *)map + head, (size_t)st.st_size - head, map, (size_t)st.st_size };
    return true;
}

void shelf_release(shelf_entry *entry)
{
    if (entry->map) munmap(entry->map, entry->map_bytes);
    *entry = (shelf_entry){ 0 };
}

void shelf_forget(const shelf_entry *entry, const void *from, size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), at = (size_t)((const char *)from - (const char *)entry->map);
    const size_t begin = (at + page - 1) / page * page, end = (at + n) / page * page; /* whole pages of these bytes */
    if (entry->map && begin < end) madvise((char *)entry->map + begin, end - begin, MADV_DONTNEED);
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
    checksum sum;
    memcpy(head.magic, magic, sizeof magic);
    checksum_start(&sum);
    for (size_t i = 0; i < n_parts; i++) {
        head.n += parts[i].n;
        checksum_bytes(&sum, parts[i].bytes, parts[i].n);
    }
    head.sum = checksum_finish(&sum);
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

/* ---- all entries ---- */

typedef struct kept_file {
    char path[PATH_MAX];
    struct timespec used; /* when it was last put or found */
    uint64_t bytes;
} kept_file;

typedef struct kept_list {
    kept_file *items;
    size_t n, room;
    uint64_t bytes;
} kept_list;

/* Entries and what a killed writer left beside them. */
static bool is_ours(const char *name)
{
    return strlen(name) >= 64 + 6 && strncmp(name + 64, ".kvant", 6) == 0;
}

static bool add_kept(kept_list *list, const char *dir, const char *name, const struct stat *st, fault *f)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        kept_file *grown = reallocarray(list->items, room, sizeof *grown);
        if (!grown) return fault_memory(f, "the list of kept files");
        list->items = grown;
        list->room = room;
    }
    kept_file *k = &list->items[list->n++];
    snprintf(k->path, sizeof k->path, "%.*s/%.96s", PATH_MAX - 100, dir, name);
    k->used = st->st_atim;
    k->bytes = (uint64_t)st->st_size;
    list->bytes += k->bytes;
    return true;
}

static bool list_kind(const char *dir, kept_list *list, fault *f)
{
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT || fault_set(f, FAULT_INPUT, "%s: %s", dir, strerror(errno));
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        struct stat st;
        if (is_ours(e->d_name) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            ok = add_kept(list, dir, e->d_name, &st, f);
    }
    closedir(d);
    return ok;
}

static bool list_all(const shelf *s, kept_list *list, fault *f)
{
    for (size_t i = 0; kinds[i]; i++) {
        char dir[PATH_MAX];
        snprintf(dir, sizeof dir, "%.*s/%s", PATH_MAX - 160, s->dir, kinds[i]);
        if (!list_kind(dir, list, f)) return false;
    }
    return true;
}

static int by_use(const void *a, const void *b)
{
    const struct timespec *x = &((const kept_file *)a)->used, *y = &((const kept_file *)b)->used;
    if (x->tv_sec != y->tv_sec) return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

bool shelf_sum(const shelf *s, size_t *entries, uint64_t *bytes, fault *f)
{
    kept_list list = { 0 };
    bool ok = list_all(s, &list, f);
    *entries = list.n;
    *bytes = list.bytes;
    free(list.items);
    return ok;
}

bool shelf_trim(const shelf *s, uint64_t most, fault *f)
{
    kept_list list = { 0 };
    bool ok = !s->dir[0] || list_all(s, &list, f);
    if (list.n > 0) qsort(list.items, list.n, sizeof *list.items, by_use);
    for (size_t i = 0; ok && i < list.n && list.bytes > most; i++) {
        if (unlink(list.items[i].path) && errno != ENOENT)
            ok = fault_set(f, FAULT_INPUT, "%s: cannot be deleted: %s", list.items[i].path, strerror(errno));
        list.bytes -= list.items[i].bytes;
    }
    free(list.items);
    return ok;
}
