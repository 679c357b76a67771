#include "app/wrap.h"

#include <string.h>

void wrap_text(FILE *to, const char *text, int column, int indent, int width)
{
    int at = column;
    const char *gap = "";
    while (*text) {
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(to, "\n\n%*s", indent, "");
            at = indent;
            gap = "";
        }
        text += strspn(text, " \n");
        int n = (int)strcspn(text, " \n");
        if (*gap && at + 1 + n > width) {
            fprintf(to, "\n%*s", indent, "");
            at = indent;
            gap = "";
        }
        fprintf(to, "%s%.*s", gap, n, text);
        at += n + (int)strlen(gap);
        gap = " ";
        text += n;
    }
    fputc('\n', to);
}
