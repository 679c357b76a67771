/* describer FILE...: what `kvant describe` does, for the tests of app/scan.c. */
#include <stdio.h>
#include <unistd.h>

#include "app/registry.h"

int main(int argc, char **argv)
{
    fault f = { 0 };
    if (registry_describe((const char *const *)argv + 1, (size_t)argc - 1, STDOUT_FILENO, 10, &f)) return 0;
    fprintf(stderr, "%s\n", f.text);
    return f.code;
}
