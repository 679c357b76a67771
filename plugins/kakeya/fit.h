/* fit.h - rows to a skeleton and codes: the encoder's mathematics, stage by stage. */
#ifndef KVANT_PLUGINS_KAKEYA_FIT_H
#define KVANT_PLUGINS_KAKEYA_FIT_H

#include "plugins/kakeya/kakeya.h"

/* Everything an encode or a decode writes to on its way, in one piece of memory. */
typedef struct kakeya_work {
    bool tells; /* the host's log, when a skeleton leaves out much */
    kakeya_skeleton skeleton;
    kakeya_block block;
    float *z;         /* block x rank */
    float *scaled;    /* block x width: rotated residuals */
    double *length;   /* block: |e| */
    uint8_t *nearest; /* block */
    float *t;         /* block */
    float *space;     /* pca_project, directions_nearest */
    double *values, *vectors, *mean, *pca, *omega;
    void *clusters;
    void *memory;
} kakeya_work;

/* fitting: with what only an encoder needs. KVANT_E_MEMORY with a message, or KVANT_OK; then kakeya_work_close. */
int kakeya_work_open(const kakeya *c, bool fitting, kakeya_work *w);
void kakeya_work_close(const kakeya *c, kakeya_work *w);

/* Rows (at most a group) to w->skeleton. weights may be NULL. `first` is for messages. */
int kakeya_fit_skeleton(const kakeya *c, kakeya_work *w, const float *rows, const float *weights, size_t n,
                        size_t first);

/* Rows (at most a block) to w->block, by w->skeleton. Leaves w->scaled and w->length as they were coded. */
int kakeya_fit_block(const kakeya *c, kakeya_work *w, const float *rows, const float *weights, size_t n, size_t first);

/* w->block back to rows, its own number of them. False: codes that are never written. */
bool kakeya_restore_block(const kakeya *c, kakeya_work *w, float *rows);

#endif
