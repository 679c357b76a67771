/* A program that another thread starts at the same moment has no end of a pipe. */
#include "base/pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAMS = 200 };

typedef struct starter {
    pid_t ids[PROGRAMS];
    int n;
    atomic_bool over;
} starter;

/* Programs that do nothing for longer than the test takes. */
static void *start(void *arg)
{
    starter *s = arg;
    char *const words[] = { (char *)"sleep", (char *)"1000", NULL }, *const none[] = { NULL };
    for (int i = 0; i < PROGRAMS; i++)
        if (posix_spawnp(&s->ids[s->n], words[0], NULL, NULL, words, none) == 0) s->n++;
    atomic_store(&s->over, true);
    return NULL;
}

/* With one end closed, the end of the file comes: nobody else can write, as soon as a program that is about to begin
 * has begun. */
static bool ends_when_closed(void)
{
    enum { PATIENCE = 20000 };
    int ends[2];
    if (!pipe_open(ends)) return false;
    close(ends[1]);
    struct pollfd fd = { ends[0], POLLIN, 0 };
    const bool ended = poll(&fd, 1, PATIENCE) == 1 && (fd.revents & POLLHUP);
    close(ends[0]);
    return ended;
}

static void no_program_inherits_an_end(void **state)
{
    (void)state;
    starter s = { .n = 0 };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, start, &s), 0);
    bool all_ended = true;
    while (all_ended && !atomic_load(&s.over))
        all_ended = ends_when_closed();
    pthread_join(thread, NULL);
    for (int i = 0; i < s.n; i++) {
        kill(s.ids[i], SIGKILL);
        waitpid(s.ids[i], NULL, 0);
    }
    assert_int_equal(s.n, PROGRAMS);
    assert_true(all_ended);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    int ends[2];
    char byte = 0;
    assert_true(pipe_open(ends));
    for (int i = 0; i < 2; i++)
        assert_true(fcntl(ends[i], F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    for (int i = 0; i < 2; i++)
        close(ends[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_program_inherits_an_end),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
