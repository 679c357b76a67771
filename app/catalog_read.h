/* catalog_read.h - a catalog out of the lines that registry_describe writes. Used by app/scan.c. */
#ifndef KVANT_APP_CATALOG_READ_H
#define KVANT_APP_CATALOG_READ_H

#include "app/catalog.h"

typedef struct catalog_reader {
    catalog *into;
    char *loading; /* the file whose "loading" was read, but not its outcome; NULL: none */
    bool done;     /* the last line was read */
} catalog_reader;

/* Takes one line of n bytes, without its newline. Anything but a line that may stand here is a fault. */
bool catalog_read_line(catalog_reader *r, const char *line, size_t n, fault *f);
void catalog_reader_free(catalog_reader *r); /* leaves the catalog alone */

#endif
