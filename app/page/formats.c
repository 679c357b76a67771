#include "app/page/formats.h"

#include <stdlib.h>
#include <string.h>

char *formats_title(const page_report *r)
{
    if (r->request.title && *r->request.title) return strdup(r->request.title);
    char *name = r->n_sets == 1 ? gather_set_name(&r->sets[0]) : NULL, *title = NULL;
    size_t size;
    FILE *to = open_memstream(&title, &size);
    if (to) fprintf(to, "KV-cache compression%s%s", name ? ": " : "", name ? name : "");
    if (to && fclose(to) != 0) {
        free(title);
        title = NULL;
    }
    free(name);
    return title;
}

void formats_verdict(FILE *to, const char *verdict)
{
    for (; *verdict; verdict++)
        fputs(*verdict == '*' ? "\u2605" : (char[]){ *verdict, 0 }, to);
}
