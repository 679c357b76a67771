/* Reading one option's value: the types of options and the sentences for values that do not fit. */
#include "app/command.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool wrong(const command_option *o, const char *who, const char *text, const char *wanted, fault *f)
{
    return fault_set(f, FAULT_USAGE, "%s: option --%s is \"%s\", but must be %s", who, o->name, text, wanted);
}

static bool in_range(const command_option *o, const char *who, const char *text, double value, fault *f)
{
    if (value >= o->min && value <= o->max) return true;
    return fault_set(f, FAULT_USAGE, "%s: option --%s is %s, but must lie in %.15g ... %.15g", who, o->name, text,
                     o->min, o->max);
}

static bool read_whole(const char *text, long long *value, char **end)
{
    errno = 0;
    *value = strtoll(text, end, 10);
    return *end != text && errno == 0;
}

static bool read_int(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    char *end;
    long long n;
    if (!read_whole(text, &n, &end) || *end) return wrong(o, who, text, "a whole number", f);
    value->i = n;
    return in_range(o, who, text, (double)n, f);
}

static bool read_size(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    static const char suffixes[] = "kMG";
    char *end;
    long long n;
    const char *wanted = "a whole number, perhaps with k, M or G behind it";
    if (!read_whole(text, &n, &end)) return wrong(o, who, text, wanted, f);
    if (*end) {
        const char *suffix = strchr(suffixes, *end);
        if (!suffix || end[1]) return wrong(o, who, text, wanted, f);
        int shift = 10 * (int)(suffix - suffixes + 1);
        if (n > (INT64_MAX >> shift) || n < 0) return wrong(o, who, text, "a number that fits 63 bits", f);
        n = (long long)((unsigned long long)n << shift);
    }
    value->i = n;
    return in_range(o, who, text, (double)n, f);
}

static bool read_real(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    char *end;
    value->r = strtod(text, &end);
    if (end == text || *end || !isfinite(value->r)) return wrong(o, who, text, "a number", f);
    return in_range(o, who, text, value->r, f);
}

static bool read_choice(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    size_t n = strlen(text);
    int64_t index = 0;
    for (const char *word = o->choices; *word; index++) {
        size_t length = strcspn(word, " ");
        if (length == n && memcmp(word, text, n) == 0) {
            value->i = index;
            return true;
        }
        word += length + (word[length] == ' ');
    }
    return fault_set(f, FAULT_USAGE, "%s: option --%s is \"%s\", but must be one of: %s", who, o->name, text,
                     o->choices);
}

static bool read_text(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    (void)value;
    return *text || wrong(o, who, text, "a text that is not empty", f);
}

bool option_read(const command_option *o, const char *who, const char *text, option_value *value, fault *f)
{
    static bool (*const readers[])(const command_option *, const char *, const char *, option_value *, fault *) = {
        [OPTION_INT] = read_int,   [OPTION_SIZE] = read_size,     [OPTION_REAL] = read_real,
        [OPTION_TEXT] = read_text, [OPTION_CHOICE] = read_choice,
    };
    *value = (option_value){ .text = text };
    if (o->type == OPTION_FLAG) return true;
    return readers[o->type](o, who, text, value, f);
}
