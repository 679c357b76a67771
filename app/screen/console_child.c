#include "app/screen/console_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "base/pipe.h"

extern char **environ;

enum { EVENTS_FD = 3, OURS = 4 /* variables we set */ };

static bool is_ours(const char *variable)
{
    static const char *const names[] = { "COLUMNS=", "LINES=", "NO_COLOR=", "TERM=", "KVANT_EVENTS=" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* The environment with our variables; the caller frees the list. columns must live as long. */
static char **environment(char *columns)
{
    static char no_color[] = "NO_COLOR=1", term[] = "TERM=dumb", events[] = "KVANT_EVENTS=3";
    size_t n = 0;
    while (environ && environ[n])
        n++;
    char **list = calloc(n + OURS + 1, sizeof *list);
    if (!list) return NULL;
    char **end = list;
    for (size_t i = 0; i < n; i++)
        if (!is_ours(environ[i])) *end++ = environ[i];
    *end++ = columns;
    *end++ = no_color;
    *end++ = term;
    *end++ = events;
    return list;
}

static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(127);
}

/* In the child, between fork and exec: only what is safe there. */
static void become(char *const *argv, char *const *environment_list, const int *ends, pid_t parent)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH };
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
#else
    (void)parent;
#endif
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ready = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0;
    ready = ready && dup2(ends[CONSOLE_CHILD_OUT], STDOUT_FILENO) >= 0;
    ready = ready && dup2(ends[CONSOLE_CHILD_ERR], STDERR_FILENO) >= 0;
    if (ends[CONSOLE_CHILD_EVENTS] == EVENTS_FD)
        ready = ready && fcntl(EVENTS_FD, F_SETFD, 0) == 0;
    else
        ready = ready && dup2(ends[CONSOLE_CHILD_EVENTS], EVENTS_FD) >= 0;
    if (ready) execve(argv[0], argv, environment_list);
    say("kvant: ");
    say(argv[0]);
    say(": cannot be started\n");
    _exit(127);
}

static void close_all(int *fds)
{
    for (int i = 0; i < CONSOLE_CHILD_PIPES; i++) {
        if (fds[i] >= 0) close(fds[i]);
        fds[i] = -1;
    }
}

/* Neither end outlives an exec; ours does not block. */
static bool open_pipes(int *ours, int *theirs)
{
    for (int i = 0; i < CONSOLE_CHILD_PIPES; i++) {
        int ends[2];
        if (!pipe_open(ends)) return false;
        ours[i] = ends[0];
        theirs[i] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return false;
    }
    return true;
}

bool console_child_start(console_child *c, char *const *argv, int width, fault *f)
{
    char columns[32];
    int theirs[CONSOLE_CHILD_PIPES] = { -1, -1, -1 };
    *c = (console_child){ .pid = -1, .pipe = { -1, -1, -1 } };
    snprintf(columns, sizeof columns, "COLUMNS=%d", width);
    char **list = environment(columns);
    if (!list) return fault_memory(f, "a command's environment");
    const pid_t parent = getpid();
    /* What is sent to the child before it is another program would be noted by our handlers, and lost. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (open_pipes(c->pipe, theirs)) c->pid = fork();
    const int error = errno;
    if (c->pid == 0) become(argv, list, theirs, parent);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(list);
    close_all(theirs);
    if (c->pid > 0) {
        setpgid(c->pid, c->pid); /* whoever comes first: it is there before anyone sends a signal */
        return true;
    }
    close_all(c->pipe);
    c->pid = 0;
    return fault_set(f, FAULT_INTERNAL, "%s: cannot be started: %s", argv[0], strerror(error));
}

void console_child_signal(const console_child *c, int signal_number)
{
    if (c->pid <= 0) return;
    kill(-c->pid, signal_number);
    if (signal_number != SIGKILL) kill(-c->pid, SIGCONT);
}

bool console_child_ended(console_child *c, int *status)
{
    siginfo_t info = { 0 };
    /* Left unreaped until its group is gone, so that the number cannot mean another one. */
    if (c->pid <= 0 || waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
        return false;
    kill(-c->pid, SIGKILL);
    while (waitpid(c->pid, status, 0) < 0 && errno == EINTR) {
    }
    c->pid = 0;
    return true;
}

void console_child_close(console_child *c)
{
    close_all(c->pipe);
}
