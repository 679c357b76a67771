/* suite_line.h - the suite a typed line asks for. */
#ifndef KVANT_APP_SUITE_LINE_H
#define KVANT_APP_SUITE_LINE_H

#include "app/command.h"
#include "app/suite.h"

/* The suite that a line's command is, by the command's name, with all its options as text: name "" and options "" for
 * others. Values are checked by the worker, which knows the model. Text that does not fit is a fault. */
bool suite_of_line(const command_line *line, char name[SUITE_NAME], char options[SUITE_OPTIONS], fault *f);

#endif
