#include "app/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char embedded_model[] = "kvant-books-8m-q8_0.gguf";

static bool join(char path[PATH_MAX], const char *directory, const char *name, fault *f)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", directory, name);
    if (n >= 0 && n < PATH_MAX) return true;
    path[0] = '\0';
    return fault_set(f, FAULT_INPUT, "%.200s...: the path is longer than %d bytes", directory, PATH_MAX - 1);
}

static bool find_executable(paths *p, fault *f)
{
    ssize_t n = readlink("/proc/self/exe", p->executable, sizeof p->executable - 1);
    if (n < 0) return fault_set(f, FAULT_INTERNAL, "/proc/self/exe: %s", strerror(errno));
    p->executable[n] = '\0';
    return true;
}

static const char *home_directory(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/') return home;
    const struct passwd *me = getpwuid(getuid());
    return me && me->pw_dir && me->pw_dir[0] == '/' ? me->pw_dir : NULL;
}

/* XDG base directories: a value that is not absolute counts as unset. */
static bool xdg(char path[PATH_MAX], const char *variable, const char *below_home, const char *name, fault *f)
{
    const char *base = getenv(variable);
    char fallback[PATH_MAX];
    if (!base || base[0] != '/') {
        const char *home = home_directory();
        if (!home) return fault_set(f, FAULT_INPUT, "neither HOME nor %s is set to an absolute path", variable);
        if (!join(fallback, home, below_home, f)) return false;
        base = fallback;
    }
    char own[PATH_MAX];
    if (!join(own, base, "kvant", f)) return false;
    if (*name) return join(path, own, name, f);
    memcpy(path, own, sizeof own);
    return true;
}

static bool from_environment(char path[PATH_MAX], const char *variable, bool *given, fault *f)
{
    const char *value = getenv(variable);
    *given = value && *value;
    if (!*given) return true;
    int n = snprintf(path, PATH_MAX, "%s", value);
    if (n >= 0 && n < PATH_MAX) return true;
    return fault_set(f, FAULT_INPUT, "%s: the path is longer than %d bytes", variable, PATH_MAX - 1);
}

/* path becomes directory/name when that exists, else "". */
static bool join_existing(char path[PATH_MAX], const char *directory, const char *name, fault *f)
{
    if (!join(path, directory, name, f)) return false;
    if (access(path, R_OK) != 0) path[0] = '\0';
    return true;
}

static bool find_companions(paths *p, fault *f)
{
    char beside[PATH_MAX];
    snprintf(beside, sizeof beside, "%s", p->executable);
    char *slash = strrchr(beside, '/');
    if (slash) *slash = '\0';
    if (!join_existing(p->models, beside, "models", f)) return false;
    if (!p->models[0] && !join_existing(p->models, beside, "../share/kvant/models", f)) return false;
    if (!join_existing(p->recipes, beside, "recipes", f)) return false;
    if (!p->recipes[0] && !join_existing(p->recipes, beside, "../share/kvant/recipes", f)) return false;
    if (!join_existing(p->plugins[0], beside, "plugins", f)) return false;
    if (!join_existing(p->plugins[1], beside, KVANT_PLUGINS_FROM_BIN, f)) return false;
    bool given;
    if (!from_environment(p->model, "KVANT_MODEL", &given, f)) return false;
    return given || !p->models[0] || join_existing(p->model, p->models, embedded_model, f);
}

bool paths_find(paths *p, fault *f)
{
    *p = (paths){ 0 };
    bool given;
    if (!find_executable(p, f) || !find_companions(p, f)) return false;
    if (!from_environment(p->database, "KVANT_DB", &given, f)) return false;
    if (!given && !xdg(p->database, "XDG_DATA_HOME", ".local/share", "kvant.db", f)) return false;
    return xdg(p->calibrations, "XDG_DATA_HOME", ".local/share", "calibrations", f) &&
           xdg(p->history, "XDG_STATE_HOME", ".local/state", "history", f) &&
           xdg(p->cache, "XDG_CACHE_HOME", ".cache", "", f);
}

bool paths_make_parent(const char *file, fault *f)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s", file);
    if (n < 0 || n >= PATH_MAX) return fault_set(f, FAULT_INPUT, "%.200s...: the path is too long", file);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return fault_set(f, FAULT_INPUT, "%s: %s", path, strerror(errno));
        *slash = '/';
    }
    return true;
}
