#include "app/calibration_files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_path(const char *name)
{
    static const char suffix[] = ".safetensors";
    const size_t n = strlen(name), end = sizeof suffix - 1;
    return strchr(name, '/') || (n > end && strcmp(name + n - end, suffix) == 0);
}

bool calibration_path(const char *directory, const char model_id[HASH_HEX], const char *name, char path[PATH_MAX],
                      fault *f)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    int n;
    if (is_path(name))
        n = snprintf(path, PATH_MAX, "%s", name);
    else if (name[strspn(name, allowed)] || *name == '.')
        return fault_set(f, FAULT_USAGE, "calibration \"%s\": a name is made of letters, digits, '-', '_' and '.'",
                         name);
    else
        n = snprintf(path, PATH_MAX, "%s/%.16s%s%s.safetensors", directory, model_id, *name ? "." : "", name);
    return (n > 0 && n < PATH_MAX) || fault_set(f, FAULT_INPUT, "calibration %s: the path is too long", name);
}

bool calibration_find(const char *directory, const char model_id[HASH_HEX], const char *name, char path[PATH_MAX],
                      fault *f)
{
    if (!calibration_path(directory, model_id, name, path, f)) return false;
    if (access(path, R_OK) == 0) return true;
    if (is_path(name)) return fault_set(f, FAULT_INPUT, "calibration %s: there is no such file", name);
    return fault_set(f, FAULT_INPUT,
                     "a codec of this config must be calibrated, and the model has no calibration%s%s; "
                     "`kvant calibrate%s%s` makes one",
                     *name ? " named " : "", name, *name ? " --name " : "", name);
}
