/* Writers that are killed, and writers at the same time. */
#include "tests/store/place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* Adds runs until killed, or n of them; the number of each is written to fd once the store has it. */
static void write_runs(const char *path, int n, int fd)
{
    fault f = { 0 };
    store *s = store_open(path, STORE_WRITE, &f);
    store_layer layers[2 * PLACE_LAYERS];
    store_block blocks[PLACE_BLOCKS];
    sample_parts(layers, blocks);
    for (int i = 0; s && i != n; i++) {
        char config[32];
        snprintf(config, sizeof config, "c%d-%d", (int)getpid(), i);
        store_run run = sample_run(config);
        int64_t id;
        if (!store_add_run(
                s, &run,
                &(store_parts){
                    .layers = layers, .n_layers = 2 * PLACE_LAYERS, .blocks = blocks, .n_blocks = PLACE_BLOCKS },
                &id, &f))
            break;
        if (fd >= 0 && write(fd, &id, sizeof id) != sizeof id) _exit(2);
    }
    if (f.code) fprintf(stderr, "%s\n", f.text);
    store_close(s);
    _exit(f.code ? 1 : 0);
}

static const char incomplete_runs[] =
    "SELECT count(*) FROM runs WHERE (SELECT count(*) FROM run_layers WHERE run = id) <> 8 "
    "OR (SELECT count(*) FROM run_blocks WHERE run = id) <> 12 OR id NOT IN (SELECT id FROM v_runs)";

static void sound(store *s)
{
    assert_int_equal(ask(s, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_int_equal(ask(s, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(ask(s, incomplete_runs), 0);
}

static void killed_writers_lose_no_run_and_leave_none_half_written(void **state)
{
    place *p = *state;
    enum { ROUNDS = 25 };
    int64_t reported = 0, last = 0;
    int round = 0; /* on a machine with much else to do most are killed before they have written anything */
    for (; round < ROUNDS || (reported <= ROUNDS && round < 40 * ROUNDS); round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            write_runs(p->db, -1, ends[1]);
        }
        close(ends[1]);
        pause_ms(3 + (round * 37) % 61); /* the first ones hit the making of the database itself */
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        int64_t id;
        while (read(ends[0], &id, sizeof id) == sizeof id) {
            assert_true(id > last);
            last = id;
            reported++;
        }
        close(ends[0]);
        fault f = { 0 };
        store *s = store_open(p->db, STORE_WRITE, &f);
        if (!s) fail_msg("round %d: %s", round, f.text);
        sound(s);
        int64_t stored = ask(s, "SELECT count(*) FROM runs");
        assert_true(stored >= reported && stored <= reported + round + 1); /* killed between writing and saying so */
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM runs WHERE id = %lld", (long long)last);
        if (last) assert_int_equal(ask(s, sql), 1);
        store_close(s);
    }
    print_message("%d kills, %d runs reported\n", round, (int)reported);
    assert_true(reported > ROUNDS);
}

static void two_processes_write_at_once(void **state)
{
    place *p = *state;
    enum { EACH = 60 };
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) write_runs(p->db, EACH, -1);
    }
    for (int i = 0; i < 2; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    assert_non_null(s);
    sound(s);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), 2 * EACH);
    assert_int_equal(ask(s, "SELECT count(DISTINCT config) FROM runs"), 2 * EACH);
    store_close(s);
}

static void many_processes_may_make_the_database_at_once(void **state)
{
    place *p = *state;
    enum { PROCESSES = 8 };
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) write_runs(p->db, 1, -1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    fault f = { 0 };
    store *s = store_open(p->db, STORE_READ, &f);
    assert_non_null(s);
    sound(s);
    assert_int_equal(ask(s, "SELECT count(*) FROM runs"), PROCESSES);
    store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(killed_writers_lose_no_run_and_leave_none_half_written),
        TEST(two_processes_write_at_once),
        TEST(many_processes_may_make_the_database_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
