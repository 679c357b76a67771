#include "app/screen/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void timing_add(timing_series *s, double ms)
{
    s->ms[s->n++ % TIMING_KEPT] = ms;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double timing_quantile(const timing_series *s, double q)
{
    const size_t n = s->n < TIMING_KEPT ? s->n : TIMING_KEPT;
    if (n == 0) return 0;
    double *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return 0;
    memcpy(sorted, s->ms, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    const double value = sorted[(size_t)(q * (double)(n - 1) + 0.5)];
    free(sorted);
    return value;
}

/* The 22nd field of /proc/self/stat, in ticks since the machine was started. The name before it may hold anything. */
static double started_at(void)
{
    char text[1024];
    FILE *file = fopen("/proc/self/stat", "r");
    if (!file) return -1;
    const size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    const long ticks = sysconf(_SC_CLK_TCK);
    return at && ticks > 0 ? strtod(at, NULL) / (double)ticks : -1;
}

double timing_since_start(void)
{
    struct timespec now;
    const double start = started_at();
    if (start < 0 || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
    return 1e3 * ((double)now.tv_sec + 1e-9 * (double)now.tv_nsec - start);
}

double timing_work(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return 0;
    return 1e3 * (double)used.tv_sec + 1e-6 * (double)used.tv_nsec;
}
