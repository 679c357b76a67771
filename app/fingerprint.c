#include "app/fingerprint.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "engine_sources.h"
#include "kernels/products.h"
#include "kernels/simd.h"

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *fingerprint_engine(void)
{
    return products_best() ? ENGINE_TILES : ENGINE_SOURCES;
}

const char *fingerprint_suites(void)
{
    return products_best() ? ENGINE_TILES "+" SUITE_SOURCES : ENGINE_SOURCES "+" SUITE_SOURCES;
}

/* The first "model name" of /proc/cpuinfo, or the machine's architecture. */
static void cpu_name(char *name, size_t capacity, const char *otherwise)
{
    snprintf(name, capacity, "%s", otherwise);
    FILE *in = fopen("/proc/cpuinfo", "r");
    if (!in) return;
    char line[256];
    while (fgets(line, sizeof line, in)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon) continue;
        colon += strspn(colon, ": \t");
        snprintf(name, capacity, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    fclose(in);
}

void fingerprint_machine(machine *m)
{
    *m = (machine){ 0 };
    struct utsname u = { 0 };
    uname(&u);
    snprintf(m->version, sizeof m->version, "%s", KVANT_VERSION);
    snprintf(m->engine, sizeof m->engine, "%s", fingerprint_engine());
    snprintf(m->simd, sizeof m->simd, "%s", products_best() ? products_best()->name : simd_best()->name);
    snprintf(m->compiler, sizeof m->compiler, "%.60s", COMPILER);
    snprintf(m->os, sizeof m->os, "%.40s %.40s", u.sysname, u.release);
    cpu_name(m->cpu, sizeof m->cpu, u.machine);
}
