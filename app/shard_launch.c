/* How engines are told to run the shards of a plan. */
#include "app/shard.h"

#include <stdlib.h>
#include <string.h>

#include "app/words.h"

/* %N: how many, %C: the command, %Q: the command quoted once more, as one word. */
static const struct launch {
    const char *name, *line;
    const char *more; /* what the command needs besides; N stands for %N */
} launches[] = {
    { "slurm", "sbatch --array=1-%N --signal=B:TERM@60 --wrap %Q", "" },
    { "hq", "hq submit --array 1-%N -- %C", " --shards %N" },
    { "pbs", "qsub -J 1-%N -- %C", " --shards %N" },
    { "lsf", "bsub -J 'kvant[1-%N]' %C", "" },
    { "flux", "flux run -n %N %C", "" },
    { "parallel", "seq %N | parallel -q %C", " --shard {}/%N" },
};
enum { LAUNCHES = sizeof launches / sizeof *launches };

const char *shard_engines(void)
{
    return "slurm hq pbs lsf flux parallel";
}

static bool put_pattern(FILE *to, const char *pattern, const char *command, int n)
{
    bool ok = true;
    for (; *pattern; pattern++) {
        const char kind = *pattern == '%' ? *++pattern : '\0';
        if (kind == 'N')
            fprintf(to, "%d", n);
        else if (kind == 'C')
            fputs(command, to);
        else if (kind == 'Q')
            ok = words_put(to, command) && ok;
        else
            fputc(*pattern, to);
    }
    return ok;
}

/* "exec": the batch script's process becomes kvant, so that the engine's signal meets it. */
static char *command_of(const struct launch *l, const char *executable, const char *plan, int n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    if (strstr(l->line, "%Q")) fputs("exec ", to);
    bool ok = words_put(to, executable);
    fputs(" sweep --from ", to);
    ok = words_put(to, plan) && put_pattern(to, l->more, "", n) && ok;
    if (fclose(to) == 0 && ok) return text;
    free(text);
    return NULL;
}

bool shard_launch(FILE *to, const char *engine, const char *executable, const char *plan, int n, fault *f)
{
    for (int i = 0; i < LAUNCHES; i++) {
        if (strcmp(launches[i].name, engine) != 0) continue;
        char *command = command_of(&launches[i], executable, plan, n);
        if (!command) return fault_memory(f, "the line");
        const bool ok = put_pattern(to, launches[i].line, command, n) || fault_memory(f, "the line");
        fputc('\n', to);
        free(command);
        return ok;
    }
    return fault_set(f, FAULT_USAGE, "no engine \"%s\"; there are %s", engine, shard_engines());
}
