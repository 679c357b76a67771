/* complete_ending.h - can a beginning still become a config? Used by app/complete_config.c only. */
#ifndef KVANT_APP_COMPLETE_ENDING_H
#define KVANT_APP_COMPLETE_ENDING_H

#include "app/complete_place.h"

enum { ENDING_TEXT = 4096 }; /* longer texts are not looked at */

/* The whole text parses as it is; f says why not. */
bool ending_whole(const catalog *known, const char *text, place_grammar grammar, fault *f);

/* text parses, once everything that is open at its end is given the plainest end: values their defaults, codecs f16,
 * parentheses closed. */
bool ending_exists(const catalog *known, const char *text, place_grammar grammar);

/* A number of the parameter's range that begins with `token` and goes on, written into `to`. */
bool ending_number(const catalog_param *p, const char *token, char *to, size_t room);

#endif
