#include "app/page/repeat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/words.h"

static bool put_word(FILE *to, const char *before, const char *word)
{
    size_t n = words_quote(word, NULL, 0);
    char *quoted = malloc(n + 1);
    if (!quoted) return false;
    words_quote(word, quoted, n + 1);
    fprintf(to, "%s%s", before, quoted);
    free(quoted);
    return true;
}

static bool put_line(FILE *to, const store_run *run)
{
    bool snapshot = run->eval > 0;
    bool ok = put_word(to, "kvant run ", run->config.canonical) && put_word(to, " --model ", run->model.path) &&
              put_word(to, " --text ", run->text.name) && put_word(to, " --protocol ", run->protocol);
    fprintf(to, " --ctx %" PRId64, run->ctx);
    if (snapshot) fprintf(to, " --eval %" PRId64, run->eval);
    fprintf(to, " --passages %" PRId64 " --seed %" PRId64, run->passages, run->seed);
    return ok && !ferror(to);
}

char *repeat_command(const store_run *run)
{
    char *line = NULL;
    size_t size;
    FILE *to = open_memstream(&line, &size);
    if (!to) return NULL;
    bool ok = put_line(to, run);
    if (fclose(to) == 0 && ok) return line;
    free(line);
    return NULL;
}
