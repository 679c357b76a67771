#include "app/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

extern char **environ;

static int set_files(posix_spawn_file_actions_t *actions, const int files[3])
{
    int failed = 0;
    for (int i = 0; i < 3 && !failed; i++)
        failed = files[i] != SPAWN_NOTHING
                     ? posix_spawn_file_actions_adddup2(actions, files[i], i)
                     : posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
    return failed;
}

static int set_signals(posix_spawnattr_t *attributes, bool fresh)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    short flags = POSIX_SPAWN_SETPGROUP;
    if (fresh) flags |= POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int failed = posix_spawnattr_setpgroup(attributes, 0);
    if (!failed) failed = posix_spawnattr_setsigmask(attributes, &none);
    if (!failed) failed = posix_spawnattr_setsigdefault(attributes, &all);
    return failed ? failed : posix_spawnattr_setflags(attributes, flags);
}

int spawn_group(pid_t *pid, char *const *words, const int files[3], bool fresh)
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
    failed = set_files(&actions, files);
    if (!failed) failed = set_signals(&attributes, fresh);
    if (!failed) failed = posix_spawn(pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}
