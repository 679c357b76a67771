#include "app/screen/lua_text.h"

#include <stdbool.h>
#include <string.h>

void lua_text_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\%03d", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static bool is_name(const char *name)
{
    static const char *const taken[] = { "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
                                         "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
                                         "repeat",   "return", "then", "true", "until",  "while" };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", digits[] = "0123456789";
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(taken[i], name) == 0) return false;
    if (!*name || strchr(digits, *name)) return false;
    for (; *name; name++)
        if (!strchr(letters, *name) && !strchr(digits, *name)) return false;
    return true;
}

void lua_text_key(FILE *out, const char *name)
{
    const bool bare = is_name(name);
    if (!bare) fputs("[\"", out);
    for (; *name; name++)
        fputc(*name == '-' ? '_' : *name, out);
    if (!bare) fputs("\"]", out);
}
