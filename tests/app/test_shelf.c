/* Kept files appear whole or not at all, are found only as they were written, and go in order of use. */
#include "app/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <cmocka.h>

#include "tests/scratch.h"

/* What is said on stderr is not for this test. */
static int silence(void)
{
    fflush(stderr);
    const int kept = dup(STDERR_FILENO), none = open("/dev/null", O_WRONLY);
    dup2(none, STDERR_FILENO);
    close(none);
    return kept;
}

static void speak(int kept)
{
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
}

/* A key of one letter. */
static void name_key(char key[HASH_HEX], int letter)
{
    memset(key, letter, HASH_HEX - 1);
    key[HASH_HEX - 1] = '\0';
}

static void kept_entries_are_whole_or_absent(void **state)
{
    const char *dir = *state;
    char key[HASH_HEX], path[256];
    fault f = { 0 };
    shelf s;
    shelf_entry e;
    size_t n;
    uint64_t bytes;
    name_key(key, 'a');
    assert_true(shelf_open(&s, dir, &f));
    assert_false(shelf_get(&s, "reference", key, &e));
    shelf_part parts[] = { { "hello ", 6 }, { "world", 5 } };
    assert_true(shelf_put(&s, "reference", key, parts, 2, &f));
    assert_true(shelf_get(&s, "reference", key, &e));
    assert_int_equal(e.n, 11);
    assert_memory_equal(e.bytes, "hello world", 11);
    assert_int_equal((uintptr_t)e.bytes % 64, 0);
    assert_true(shelf_sum(&s, &n, &bytes, &f));
    assert_int_equal(n, 1);
    assert_true(shelf_trim(&s, 0, &f));
    assert_memory_equal(e.bytes, "hello world", 11); /* deleted, but still mapped here */
    shelf_release(&e);
    assert_false(shelf_get(&s, "reference", key, &e));
    /* A file that was cut short is not found. */
    assert_true(shelf_put(&s, "reference", key, parts, 2, &f));
    snprintf(path, sizeof path, "%s/reference/%s.kvant", dir, key);
    assert_int_equal(truncate(path, 70), 0);
    assert_false(shelf_get(&s, "reference", key, &e));
    assert_true(shelf_trim(&s, 0, &f));
}

/* Head, numbers and bytes: nothing that a disk changes is taken for what was kept. */
static void an_entry_with_one_bit_changed_is_thrown_away(void **state)
{
    enum { N = 300, HEAD = 64 };
    const char *dir = *state;
    char key[HASH_HEX], path[256], text[N];
    fault f = { 0 };
    shelf s;
    shelf_entry e;
    name_key(key, 'a');
    memset(text, 'x', sizeof text);
    snprintf(path, sizeof path, "%s/reference/%s.kvant", dir, key);
    assert_true(shelf_open(&s, dir, &f));
    const int warnings = silence();
    for (int at = 0; at < HEAD + N; at += at < 24 || at > HEAD ? 1 : 7) {
        assert_true(shelf_put(&s, "reference", key, &(shelf_part){ text, N }, 1, &f));
        const int fd = open(path, O_RDWR);
        unsigned char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (unsigned char)(1 << at % 8);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
        const bool used = at < 24 || at >= HEAD; /* the rest of the head means nothing */
        const bool found = shelf_get(&s, "reference", key, &e);
        if (found == used) fail_msg("byte %d", at);
        if (used && access(path, F_OK) == 0) fail_msg("byte %d: it is still there", at);
        shelf_release(&e);
    }
    speak(warnings);
    assert_true(shelf_trim(&s, 0, &f));
}

