/* symbol_table.h - byte strings numbered 0, 1, 2 … in the order they come.
 *
 * The tokenizer's dictionary: every token and every part of a merge rule is a symbol, so that rules are pairs of
 * numbers. Strings are copied; looking one up is one hash (FNV-1a) and usually one comparison.
 */
#ifndef KVANT_ENGINE_SYMBOL_TABLE_H
#define KVANT_ENGINE_SYMBOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/gguf.h"

typedef struct symbol_table symbol_table;

symbol_table *symbol_table_create(fault *f);
void symbol_table_destroy(symbol_table *t);

size_t symbol_table_count(const symbol_table *t);

/* The number of a string, added if it is new; -1 with a fault when memory or numbers (2^31) run out. */
int32_t symbol_table_add(symbol_table *t, const char *bytes, size_t n, fault *f);

/* The number of a string, or -1. [any thread while nothing is added] */
int32_t symbol_table_find(const symbol_table *t, const char *bytes, size_t n);

/* The string of a number that the table gave out; valid until the next add. */
gguf_string symbol_table_text(const symbol_table *t, int32_t symbol);

#endif
