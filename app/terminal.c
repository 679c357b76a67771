#include "app/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool locale_is_utf8(void)
{
    const char *locale = environment("LC_ALL");
    if (!locale) locale = environment("LC_CTYPE");
    if (!locale) locale = environment("LANG");
    const char *charset = locale ? strchr(locale, '.') : NULL;
    return charset && (strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
}

terminal terminal_probe(int fd, terminal_color color, bool ascii)
{
    terminal t = { .fd = fd, .is_tty = isatty(fd) == 1 };
    const char *term = environment("TERM");
    t.moves = t.is_tty && term && strcmp(term, "dumb") != 0;
    bool wanted = t.moves && !environment("NO_COLOR");
    t.color = color == TERMINAL_COLOR_ALWAYS || (color == TERMINAL_COLOR_AUTO && wanted);
    t.utf8 = !ascii && locale_is_utf8();
    return t;
}

const char *terminal_style(const terminal *t, terminal_look look)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m", [STYLE_DIM] = "\033[2m",     [STYLE_GOOD] = "\033[32m",
        [STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m", [STYLE_ACCENT] = "\033[36m",
    };
    return t->color ? sequences[look] : "";
}

static int sensible(const char *text)
{
    char *end;
    long n = text ? strtol(text, &end, 10) : 0;
    return n > 0 && n <= 10000 && !*end ? (int)n : 0;
}

int terminal_width(const terminal *t)
{
    int columns = sensible(environment("COLUMNS"));
    struct winsize size;
    if (!columns && t->is_tty && ioctl(t->fd, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    return columns ? columns : 80;
}

/* A signal handler has no argument to carry state in: these are the program's only variables that change and are not
 * passed around. Any thread may run the handler, and any may ask. */
static atomic_bool interrupts;
static atomic_bool endings;
_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a handler must not wait for a lock");

static void note(int signal_number)
{
    if (signal_number == SIGINT)
        atomic_store(&interrupts, true);
    else if (signal_number != SIGWINCH)
        atomic_store(&endings, true);
}

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };

bool terminal_watch_signals(fault *f)
{
    struct sigaction action = { .sa_handler = note };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        struct sigaction old;
        action.sa_flags = watched[i] == SIGWINCH ? SA_RESTART : 0; /* a new size is no reason to end a write */
        if (sigaction(watched[i], NULL, &old) != 0 ||
            (old.sa_handler != SIG_IGN && sigaction(watched[i], &action, NULL) != 0))
            return fault_set(f, FAULT_INTERNAL, "signal %d cannot be watched: %s", watched[i], strerror(errno));
    }
    action = (struct sigaction){ .sa_handler = SIG_IGN };
    if (sigaction(SIGPIPE, &action, NULL) != 0)
        return fault_set(f, FAULT_INTERNAL, "SIGPIPE cannot be ignored: %s", strerror(errno));
    action =
        (struct sigaction){ .sa_handler = SIG_DFL }; /* who started us may have ignored it: children would be lost */
    if (sigaction(SIGCHLD, &action, NULL) != 0)
        return fault_set(f, FAULT_INTERNAL, "SIGCHLD cannot be watched: %s", strerror(errno));
    return true;
}

bool terminal_interrupted(void)
{
    return atomic_load(&interrupts) || atomic_load(&endings);
}

bool terminal_ended(void)
{
    return atomic_load(&endings);
}

void terminal_resume(void)
{
    atomic_store(&interrupts, false);
}

bool terminal_wait(int fd)
{
    /* Blocked while looking, open while waiting: no signal can slip in between. */
    sigset_t block, before;
    sigemptyset(&block);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        sigaddset(&block, watched[i]);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    bool ready = false;
    if (!terminal_interrupted() && fd < FD_SETSIZE) {
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        ready = pselect(fd + 1, &set, NULL, NULL, NULL, &before) > 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ready;
}
