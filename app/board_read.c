/* Reading: what is new, and everything anew where a run was changed or has gone. */
#include "app/board_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void board_drop_entries(board_entries *all, size_t from)
{
    for (size_t i = from; i < all->n; i++)
        free(all->at[i]);
    all->n = from;
    if (from > 0) return;
    free(all->at);
    *all = (board_entries){ 0 };
}

bool board_ids_add(void *ids, int64_t id)
{
    board_ids *list = ids;
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        int64_t *grown = reallocarray(list->items, room, sizeof *grown);
        list->no_memory = !grown;
        if (!grown) return false;
        list->items = grown;
        list->room = room;
    }
    list->items[list->n++] = id;
    return true;
}

/* ---- one run ---- */

typedef struct reader {
    board *b;
    board_entries *to;
    bool no_memory;
    int32_t set; /* of the run before, and what it was known by; -1: none */
    int64_t model, text, ctx, eval, passages;
    ptrdiff_t kld, dppl, top1, rms_dp, ratio, bits, kld_p99; /* places in store_metrics */
} reader;

static const char *keep(board *b, const char *text)
{
    int32_t i = texts_keep(b->texts, text);
    return i < 0 ? NULL : texts_at(b->texts, i);
}

/* The number of the comparable set, made when it is new; -1: out of memory. */
static int32_t number_set(board *b, const store_brief *r)
{
    char key[512];
    snprintf(key, sizeof key, "%" PRId64 " %" PRId64 " %" PRId64 " %.16s %.128s %.128s", r->ctx, r->eval, r->passages,
             r->protocol, r->model_hash, r->text_hash);
    int32_t i = texts_keep(b->set_keys, key);
    if (i < 0 || (size_t)i < b->sets_room) return i;
    size_t room = 2 * (size_t)i + 16;
    board_set *grown = reallocarray(b->sets, room, sizeof *grown);
    if (!grown) return -1;
    memset(grown + b->sets_room, 0, (room - b->sets_room) * sizeof *grown);
    b->sets = grown;
    b->sets_room = room;
    return i;
}

/* The same with what it is called, as it was called last. Neighbours are mostly of one set. */
static int32_t set_of(reader *to, const store_brief *r)
{
    board *b = to->b;
    if (to->set >= 0 && r->model_id == to->model && r->text_id == to->text && r->ctx == to->ctx &&
        r->eval == to->eval && r->passages == to->passages && strcmp(r->protocol, b->sets[to->set].protocol) == 0)
        return to->set;
    board_set as = { .model = keep(b, r->model),
                     .text = keep(b, r->text),
                     .protocol = keep(b, r->protocol),
                     .ctx = r->ctx,
                     .eval = r->eval,
                     .passages = r->passages };
    to->set = as.model && as.text && as.protocol ? number_set(b, r) : -1;
    if (to->set < 0) return -1;
    as.n_runs = b->sets[to->set].n_runs;
    as.newest = b->sets[to->set].newest;
    b->sets[to->set] = as;
    to->model = r->model_id;
    to->text = r->text_id;
    to->ctx = r->ctx;
    to->eval = r->eval;
    to->passages = r->passages;
    return to->set;
}

static ptrdiff_t place_of(const char *metric)
{
    return store_metric_named(metric) - store_metrics;
}

static bool fill_entry(reader *to, const store_brief *r, board_entry *e)
{
    board *b = to->b;
    e->row = (board_row){ .id = r->id,
                          .started = r->started,
                          .seed = r->seed,
                          .set = set_of(to, r),
                          .family = BOARD_NO_FAMILY,
                          .done = r->done,
                          .config = keep(b, r->config),
                          .verdict = keep(b, r->verdict),
                          .reason = keep(b, r->reason),
                          .kld = r->metric[to->kld],
                          .dppl = r->metric[to->dppl],
                          .top1 = r->metric[to->top1],
                          .rms_dp = r->metric[to->rms_dp],
                          .ratio = r->metric[to->ratio].value,
                          .bits_per_value = r->metric[to->bits].value,
                          .kld_p99 = r->metric[to->kld_p99].value };
    e->config_id = r->config_id;
    e->k = keep(b, r->k);
    e->v = keep(b, r->v);
    memcpy(e->metric, r->metric, sizeof e->metric);
    e->place = e->point = -1;
    return e->row.set >= 0 && e->row.config && e->row.verdict && e->row.reason && e->k && e->v;
}

static bool take(void *arg, const store_brief *r)
{
    reader *to = arg;
    board_entries *all = to->to;
    if (all->n == all->room) {
        size_t room = all->room ? 2 * all->room : 256;
        board_entry **grown = reallocarray(all->at, room, sizeof *grown);
        to->no_memory = !grown;
        if (!grown) return false;
        all->at = grown;
        all->room = room;
    }
    board_entry *e = calloc(1, sizeof *e);
    if (!e || !fill_entry(to, r, e)) {
        free(e);
        to->no_memory = true;
        return false;
    }
    board_set_family(to->b, e);
    all->at[all->n++] = e;
    return true;
}

static bool read_after(board *b, int64_t id, board_entries *to, fault *f)
{
    reader r = { .b = b,
                 .to = to,
                 .set = -1,
                 .kld = place_of("kld"),
                 .dppl = place_of("dppl"),
                 .top1 = place_of("top1"),
                 .rms_dp = place_of("rms_dp"),
                 .ratio = place_of("ratio"),
                 .bits = place_of("bits_per_value"),
                 .kld_p99 = place_of("kld_p99") };
    if (!store_each_brief(b->file, id, take, &r, f)) return false;
    return !r.no_memory || fault_memory(f, "the runs");
}

