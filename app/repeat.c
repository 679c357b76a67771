#include "app/repeat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/suite.h"
#include "app/words.h"

static bool put_word(FILE *to, const char *before, const char *word)
{
    fputs(before, to);
    return words_put(to, word);
}

/* The options of a suite as they were asked for; a flag has no value. */
static bool put_options(FILE *to, const char *options)
{
    char name[32], value[SUITE_OPTIONS];
    bool ok = true;
    for (size_t at = 0; ok && suite_option_next(options, &at, name, value);) {
        fprintf(to, " --%s", name);
        if (strcmp(value, SUITE_FLAG) != 0) ok = put_word(to, " ", value);
    }
    return ok;
}

static bool put_line(FILE *to, const char *begin, const store_run *run, const char *text)
{
    const bool plain = !*run->suite;
    const char *of_row = suite_plain_text(run->suite, run->text.name);
    if (!text) text = of_row;
    fprintf(to, "%s%s", begin, plain ? "run" : run->suite);
    bool ok = put_word(to, " ", run->config.canonical) && put_word(to, " --model ", run->model.path);
    if (ok && of_row) ok = put_word(to, " --text ", text);
    if (ok && plain) ok = put_word(to, " --protocol ", run->protocol);
    fprintf(to, " --ctx %" PRId64, run->ctx);
    if (plain && run->eval > 0) fprintf(to, " --eval %" PRId64, run->eval);
    if (plain) fprintf(to, " --passages %" PRId64, run->passages);
    fprintf(to, " --seed %" PRId64, run->seed);
    return ok && put_options(to, run->suite_options) && !ferror(to);
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
