#include "engine/symbol_table.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    size_t at, n; /* in bytes */
    uint64_t hash;
} entry;

struct symbol_table {
    char *bytes;
    size_t n_bytes, bytes_room;
    entry *entries;
    size_t n, entries_room;
    int32_t *slots; /* numbers, -1 where free; a power of two, at most half full */
    size_t n_slots;
};

static uint64_t hash_of(const char *bytes, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)bytes[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

symbol_table *symbol_table_create(fault *f)
{
    symbol_table *t = calloc(1, sizeof *t);
    if (!t) fault_memory(f, "a symbol table");
    return t;
}

void symbol_table_destroy(symbol_table *t)
{
    if (!t) return;
    free(t->bytes);
    free(t->entries);
    free(t->slots);
    free(t);
}

size_t symbol_table_count(const symbol_table *t)
{
    return t->n;
}

/* The slot that holds the string, or the free one where it belongs. */
static size_t slot_of(const symbol_table *t, const char *bytes, size_t n, uint64_t hash)
{
    size_t slot = hash & (t->n_slots - 1);
    for (; t->slots[slot] >= 0; slot = (slot + 1) & (t->n_slots - 1)) {
        const entry *e = &t->entries[t->slots[slot]];
        if (e->hash == hash && e->n == n && memcmp(t->bytes + e->at, bytes, n) == 0) break;
    }
    return slot;
}

int32_t symbol_table_find(const symbol_table *t, const char *bytes, size_t n)
{
    return t->n_slots ? t->slots[slot_of(t, bytes, n, hash_of(bytes, n))] : -1;
}

static bool grow_slots(symbol_table *t)
{
    const size_t n_slots = t->n_slots ? t->n_slots * 2 : 1024;
    int32_t *slots = malloc(n_slots * sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < n_slots; i++)
        slots[i] = -1;
    for (size_t i = 0; i < t->n; i++) {
        size_t slot = t->entries[i].hash & (n_slots - 1);
        while (slots[slot] >= 0)
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = (int32_t)i;
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return true;
}

static bool make_room(symbol_table *t, size_t n)
{
    if (t->n == INT32_MAX || n > SIZE_MAX / 4 - t->n_bytes) return false;
    if (t->n_bytes + n + 1 > t->bytes_room) {
        const size_t room = 2 * (t->n_bytes + n) + 4096;
        char *bytes = realloc(t->bytes, room);
        if (!bytes) return false;
        t->bytes = bytes;
        t->bytes_room = room;
    }
    if (t->n == t->entries_room) {
        const size_t room = 2 * t->n + 512;
        entry *entries = realloc(t->entries, room * sizeof *entries);
        if (!entries) return false;
        t->entries = entries;
        t->entries_room = room;
    }
    return 2 * (t->n + 1) <= t->n_slots || grow_slots(t);
}

int32_t symbol_table_add(symbol_table *t, const char *bytes, size_t n, fault *f)
{
    const uint64_t hash = hash_of(bytes, n);
    if (!make_room(t, n)) {
        fault_memory(f, "the tokenizer's symbols");
        return -1;
    }
    const size_t slot = slot_of(t, bytes, n, hash);
    if (t->slots[slot] >= 0) return t->slots[slot];
    memcpy(t->bytes + t->n_bytes, bytes, n);
    t->entries[t->n] = (entry){ t->n_bytes, n, hash };
    t->n_bytes += n;
    return t->slots[slot] = (int32_t)t->n++;
}

gguf_string symbol_table_text(const symbol_table *t, int32_t symbol)
{
    const entry *e = &t->entries[symbol];
    return (gguf_string){ t->bytes + e->at, e->n };
}
