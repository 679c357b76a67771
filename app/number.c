#include "app/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The thread's locale may have a comma for the decimal point; put it back with uselocale(before). */
static locale_t enter_c_locale(locale_t *c)
{
    *c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t before)
{
    if (!c) return;
    uselocale(before);
    freelocale(c);
}

bool number_read(const char *s, size_t n, double *value)
{
    char copy[400]; /* a finite double written out in full has at most 325 places before or after its point */
    if (n == 0 || n >= sizeof copy) return false;
    if (memchr("-.0123456789", s[0], 12) == NULL) return false; /* no blanks, "inf" or "nan" */
    memcpy(copy, s, n);
    copy[n] = '\0';
    if (strpbrk(copy, "xX") || strlen(copy) != n) return false;
    locale_t c, before = enter_c_locale(&c);
    char *end;
    double v = strtod(copy, &end);
    leave_c_locale(c, before);
    if (end != copy + n || !isfinite(v)) return false;
    *value = v;
    return true;
}

void number_write(double value, char text[NUMBER_TEXT])
{
    if (value == 0) value = 0.0; /* drops the sign of -0 */
    if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(text, NUMBER_TEXT, "%.0f", value);
        return;
    }
    locale_t c, before = enter_c_locale(&c);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    leave_c_locale(c, before);
}

void number_bytes(double bytes, char text[NUMBER_TEXT])
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        bytes /= 1024;
    snprintf(text, NUMBER_TEXT, unit ? "%.4g %s" : "%.0f %s", bytes, units[unit]);
}

cJSON *number_json(double value)
{
    char text[NUMBER_TEXT];
    if (!isfinite(value)) return cJSON_CreateNull();
    number_write(value, text);
    return cJSON_CreateRaw(text);
}

bool number_put(cJSON *to, const char *name, double value)
{
    return cJSON_AddItemToObject(to, name, number_json(value));
}
