/* Times and sizes as a person reads them. */
#include <math.h>

#include "app/growth_show.h"

void growth_time_text(double seconds, int digits, char text[GROWTH_TIME])
{
    static const struct {
        double below, times;
        const char *unit;
    } units[] = { { 1e-6, 1e9, "ns" }, { 1e-3, 1e6, "us" }, { 1, 1e3, "ms" }, { INFINITY, 1, "s" } };
    size_t i = 0;
    while (seconds * (1 + 1e-9) >= units[i].below)
        i++;
    snprintf(text, GROWTH_TIME, "%.*g %s", digits, seconds * units[i].times, units[i].unit);
}

void growth_size_text(double n, char text[GROWTH_TIME])
{
    if (n >= 1024 && fmod(n, 1024) == 0)
        snprintf(text, GROWTH_TIME, "%.0fk", n / 1024);
    else
        snprintf(text, GROWTH_TIME, "%.0f", n);
}
