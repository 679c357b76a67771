/* checklist_work.h - what the items of the checklist share. Used by app/checklist*.c alone. */
#ifndef KVANT_APP_CHECKLIST_WORK_H
#define KVANT_APP_CHECKLIST_WORK_H

#include "app/checklist.h"
#include "app/checklist_probe.h"

typedef struct checklist {
    verify v; /* dim, unit, ledger, what the running item says */
    bool rotates, has_codebook;
    const char *print; /* another process's fingerprint; NULL: none */
    probe probe;
    bool probed;
    char why_not[PROBE_WHY]; /* it was not probed */
} checklist;

typedef verify_outcome (*checklist_item)(checklist *c);

/* Passes or fails with a text that both outcomes share. */
verify_outcome judged(checklist *c, bool pass, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- the items ---- */

verify_outcome item_rotation(checklist *c);  /* checklist_rotation.c */
verify_outcome item_both_ways(checklist *c); /* checklist_both_ways.c */
verify_outcome item_codebook(checklist *c);  /* checklist_codebook.c */
verify_outcome item_norm(checklist *c);      /* checklist_norm.c */
verify_outcome item_constants(checklist *c);
verify_outcome item_bytes(checklist *c); /* checklist_bytes.c */

/* ---- tables (app/checklist_table.c) ---- */

/* The levels of a part's codes and where encode changes from one to the next, for unit rows. */
typedef struct checklist_table {
    int bits;
    double level[1 << PROBE_CODE_BITS], boundary[1 << PROBE_CODE_BITS]; /* ascending; one boundary less */
    double spread;                                                      /* of a level over the axes, at most */
    unsigned char rank[1 << PROBE_CODE_BITS];                           /* of the level that a code means */
    bool ordered;                                                       /* the codes ascend with the levels */
    bool by_boundaries; /* no f16 gives the levels their unit: their midpoints do */
} checklist_table;

/* False with the reason when the part has no table. */
bool checklist_read_table(probe *p, const probe_part *part, checklist_table *t, char *why);

/* As above, without boundaries: what a code means. Rows of the part's axes multiplied by one number each. */
bool checklist_read_levels(probe *p, const probe_part *part, checklist_table *t, char *why);

/* E(t - level)² in units of the variance, for the density of `dim` (kernels/lloyd.h: LLOYD_NORMAL or the sphere's) and
 * the table's own boundaries. scale: levels and boundaries times this are in the density's unit. */
double checklist_table_error(const checklist_table *t, int dim, double scale);

#endif
