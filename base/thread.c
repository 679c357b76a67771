#include "base/thread.h"

#include <signal.h>
#include <stddef.h>

int thread_begin(pthread_t *id, void *(*run)(void *arg), void *arg)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    sigset_t sent, before;
    sigfillset(&sent);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&sent, own[i]);
    pthread_sigmask(SIG_SETMASK, &sent, &before);
    const int failed = pthread_create(id, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}
