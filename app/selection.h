/* selection.h - the options of a line that say which runs are meant, and on which axes they are seen.
 *
 * Options: model, text, protocol, ctx, eval, passages; one for each axis. What the line leaves open stays NULL or 0.
 */
#ifndef KVANT_APP_SELECTION_H
#define KVANT_APP_SELECTION_H

#include <limits.h>

#include "app/app.h"
#include "db/store.h"

/* The set; `model` is what its model may lie in, all else belongs to the line. */
store_selection selection_read(const command_line *line, char model[PATH_MAX]);

/* The metric an option names. NULL with a fault that names all there are. */
const store_metric *selection_metric(const command_line *line, const char *option, fault *f);

#endif