/* One byte of the file, at `at`. keep: as a disk changes it, without a trace in the file's times. */
static void flip(const char *path, off_t at, bool keep)
{
    unsigned char byte = 0;
    struct stat st;
    const int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &st) == 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 16;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    const struct timespec times[] = { st.st_atim, st.st_mtim };
    if (keep) assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void an_entry_is_checked_again_after_a_day_or_a_write(void **state)
{
    const char *dir = *state;
    char key[HASH_HEX], path[256];
    fault f = { 0 };
    shelf s;
    shelf_entry e;
    name_key(key, 'a');
    snprintf(path, sizeof path, "%s/reference/%s.kvant", dir, key);
    assert_true(shelf_open(&s, dir, &f));
    const int warnings = silence();
    static const struct {
        bool read, write; /* before it is damaged: it was checked; as the damage is done: by somebody who writes */
        int hours;        /* ago */
        bool found;
    } cases[] = { { false, false, 0, false }, { true, false, 0, true },   { true, true, 0, false },
                  { true, false, 23, true },  { true, false, 25, false }, { true, false, -1, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stat st;
        assert_true(shelf_put(&s, "reference", key, &(shelf_part){ "hello", 5 }, 1, &f));
        if (cases[i].read) assert_true(shelf_get(&s, "reference", key, &e));
        if (cases[i].read) shelf_release(&e);
        assert_int_equal(stat(path, &st), 0);
        const struct timespec ago[] = { { .tv_nsec = UTIME_OMIT },
                                        { st.st_mtim.tv_sec - 3600 * cases[i].hours, st.st_mtim.tv_nsec } };
        assert_int_equal(utimensat(AT_FDCWD, path, ago, 0), 0);
        flip(path, 66, !cases[i].write);
        if (shelf_get(&s, "reference", key, &e) != cases[i].found) fail_msg("case %zu", i);
        shelf_release(&e);
    }
    /* Cut off within its head, without a trace, too: there is no time at which such a file is sound. */
    struct stat st;
    assert_true(shelf_put(&s, "reference", key, &(shelf_part){ "hello", 5 }, 1, &f));
    assert_true(shelf_get(&s, "reference", key, &e));
    shelf_release(&e);
    assert_true(stat(path, &st) == 0 && truncate(path, 40) == 0);
    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){ st.st_atim, st.st_mtim }, 0), 0);
    assert_false(shelf_get(&s, "reference", key, &e));
    speak(warnings);
    assert_true(shelf_trim(&s, 0, &f));
}

static void the_least_used_entries_go_first(void **state)
{
    const char *dir = *state;
    char keys[4][HASH_HEX], block[1000] = { 0 };
    fault f = { 0 };
    shelf s;
    shelf_entry e;
    assert_true(shelf_open(&s, dir, &f));
    for (int i = 0; i < 4; i++) {
        name_key(keys[i], 'a' + i);
        assert_true(shelf_put(&s, "self", keys[i], &(shelf_part){ block, sizeof block }, 1, &f));
        usleep(20000);
    }
    assert_true(shelf_get(&s, "self", keys[0], &e)); /* checked */
    shelf_release(&e);
    for (int i = 0; i < 4; i++) { /* the first longest ago; no system that mounts with relatime notes a use by itself */
        char path[HASH_HEX + 64];
        struct stat st;
        snprintf(path, sizeof path, "%s/self/%.64s.kvant", dir, keys[i]);
        assert_int_equal(stat(path, &st), 0);
        const struct timespec times[] = { { st.st_mtim.tv_sec - 3000 + 100 * i, 0 },
                                          { st.st_mtim.tv_sec - 7200, st.st_mtim.tv_nsec } };
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    assert_true(shelf_get(&s, "self", keys[0], &e)); /* used: now the youngest */
    shelf_release(&e);
    assert_true(shelf_trim(&s, 2500, &f)); /* two entries of 1064 bytes fit */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(shelf_get(&s, "self", keys[i], &e), i == 0 || i == 3);
        shelf_release(&e);
    }
    assert_true(shelf_trim(&s, 0, &f));
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    const char *dir = *state;
    char key[HASH_HEX];
    fault f = { 0 };
    shelf s;
    size_t n;
    uint64_t bytes;
    name_key(key, 'b');
    assert_true(shelf_open(&s, dir, &f));
    /* A limit on file size stands for the full disk: write fails in the middle in the same way. */
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){ 4096, old.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char *block = calloc(1, 10000);
    assert_non_null(block);
    bool put = shelf_put(&s, "self", key, &(shelf_part){ block, 10000 }, 1, &f);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    free(block);
    assert_false(put);
    assert_int_equal(f.code, FAULT_INPUT);
    assert_non_null(strstr(f.text, "cannot be kept"));
    assert_true(shelf_sum(&s, &n, &bytes, &f));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_entries_are_whole_or_absent, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(an_entry_with_one_bit_changed_is_thrown_away, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(an_entry_is_checked_again_after_a_day_or_a_write, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(the_least_used_entries_go_first, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_nothing_behind, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
