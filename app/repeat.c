#include "app/repeat.h"

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

static bool put_line(FILE *to, const char *begin, const store_run *run, const char *text)
{
    bool snapshot = run->eval > 0;
    fputs(begin, to);
    bool ok = put_word(to, " ", run->config.canonical) && put_word(to, " --model ", run->model.path) &&
              put_word(to, " --text ", text ? text : run->text.name) && put_word(to, " --protocol ", run->protocol);
    fprintf(to, " --ctx %" PRId64, run->ctx);
    if (snapshot) fprintf(to, " --eval %" PRId64, run->eval);
    fprintf(to, " --passages %" PRId64 " --seed %" PRId64, run->passages, run->seed);
    return ok && !ferror(to);
}

char *repeat_line(const char *begin, const store_run *run, const char *text)
{
    char *line = NULL;
    size_t size;
    FILE *to = open_memstream(&line, &size);
    if (!to) return NULL;
    bool ok = put_line(to, begin, run, text);
    if (fclose(to) == 0 && ok) return line;
    free(line);
    return NULL;
}
