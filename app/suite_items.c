#include "app/suite_items.h"

#include <stdlib.h>
#include <string.h>

static void free_texts(store_item *i)
{
    free((char *)i->label);
    free((char *)i->note);
    free((char *)i->said_ref);
    free((char *)i->said);
}

/* Room is made in powers of two, so that the count says how much there is. */
static bool make_room(suite_items *items)
{
    if (items->n & (items->n - 1)) return true;
    const size_t room = items->n ? 2 * items->n : 1;
    store_item *grown = reallocarray(items->items, room, sizeof *grown);
    if (grown) items->items = grown;
    return grown != NULL;
}

bool suite_items_add(suite_items *items, const store_item *item)
{
    if (!make_room(items)) return false;
    store_item copy = *item;
    copy.label = strdup(item->label);
    copy.note = strdup(item->note);
    copy.said_ref = strdup(item->said_ref);
    copy.said = strdup(item->said);
    items->items[items->n] = copy;
    if (copy.label && copy.note && copy.said_ref && copy.said) {
        items->n++;
        return true;
    }
    free_texts(&copy);
    return false;
}

typedef struct reader {
    suite_items *out;
    bool failed;
} reader;

static bool take(void *arg, const store_item *item)
{
    reader *r = arg;
    r->failed = !suite_items_add(r->out, item);
    return !r->failed;
}

bool suite_items_read(store *s, int64_t run, suite_items *out, fault *f)
{
    reader r = { .out = out };
    *out = (suite_items){ 0 };
    bool ok = store_each_item(s, run, take, &r, f);
    if (ok && r.failed) ok = fault_memory(f, "a suite's items");
    if (!ok) suite_items_free(out);
    return ok;
}

void suite_items_free(suite_items *items)
{
    for (size_t i = 0; i < items->n; i++)
        free_texts(&items->items[i]);
    free(items->items);
    *items = (suite_items){ 0 };
}
