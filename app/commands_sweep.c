/* The rows of many runs at once: sweeps, their plans, shards and merging. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_sweep[] = {
    { "k", 0, OPTION_TEXT, "LIST", COMPLETE_CONFIG,
      .help = "codecs for the keys, a comma between; every pair with --v is run" },
    { "v", 0, OPTION_TEXT, "LIST", COMPLETE_CONFIG, .help = "codecs for the values, a comma between" },
    { "dry-run", 0, OPTION_FLAG, .help = "list the configs and what is known of them, and run nothing" },
    { "force", 0, OPTION_FLAG, .help = "run also what the database already has" },
    { 0 },
};

const command commands_sweep[] = {
    { "sweep", "Runs", "evaluate many configs",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 "a config; quote one that has spaces" },
                                               { 0 } },
      .options = { options_sweep, options_evaluation, options_jobs, options_plugin, options_database, options_output, NULL },
      .text = "Evaluates every config given, or every pair of --k and --v, and skips what the database already has. "
              "Interrupted, it ends with status 75; started again it goes on where it stopped.",
      .examples = (const command_example[]){ { "sweep turbo2 turbo3 'k=q8_0 v=turbo3'", "three configs" },
                                             { "sweep --k q8_0,turbo4 --v q8_0,turbo3", "four pairs" },
                                             { 0 } },
      .run = cmd_sweep },
    { 0 },
};
