/* The rows of what kvant keeps, and of a first look. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_cache[] = {
    { "clear", 0, OPTION_FLAG, .help = "delete everything in it" },
    { 0 },
};

const command commands_program[] = {
    { "cache", "Runs", "show or clear the kept references", .options = { options_cache, options_output, NULL },
      .text = "Reference logits and prefixes are kept so that a further config costs only its own work.",
      .examples = (const command_example[]){ { "cache --clear", "free the space" }, { 0 } }, .run = cmd_cache },
    { "demo", "Runs", "run a small sweep and show its frontier",
      .options = { options_evaluation, options_plugin, options_database, options_output, NULL },
      .text = "Sweeps a handful of configs over the model kvant comes with and prints the runs and the frontier.",
      .examples = (const command_example[]){ { "demo", "a minute's tour" }, { 0 } }, .run = cmd_demo },
    { 0 },
};