/* ---- all that has changed ---- */

static bool same_ids(const board_ids *a, const board_ids *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items, a->n * sizeof *a->items) == 0);
}

/* From this entry on. */
static void mark_pins(board *b, size_t from)
{
    size_t next = 0;
    for (size_t i = from; i < b->all.n; i++) {
        board_row *row = &b->all.at[i]->row;
        while (next < b->pins.n && b->pins.items[next] < row->id)
            next++;
        row->pinned = next < b->pins.n && b->pins.items[next] == row->id;
    }
}

/* The entries from this one on are new. */
static void count_sets(board *b, size_t from)
{
    b->n_sets = (size_t)texts_n(b->set_keys);
    if (b->n_sets > b->sets_room) b->n_sets = b->sets_room;
    for (size_t i = 0; from == 0 && i < b->n_sets; i++)
        b->sets[i].n_runs = 0;
    for (size_t i = from; i < b->all.n; i++) {
        const board_row *row = &b->all.at[i]->row;
        b->sets[row->set].n_runs++;
        b->sets[row->set].newest = row->id;
    }
}

/* Everything that may fail, in one transaction; then everything is taken over at once. */
typedef struct news {
    board_entries added, anew;
    board_ids pins, let_through;
    int64_t revision;
    bool all; /* anew is everything there is */
} news;

/* Beginning with the newest run that is known: where it is gone, an older file was restored, whose revision may be the
 * same. */
static bool read_added(board *b, news *n, fault *f)
{
    board_entries *added = &n->added;
    const int64_t newest = b->all.n ? b->all.at[b->all.n - 1]->row.id : 0;
    if (newest == 0) return read_after(b, 0, added, f);
    if (!read_after(b, newest - 1, added, f)) return false;
    n->all = added->n == 0 || added->at[0]->row.id != newest;
    if (n->all) return true;
    free(added->at[0]);
    memmove(added->at, added->at + 1, --added->n * sizeof *added->at);
    return true;
}

static bool read_news(board *b, news *n, fault *f)
{
    if (!store_revision(b->file, &n->revision, f) || !store_each_pin(b->file, board_ids_add, &n->pins, f)) return false;
    if (n->pins.no_memory) return fault_memory(f, "the pins");
    n->all = b->anew || n->revision != b->revision;
    if (!n->all && !read_added(b, n, f)) return false;
    return !n->all || read_after(b, 0, &n->anew, f);
}

static bool append(board *b, board_entries *added, fault *f)
{
    size_t room = b->all.n + added->n;
    if (room > b->all.room) {
        board_entry **grown = reallocarray(b->all.at, 2 * room, sizeof *grown);
        if (!grown) return fault_memory(f, "the runs");
        b->all.at = grown;
        b->all.room = 2 * room;
    }
    memcpy(b->all.at + b->all.n, added->at, added->n * sizeof *added->at);
    b->all.n = room;
    added->n = 0;
    return true;
}

/* It was about something else: a profile, a question. A filter may ask for that, too. */
static bool is_elsewhere(const board *b, const news *n)
{
    return !n->all && n->added.n == 0 && same_ids(&n->pins, &b->pins) && !b->hides;
}

static bool take_over(board *b, news *n, fault *f)
{
    if (is_elsewhere(b, n)) return true;
    board_entries before = b->all;
    const size_t from = n->all ? 0 : before.n; /* what is before is as it was */
    const bool pins_differ = !same_ids(&n->pins, &b->pins);
    if (n->all) {
        b->all = n->anew;
        n->anew = (board_entries){ 0 };
    } else if (n->added.n > 0 && !append(b, &n->added, f)) {
        return false;
    }
    board_ids pins = b->pins;
    b->pins = n->pins;
    n->pins = pins;
    mark_pins(b, pins_differ ? 0 : from);
    if (b->hides) board_hide(b, *b->where ? &n->let_through : NULL);
    if (!board_arrange(b, f)) { /* without memory: at least nothing points to what is gone */
        if (n->all) {
            n->anew = b->all;
            b->all = before;
        }
        return false;
    }
    if (n->all) board_drop_entries(&before, 0);
    count_sets(b, from);
    return true;
}

bool board_read(board *b, bool *changed, fault *f)
{
    enum { FILTER_SECONDS = 1 };
    news n = { 0 };
    int64_t version = 0;
    bool ok = store_hold(b->file, f) && store_version(b->file, &version, f) && read_news(b, &n, f);
    store_release(b->file);
    if (ok && *b->where && !board_ask_filter(b, b->where, FILTER_SECONDS, &n.let_through, f)) {
        ok = false;
        if (f && f->code == FAULT_NO) *b->where = '\0'; /* too slow: it would keep the screen waiting each time */
    }
    ok = ok && take_over(b, &n, f);
    if (ok) {
        b->version = version;
        b->revision = n.revision;
        b->anew = false;
        *changed = true;
    }
    board_drop_entries(&n.added, 0);
    board_drop_entries(&n.anew, 0);
    free(n.pins.items);
    free(n.let_through.items);
    return ok;
}

bool board_switch(board *b, const char *database, fault *f)
{
    board_entries before = b->all;
    char *path = strdup(database);
    if (!path) return fault_memory(f, "a file name");
    b->all = (board_entries){ 0 };
    if (!board_arrange(b, f)) {
        b->all = before;
        free(path);
        return false;
    }
    board_drop_entries(&before, 0);
    b->pins.n = 0;
    count_sets(b, 0);
    paired_release(&b->chosen);
    store_close(b->file);
    b->file = NULL;
    b->version = -1;
    b->anew = true;
    free(b->path);
    b->path = path;
    return true;
}
