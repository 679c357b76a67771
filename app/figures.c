#include "app/figures.h"

#include <stdio.h>
#include <string.h>

#include "app/columns.h"
#include "app/fingerprint.h"
#include "app/number.h"

const char *figure(char text[FIGURE], const char *format, double value)
{
    snprintf(text, FIGURE, format, value);
    return text;
}

const char *figure_interval(char text[FIGURE], interval x, int digits)
{
    const int shown = x.value < 9.95 ? digits : 0;
    snprintf(text, FIGURE, "%.*f [%.*f, %.*f]", shown, x.value, shown, x.lo, shown, x.hi);
    return text;
}

bool figures_write(table *t, bool ok, const terminal *to, fault *f)
{
    ok = ok && table_write(t, stdout, &(table_style){ TABLE_BOX, to->utf8, to->is_tty ? terminal_width(to) : 0 }, f);
    table_free(t);
    return ok;
}

void figures_name(const char *name, const terminal *to)
{
    columns c;
    const size_t n = strlen(name);
    columns_enter(&c, to->utf8);
    columns_put(&c, stdout, name, n, columns_width(&c, name, n), false);
    columns_leave(&c);
}

void figures_put_interval(cJSON *json, const char *name, interval x)
{
    cJSON *to = cJSON_AddObjectToObject(json, name);
    number_put(to, "value", x.value);
    number_put(to, "lo", x.lo);
    number_put(to, "hi", x.hi);
}

cJSON *figures_json(void)
{
    machine m = { 0 };
    fingerprint_machine(&m);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "cpu", m.cpu);
    cJSON_AddStringToObject(json, "simd", m.simd);
    cJSON_AddStringToObject(json, "engine", m.engine);
    return json;
}
