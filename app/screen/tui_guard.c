#include "app/screen/tui_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All signals that end a program unless it does something about them, those that an instruction causes first; SIGINT,
 * SIGTERM and SIGHUP are the loop's. */
static const int fatal[] = { SIGSEGV, SIGBUS,  SIGFPE,    SIGILL,  SIGABRT, SIGSYS,  SIGTRAP,
                             SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2, SIGXCPU };
static const int noted[] = { SIGWINCH, SIGTSTP, SIGCONT };
enum { N_FAULTS = 4, N_FATAL = sizeof fatal / sizeof *fatal, N_NOTED = sizeof noted / sizeof *noted };

static struct {
    pid_t owner;
    int fd;
    char bytes[1024];
    size_t n;
    struct termios modes;
    struct sigaction fatal_before[N_FATAL], noted_before[N_NOTED];
    stack_t stack;
} guard;
static volatile sig_atomic_t up, resized, stopped, continued;

static void give_back(void)
{
    if (!up || getpid() != guard.owner) return;
    up = 0;
    const char *at = guard.bytes;
    size_t left = guard.n;
    while (left > 0) {
        const ssize_t n = write(guard.fd, at, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        at += n;
        left -= (size_t)n;
    }
    tcsetattr(guard.fd, TCSANOW, &guard.modes);
}

/* What the signal did before it does now: an instruction that faulted faults again, another signal is sent again. */
static void die(int number, siginfo_t *info, void *context)
{
    (void)context;
    const int error = errno;
    give_back();
    bool again = info->si_code <= 0;
    for (size_t i = 0; i < N_FATAL; i++) {
        if (fatal[i] != number) continue;
        sigaction(number, &guard.fatal_before[i], NULL);
        again = again || i >= N_FAULTS;
    }
    if (again) raise(number);
    errno = error;
}

static void note(int number)
{
    if (number == SIGWINCH) resized = 1;
    if (number == SIGTSTP) stopped = 1;
    if (number == SIGCONT) continued = 1;
}

/* A stack that has overflowed cannot run a handler. */
static void prepare_stack(void)
{
    const size_t size = 64 * 1024;
    if (!guard.stack.ss_sp) guard.stack.ss_sp = malloc(size);
    if (!guard.stack.ss_sp) return;
    guard.stack.ss_size = size;
    sigaltstack(&guard.stack, NULL);
}

void guard_begin(int fd, const char *bytes, size_t n, const struct termios *modes)
{
    static bool at_exit;
    guard.owner = getpid();
    guard.fd = fd;
    guard.n = n < sizeof guard.bytes ? n : sizeof guard.bytes;
    memcpy(guard.bytes, bytes, guard.n);
    guard.modes = *modes;
    prepare_stack();
    if (!at_exit) at_exit = atexit(give_back) == 0;
    struct sigaction action = { .sa_sigaction = die, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < N_FATAL; i++)
        sigaction(fatal[i], &action, &guard.fatal_before[i]);
    struct sigaction noting = { .sa_handler = note };
    sigemptyset(&noting.sa_mask);
    for (size_t i = 0; i < N_NOTED; i++)
        sigaction(noted[i], &noting, &guard.noted_before[i]);
    up = 1;
}

void guard_end(void)
{
    up = 0;
    for (size_t i = 0; i < N_FATAL; i++)
        sigaction(fatal[i], &guard.fatal_before[i], NULL);
    for (size_t i = 0; i < N_NOTED; i++)
        sigaction(noted[i], &guard.noted_before[i], NULL);
}

void guard_pause(bool paused)
{
    up = !paused;
}

tui_wishes guard_take(void)
{
    const tui_wishes w = { resized != 0, stopped != 0, continued != 0 };
    if (w.resize) resized = 0;
    if (w.suspend) stopped = 0;
    if (w.redraw) continued = 0;
    return w;
}
