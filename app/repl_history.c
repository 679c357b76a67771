#include "app/repl_history.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

#include "app/paths.h"

enum { LINES_KEPT = 5000 };

void repl_history_open(const char *path)
{
    using_history();
    stifle_history(LINES_KEPT);
    if (!paths_make_parent(path, NULL)) return;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return;
    fchmod(fd, 0600);
    close(fd);
    read_history(path);
}

void repl_history_keep(const char *path, const char *line)
{
    if (!line[strspn(line, " \t")] || line[0] == ' ') return;
    const HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (last && strcmp(last->line, line) == 0) return;
    add_history(line);
    append_history(1, path);
}

void repl_history_close(const char *path)
{
    history_truncate_file(path, LINES_KEPT);
    clear_history();
}
