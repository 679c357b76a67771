/* checklist.h - is a codec the rotation and the Lloyd-Max codebook that it says it is?
 *
 * The six items by which TurboQuant's caches are checked, measured from outside: through encode and decode alone, with
 * rows and bytes of our choice (app/checklist_probe.h), never from the codec's own tables. They ask for
 *     rotation    a structured orthogonal one: random signs and a Walsh-Hadamard transform
 *     both ways   the same in encode and decode
 *     codebook    Lloyd-Max levels, not uniform ones
 *     norm        one that is as good as f16, from 1e-4 to 6e4
 *     constants   none for a vector but that norm
 *     bytes       encode of what was decoded gives them again
 * What a codec does not claim is not asked of it: an item is n/a, with the reason. Claims are read in what codecs say
 * of themselves: "rotat…" in a summary is a rotation, "codebook" or "Lloyd-Max" a codebook, TurboQuant in the reference
 * both; a codebook, or a rotation of its own, comes with a norm.
 *
 * It runs codec code, so it belongs into a child (`kvant checklist-child`), which tells its results as verify's does.
 */
#ifndef KVANT_APP_CHECKLIST_H
#define KVANT_APP_CHECKLIST_H

#include "app/verify.h"

enum { CHECKLIST_ITEMS = 6, CHECKLIST_PRINT = 17 };

/* A head dimension the expression takes: 128 where possible. */
int checklist_dim(const spec *s);

/* A text that is the same in every process when the codec's bytes and rows are: of a few hundred rows at this head
 * dimension. False with a fault when it cannot be created or does not work. */
bool checklist_fingerprint(const registry *known, const spec *s, int dim, char print[CHECKLIST_PRINT], fault *f);

/* Runs the items over an expression whose plugins are loaded. print: the fingerprint that another process made, or
 * NULL. False with a fault when the codec cannot be created, when its rows are padded at this dimension, or when
 * nothing of it can be measured; failures of items are no faults. [one thread] */
bool checklist_run(const registry *known, const spec *s, int dim, const char *print, const verify_listener *to,
                   fault *f);

#endif
