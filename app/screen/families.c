#include "app/screen/families.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

extern char **environ;

enum { ANSWER_MOST = 16 << 20 }; /* bytes */

struct families {
    pid_t pid;
    int fd;
    char *text;
    size_t n, room;
};

/* `kvant codecs --json` in a process group of its own, silent. */
static bool start(families *q, app_context *app, int out, fault *f)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&how);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    sigset_t normal, none;
    sigemptyset(&normal);
    sigaddset(&normal, SIGPIPE);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&how, &normal);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    char *words[] = { app->places.executable, "codecs", "--json", NULL };
    const int error = posix_spawn(&q->pid, words[0], &files, &how, words, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    if (error) q->pid = 0;
    return !error || fault_set(f, FAULT_INTERNAL, "the codecs cannot be asked for: %s", strerror(error));
}

families *families_ask(app_context *app, fault *f)
{
    families *q = calloc(1, sizeof *q);
    if (!q) {
        fault_memory(f, "the codecs' families");
        return NULL;
    }
    int ends[2];
    if (pipe(ends) != 0) {
        fault_set(f, FAULT_INTERNAL, "no pipe to the codecs: %s", strerror(errno));
        free(q);
        return NULL;
    }
    q->fd = ends[0];
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    const bool ok = start(q, app, ends[1], f);
    close(ends[1]);
    if (ok) return q;
    families_free(q);
    return NULL;
}

void families_free(families *q)
{
    if (!q) return;
    if (q->fd >= 0) close(q->fd);
    if (q->pid > 0) {
        kill(q->pid, SIGKILL);
        waitpid(q->pid, NULL, 0);
    }
    free(q->text);
    free(q);
}

int families_fd(const families *q)
{
    return q->fd;
}

static bool make_room(families *q)
{
    if (q->room - q->n > 4096) return true;
    const size_t room = q->room ? 2 * q->room : 1 << 16;
    char *grown = room <= ANSWER_MOST ? realloc(q->text, room) : NULL;
    if (!grown) return false;
    q->text = grown;
    q->room = room;
    return true;
}

static catalog *read_answer(const families *q)
{
    cJSON *json = q->text ? cJSON_ParseWithLength(q->text, q->n) : NULL;
    catalog *known = json ? catalog_create(NULL) : NULL;
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(json, "codecs"))
    {
        catalog_codec *codec = known ? catalog_codec_from_json(one, NULL) : NULL;
        if (codec) catalog_add(known, codec, NULL);
    }
    cJSON_Delete(json);
    return known;
}

bool families_take(families *q, catalog **known)
{
    *known = NULL;
    ssize_t n = 0;
    bool room;
    while ((room = make_room(q)) && (n = read(q->fd, q->text + q->n, q->room - q->n)) > 0)
        q->n += (size_t)n;
    if (room && n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (room && n == 0) *known = read_answer(q);
    return true;
}
