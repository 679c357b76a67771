/* calibrate.h - codebook=calibrated: levels fitted to the residuals of sample rows. */
#ifndef KVANT_PLUGINS_KAKEYA_CALIBRATE_H
#define KVANT_PLUGINS_KAKEYA_CALIBRATE_H

#include "plugins/kakeya/kakeya.h"

/* The samples are coded as rows to encode would be, group by group within each sequence (a sequence shorter than every
 * group is one of its own). The levels are fitted to the scaled residuals that this leaves, after the part along the
 * centres and without what is an outlier, and kept if the samples then come back with no more squared error than with
 * the Gaussian levels. */
int kakeya_calibrate(kakeya *c, const kvant_samples *samples);

#endif
