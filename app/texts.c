#include "app/texts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 256, MOST = INT32_MAX / 4 };

struct texts {
    char **items;
    uint32_t *hashes; /* of the items */
    int32_t n, room;
    int32_t *slots;   /* item + 1; 0: free. Open addressing, at most half full */
    uint32_t n_slots; /* a power of two */
};

texts *texts_create(fault *f)
{
    texts *t = calloc(1, sizeof *t);
    int32_t *slots = calloc(FIRST_SLOTS, sizeof *slots);
    if (t && slots) {
        *t = (texts){ .slots = slots, .n_slots = FIRST_SLOTS };
        return t;
    }
    free(t);
    free(slots);
    fault_memory(f, "the texts");
    return NULL;
}

void texts_free(texts *t)
{
    if (!t) return;
    for (int32_t i = 0; i < t->n; i++)
        free(t->items[i]);
    free(t->items);
    free(t->hashes);
    free(t->slots);
    free(t);
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* The slot that holds the text, or the free one it belongs into. */
static uint32_t slot_of(const texts *t, const char *text, uint32_t hash)
{
    for (uint32_t slot = hash & (t->n_slots - 1);; slot = (slot + 1) & (t->n_slots - 1)) {
        int32_t item = t->slots[slot] - 1;
        if (item < 0 || (t->hashes[item] == hash && strcmp(t->items[item], text) == 0)) return slot;
    }
}

static bool grow_slots(texts *t)
{
    uint32_t n_slots = 2 * t->n_slots;
    int32_t *slots = calloc(n_slots, sizeof *slots);
    if (!slots) return false;
    for (int32_t i = 0; i < t->n; i++) {
        uint32_t slot = t->hashes[i] & (n_slots - 1);
        while (slots[slot])
            slot = (slot + 1) & (n_slots - 1);
        slots[slot] = i + 1;
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    return true;
}

static bool grow_items(texts *t)
{
    int32_t room = t->room ? 2 * t->room : FIRST_SLOTS / 2;
    char **items = reallocarray(t->items, (size_t)room, sizeof *items);
    if (items) t->items = items;
    uint32_t *hashes = items ? reallocarray(t->hashes, (size_t)room, sizeof *hashes) : NULL;
    if (hashes) t->hashes = hashes;
    if (hashes) t->room = room;
    return hashes;
}

int32_t texts_keep(texts *t, const char *text)
{
    uint32_t hash = hash_of(text), slot = slot_of(t, text, hash);
    if (t->slots[slot]) return t->slots[slot] - 1;
    if (t->n >= MOST || (t->n == t->room && !grow_items(t))) return -1;
    if ((uint32_t)t->n + 1 > t->n_slots / 2) {
        if (!grow_slots(t)) return -1;
        slot = slot_of(t, text, hash);
    }
    char *copy = strdup(text);
    if (!copy) return -1;
    t->items[t->n] = copy;
    t->hashes[t->n] = hash;
    t->slots[slot] = ++t->n;
    return t->n - 1;
}

const char *texts_at(const texts *t, int32_t i)
{
    return t->items[i];
}

int32_t texts_n(const texts *t)
{
    return t->n;
}
