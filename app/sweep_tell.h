/* sweep_tell.h - a sweep for who typed it: the configs of a line, and rows on stdout as they come. */
#ifndef KVANT_APP_SWEEP_TELL_H
#define KVANT_APP_SWEEP_TELL_H

#include "app/sweep.h"

/* Adds the line's arguments, profiles expanded. */
bool sweep_gather(app_context *app, const command_line *line, const catalog *known, grid_configs *configs, fault *f);

/* Runs them as the line of l says (--jobs, --force, --json); the sum goes to stderr. Runs that failed are a fault. */
bool sweep_tell(lab *l, const grid_configs *configs, fault *f);

#endif
