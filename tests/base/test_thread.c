/* Which signals a thread beside the main one is there for. */
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <signal.h>

static const int sent[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD, SIGALRM, SIGUSR1 };
static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
enum { N_SENT = sizeof sent / sizeof *sent, N_OWN = sizeof own / sizeof *own };

static sigset_t blocked(void)
{
    sigset_t set;
    sigemptyset(&set);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    return set;
}

static void *look(void *arg)
{
    pthread_sigmask(SIG_SETMASK, NULL, arg);
    return arg;
}

static void what_is_sent_is_left_to_others_and_what_it_causes_is_not(void **state)
{
    (void)state;
    sigset_t inside;
    pthread_t id;
    void *result;
    sigemptyset(&inside);
    assert_int_equal(thread_begin(&id, look, &inside), 0);
    assert_int_equal(pthread_join(id, &result), 0);
    assert_ptr_equal(result, &inside);
    for (size_t i = 0; i < N_SENT; i++)
        assert_int_equal(sigismember(&inside, sent[i]), 1);
    for (size_t i = 0; i < N_OWN; i++)
        assert_int_equal(sigismember(&inside, own[i]), 0);
}

static void who_begins_one_hears_what_it_heard(void **state)
{
    (void)state;
    sigset_t some, inside;
    pthread_t id;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &some, NULL), 0);
    const sigset_t before = blocked();
    assert_int_equal(thread_begin(&id, look, &inside), 0);
    assert_int_equal(pthread_join(id, NULL), 0);
    const sigset_t after = blocked();
    for (int i = 1; i < SIGRTMIN; i++)
        assert_int_equal(sigismember(&before, i), sigismember(&after, i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_left_to_others_and_what_it_causes_is_not),
        cmocka_unit_test(who_begins_one_hears_what_it_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
