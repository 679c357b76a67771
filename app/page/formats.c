#include "app/page/formats.h"

#include <stdlib.h>
#include <string.h>

char *formats_title(const page_report *r)
{
    if (r->request.title && *r->request.title) return strdup(r->request.title);
    char *title = NULL;
    size_t size;
    FILE *to = open_memstream(&title, &size);
    if (!to) return NULL;
    fputs("KV-cache compression", to);
    if (r->n_sets == 1) fprintf(to, " of %s", r->sets[0].runs[0].run.model.name);
    if (fclose(to) == 0) return title;
    free(title);
    return NULL;
}

void formats_verdict(FILE *to, const char *verdict)
{
    for (; *verdict; verdict++)
        fputs(*verdict == '*' ? "\u2605" : (char[]){ *verdict, 0 }, to);
}
