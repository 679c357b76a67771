/* gate_thresholds.h - what the gates ask for: one table for options, files, help and docs/gate.md.
 *
 * A file of thresholds is lines `name = value`, where # begins a comment, or one JSON object; names and values are
 * those of the options, without dashes. What stands on the command line wins over the file, the file over the defaults:
 *
 *     double t[GATE_THRESHOLDS];
 *     gate_thresholds_of_line(line, path, t, &f);         path: the file, or NULL
 */
#ifndef KVANT_APP_GATE_THRESHOLDS_H
#define KVANT_APP_GATE_THRESHOLDS_H

#include "app/command.h"

typedef enum gate_threshold {
    GATE_T_PPL,
    GATE_T_PPL_KILL,
    GATE_T_PPL_SURE,
    GATE_T_KLD_GOOD,
    GATE_T_KLD_WARN,
    GATE_T_KLD_FAIL,
    GATE_T_TOP1,
    GATE_T_ATTENTION,
    GATE_T_NEEDLE,
    GATE_T_PROMPTS,
    GATE_T_SESSION,
    GATE_T_ALERTS,
    GATE_T_PROMPT,
    GATE_T_GENERATION,
    GATE_T_FIRST,
    GATE_T_BYTES,
    GATE_T_BUDGET,
    GATE_T_NEED_CTX,
    GATE_T_SETUP,
    GATE_THRESHOLDS
} gate_threshold;

/* A table of options by gate_threshold, ended as such tables are. */
extern const command_option options_thresholds[];

void gate_thresholds_standard(double t[GATE_THRESHOLDS]);

/* Lays the text of a file over t. where: what faults begin with. An unknown name is a fault that says the nearest; so
 * is a name that comes twice, and a value its option would refuse. */
bool gate_thresholds_read(const char *text, const char *where, double t[GATE_THRESHOLDS], fault *f);

/* Defaults, then the file (NULL: none), then what the line says. Thresholds that contradict one another are a fault. */
bool gate_thresholds_of_line(const command_line *line, const char *file, double t[GATE_THRESHOLDS], fault *f);

#endif
