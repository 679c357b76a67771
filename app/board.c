#include "app/board_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/report.h"

/* ---- the file ---- */

board *board_open(const char *database, fault *f)
{
    board *b = calloc(1, sizeof *b);
    if (!b) {
        fault_memory(f, "the board");
        return NULL;
    }
    *b = (board){ .path = strdup(database),
                  .where = strdup(""),
                  .texts = texts_create(f),
                  .set_keys = texts_create(f),
                  .descending = board_columns[0].descending };
    if (b->path && b->where && b->texts && b->set_keys && board_arrange(b, f)) return b;
    fault_memory(f, "the board");
    board_close(b);
    return NULL;
}

void board_close(board *b)
{
    if (!b) return;
    store_close(b->file);
    board_drop_entries(&b->all, 0);
    paired_release(&b->chosen);
    texts_free(b->texts);
    texts_free(b->set_keys);
    families_free(b->families);
    free(b->sets);
    free(b->pins.items);
    free(b->shown);
    free(b->points);
    free(b->open);
    free(b->where);
    free(b->path);
    free(b);
}

/* Opens the file when it has come, and anew when another stands in its place. *there: it can be read. */
static bool follow(board *b, bool *there, fault *f)
{
    struct stat now;
    bool is = stat(b->path, &now) == 0;
    *there = b->file != NULL;
    if (!is && !b->file && errno == ENOENT) return true; /* no run was made yet */
    if (!is) return fault_set(f, FAULT_INPUT, "%s: %s", b->path, strerror(errno));
    if (!b->file && S_ISREG(now.st_mode) && now.st_size == 0) return true; /* just being made */
    if (b->file && now.st_dev == b->identity.st_dev && now.st_ino == b->identity.st_ino) return true;
    store *file = store_open(b->path, STORE_WATCH, f);
    if (!file) return false;
    store_close(b->file);
    b->file = file;
    b->identity = now;
    b->version = -1;
    b->anew = true;
    paired_release(&b->chosen);
    *there = true;
    return true;
}

bool board_refresh(board *b, bool *changed, fault *f)
{
    bool there = false;
    int64_t version = 0;
    *changed = false;
    if (!follow(b, &there, f)) return false;
    if (!there) return true;
    if (!store_version(b->file, &version, f)) return false;
    return version == b->version || board_read(b, changed, f);
}

/* ---- looking ---- */

uint64_t board_changes(const board *b)
{
    return b->changes;
}

board_entry *board_entry_of(const board *b, int64_t id)
{
    size_t lo = 0, hi = b->all.n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (b->all.at[middle]->row.id < id)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < b->all.n && b->all.at[lo]->row.id == id ? b->all.at[lo] : NULL;
}

size_t board_n_all(const board *b)
{
    return b->all.n;
}

size_t board_n(const board *b)
{
    return b->n_shown;
}

const board_row *board_at(const board *b, size_t i)
{
    return &b->shown[i]->row;
}

const board_row *board_find(const board *b, int64_t id)
{
    const board_entry *e = board_entry_of(b, id);
    return e ? &e->row : NULL;
}

ptrdiff_t board_place(const board *b, int64_t id)
{
    const board_entry *e = board_entry_of(b, id);
    return e ? e->place : -1;
}

size_t board_n_sets(const board *b)
{
    return b->n_sets;
}

const board_set *board_set_at(const board *b, size_t i)
{
    return &b->sets[i];
}

/* ---- one run ---- */

bool board_read_details(board *b, int64_t id, board_details *d, fault *f)
{
    *d = (board_details){ 0 };
    if (!b->file) return fault_set(f, FAULT_INPUT, "%s: there are no runs yet", b->path);
    d->run = store_get_run(b->file, id, f);
    if (d->run && report_layers(b->file, id, &d->layers, &d->n_layers, f) &&
        suite_items_read(b->file, id, &d->items, f))
        return true;
    board_details_free(d);
    return false;
}

void board_details_free(board_details *d)
{
    free(d->run);
    report_layers_free(d->layers, d->n_layers);
    suite_items_free(&d->items);
    *d = (board_details){ 0 };
}
