#include "app/page/escape.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "app/columns.h"

static const char unknown[] = "\xef\xbf\xbd";

typedef struct entity {
    char character;
    const char *text;
} entity;

static const entity markup[] = {
    { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }, { 0 },
};

/* What begins something in a line of Markdown, or in HTML, which Markdown passes on. */
static const entity markdown[] = {
    { '&', "&amp;" },
    { '<', "&lt;" },
    { '>', "&gt;" },
    { '*', "&#42;" },
    { '_', "&#95;" },
    { '`', "&#96;" },
    { '[', "&#91;" },
    { ']', "&#93;" },
    { '#', "&#35;" },
    { '\\', "&#92;" },
    { '|', "&#124;" },
    { '~', "&#126;" },
    { '!', "&#33;" },
    { ':', "&#58;" },
    { '@', "&#64;" },
    { '\n', " " },
    { '\r', " " },
    { '\t', " " },
    { 0 },
};

static const char *entity_of(const entity *table, int32_t point)
{
    for (; table->character; table++)
        if (table->character == point) return table->text;
    return NULL;
}

static bool is_control(int32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/* U+FFFE and U+FFFF are no characters of XML, nor are surrogates. */
static bool is_character(int32_t point)
{
    if (point == '\n' || point == '\t' || point == '\r') return true;
    return !is_control(point) && point != 0xfffe && point != 0xffff && !(point >= 0xd800 && point < 0xe000);
}

static void put(FILE *to, const char *text, size_t n, const entity *table, int most)
{
    for (size_t i = 0; i < n;) {
        if (most-- == 0) {
            fputs("\u2026", to);
            return;
        }
        int32_t point;
        size_t taken = columns_decode(text + i, n - i, &point);
        const char *instead = is_character(point) ? entity_of(table, point) : unknown;
        if (instead)
            fputs(instead, to);
        else
            fwrite(text + i, 1, taken, to);
        i += taken;
    }
}

void escape_markup(FILE *to, const char *text)
{
    put(to, text, strlen(text), markup, INT_MAX);
}

void escape_markup_part(FILE *to, const char *text, size_t n)
{
    put(to, text, n, markup, INT_MAX);
}

void escape_markup_cut(FILE *to, const char *text, int most)
{
    size_t n = strlen(text);
    int length = 0;
    int32_t point;
    for (size_t i = 0; i < n; length++)
        i += columns_decode(text + i, n - i, &point);
    put(to, text, n, markup, length > most ? most - 1 : INT_MAX);
}

void escape_markdown(FILE *to, const char *text)
{
    put(to, text, strlen(text), markdown, INT_MAX);
}

void escape_markdown_code(FILE *to, const char *text)
{
    bool plain = *text && text[0] != ' ' && text[strlen(text) - 1] != ' ';
    for (const char *c = text; plain && *c; c++)
        plain = *c != '`' && *c != '\\' && *c != '|' && !is_control((unsigned char)*c < 0x80 ? *c : 'x');
    if (!plain) {
        escape_markdown(to, text);
        return;
    }
    fputc('`', to);
    escape_block(to, text);
    fputc('`', to);
}

void escape_block(FILE *to, const char *text)
{
    put(to, text, strlen(text), &(entity){ 0 }, INT_MAX);
}

int escape_fence(const char *text)
{
    int longest = 2, run = 0;
    for (; *text; text++) {
        run = *text == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    return longest + 1;
}

void escape_json(FILE *to, const char *text)
{
    size_t n = strlen(text);
    fputc('"', to);
    for (size_t i = 0; i < n;) {
        int32_t point;
        size_t taken = columns_decode(text + i, n - i, &point);
        if (point < 0)
            fputs(unknown, to);
        else if (point == '"' || point == '\\')
            fprintf(to, "\\%c", (char)point);
        else if (is_control(point) || (point < 0x80 && strchr("<>&", (int)point)) || point == 0x2028 || point == 0x2029)
            fprintf(to, "\\u%04x", (unsigned)point);
        else
            fwrite(text + i, 1, taken, to);
        i += taken;
    }
    fputc('"', to);
}

void escape_utf8(FILE *to, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        int32_t point;
        size_t taken = columns_decode(text + i, n - i, &point);
        if (point < 0)
            fputs(unknown, to);
        else
            fwrite(text + i, 1, taken, to);
        i += taken;
    }
}

void escape_sql(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'') fputc('\'', to);
        fputc(*text, to);
    }
    fputc('\'', to);
}

void escape_number(FILE *to, double value, int digits)
{
    if (isfinite(value))
        fprintf(to, "%.*g", digits, value);
    else
        fputs("null", to);
}
