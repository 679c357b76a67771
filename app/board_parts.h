/* board_parts.h - what the files of the board share. */
#ifndef KVANT_APP_BOARD_PARTS_H
#define KVANT_APP_BOARD_PARTS_H

#include <sys/stat.h>

#include "app/board.h"
#include "app/family.h"
#include "app/paired.h"
#include "app/texts.h"

typedef enum board_likeness { LIKE_UNKNOWN, LIKE_NO, LIKE_YES } board_likeness;

typedef struct board_entry {
    board_row row;     /* first: a row of the board is an entry */
    int64_t config_id; /* in the file: equal for equal configs */
    const char *k, *v;
    store_estimate metric[STORE_METRICS]; /* as stored */
    bool hidden;                          /* by the filter */
    board_likeness like;                  /* to the chosen run */
    ptrdiff_t place, point;               /* where it is shown and plotted; -1: it is not */
} board_entry;

/* By id. Each has its own memory, so that it stays where it is while others come. */
typedef struct board_entries {
    board_entry **at;
    size_t n, room;
} board_entries;

/* Numbers of runs, ascending. */
typedef struct board_ids {
    int64_t *items;
    size_t n, room;
    bool no_memory; /* some are missing */
} board_ids;

struct board {
    char *path;
    store *file; /* NULL: not there yet */
    struct stat identity;
    int64_t version;  /* of the file, when it was last read */
    int64_t revision; /* of its runs, then (store_revision) */
    bool anew;        /* another file than before: what was read is of no use */

    texts *texts;    /* configs, verdicts ...: kept for good */
    texts *set_keys; /* a set's number is its key's */
    board_set *sets;
    size_t n_sets, sets_room; /* n_sets: those that runs were taken over of */
    families *families;       /* NULL: not told yet */

    board_entries all;
    board_ids pins;

    char *where;
    bool hides; /* there is a filter, or some are still hidden by the last */
    size_t column;
    bool descending;
    board_entry **shown;
    size_t n_shown;

    size_t set;
    const store_metric *x, *y; /* NULL: nothing is plotted */
    board_point *points;
    size_t n_points;

    uint64_t changes; /* board_changes */

    paired_run chosen; /* id 0: none */
    bool listed;       /* open holds */
    size_t *open;      /* points still to be compared with it, from next_open on */
    size_t n_open, next_open;
};

board_entry *board_entry_of(const board *b, int64_t id); /* NULL: there is none */
static inline board_entry *board_entry_at(const board_point *p)
{
    return (board_entry *)p->row;
}

/* For store_each_id and store_each_pin. False: out of memory. */
bool board_ids_add(void *ids, int64_t id);

/* board_read.c: brings entries, pins and sets up to date; a fault leaves them as they were. */
bool board_read(board *b, bool *changed, fault *f);
void board_drop_entries(board_entries *all, size_t from);

/* board_family.c */
void board_set_family(const board *b, board_entry *e);

/* board_show.c: the runs that a filter lets through; free ids->items. FAULT_NO when it takes longer than `seconds`. */
bool board_ask_filter(board *b, const char *where, double seconds, board_ids *ids, fault *f);
void board_hide(board *b, const board_ids *let_through); /* NULL: none is hidden */

/* Rows and points in their order, after anything has changed. Fails without memory only, and then nothing is different.
 */
bool board_arrange(board *b, fault *f);

/* board_points.c: into a new array, free() it. */
bool board_make_points(board *b, board_point **points, size_t *n, fault *f);
void board_forget_likeness(board *b);

#endif
