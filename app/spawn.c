#include "app/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

extern char **environ;

static int set_files(posix_spawn_file_actions_t *actions, const spawn_how *how)
{
    int failed = 0;
    for (int i = 0; i < 3 && !failed; i++) {
        if (how->files[i] == SPAWN_NOTHING)
            failed = posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
        else
            failed = posix_spawn_file_actions_adddup2(actions, how->files[i], i);
    }
    /* Onto itself: it stays open there. */
    if (!failed && how->also > 0) failed = posix_spawn_file_actions_adddup2(actions, how->also, how->also);
    return failed;
}

static int set_attributes(posix_spawnattr_t *attributes, const spawn_how *how)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = 0;
    if (how->group) flags |= POSIX_SPAWN_SETPGROUP;
    if (how->fresh) flags |= POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int failed = posix_spawnattr_setpgroup(attributes, 0);
    if (!failed) failed = posix_spawnattr_setsigmask(attributes, &none);
    if (!failed) failed = posix_spawnattr_setsigdefault(attributes, &all);
    return failed ? failed : posix_spawnattr_setflags(attributes, flags);
}

int spawn_start(pid_t *pid, char *const *words, const spawn_how *how)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    failed = set_files(&actions, how);
    if (!failed) failed = set_attributes(&attributes, how);
    if (!failed) failed = posix_spawn(pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}
