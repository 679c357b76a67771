/* run_number.h - a run's number as a person types it. */
#ifndef KVANT_APP_RUN_NUMBER_H
#define KVANT_APP_RUN_NUMBER_H

#include <stdint.h>

#include "app/command.h"

/* The i-th argument of the line, 12 or #12. FAULT_USAGE names the command and the word. */
bool run_number_read(const command_line *line, size_t i, int64_t *id, fault *f);

#endif
