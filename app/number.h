/* number.h - numbers in configs and in JSON: one spelling for each value, in every locale.
 *
 * A value is written with the fewest digits that read back as the same double, so that a number in a canonical config
 * is the value and not its spelling: 0.50, .5e0 and 5e-1 are all written 0.5. The decimal point is always a point.
 */
#ifndef KVANT_APP_NUMBER_H
#define KVANT_APP_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#define NUMBER_TEXT 32 /* room for any written double and the terminating zero */

/* Reads the n bytes of s, all of them, as a finite number. False when they are not one or it is too large. */
bool number_read(const char *s, size_t n, double *value);

/* Writes a finite number; -0 becomes 0. Whole numbers below 1e15 are written without an exponent. */
void number_write(double value, char text[NUMBER_TEXT]);

/* Bytes for people, in powers of 1024: "1.5 MiB". */
void number_bytes(double bytes, char text[NUMBER_TEXT]);

/* The value as JSON that reads back as the same double (cJSON's own numbers keep 15 digits); null when it is not
 * finite. The caller owns it; NULL when out of memory. */
cJSON *number_json(double value);

/* The same as a member of an object. False when out of memory. */
bool number_put(cJSON *to, const char *name, double value);

#endif
