/* The rows of looking at runs and comparing them. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_runs[] = {
    { "limit", 'n', OPTION_INT, "N", .standard = "50", .min = 0, .max = 1e9, .help = "newest runs to show; 0: all" },
    { "where", 'w', OPTION_TEXT, "SQL", .help = "only runs for which this SQL expression over their columns is true" },
    { 0 },
};

static const command_option options_frontier[] = {
    { "x", 'x', OPTION_TEXT, "METRIC", COMPLETE_METRIC, "ratio", .help = "what is to be large" },
    { "y", 'y', OPTION_TEXT, "METRIC", COMPLETE_METRIC, "kld", .help = "what is to be small" },
    { "model", 'm', OPTION_TEXT, "MODEL", COMPLETE_MODEL, .help = "runs of this model: its file, name or hash" },
    { "text", 't', OPTION_TEXT, "TEXT", COMPLETE_FILE, .help = "runs on this text: its name or hash" },
    { "protocol", 'p', OPTION_CHOICE, "NAME", .choices = "stream snapshot", .help = "runs under this protocol" },
    { "ctx", 'c', OPTION_SIZE, "N", .min = 4, .max = 1 << 24, .help = "runs with this ctx" },
    { "eval", 'e', OPTION_SIZE, "N", .min = 2, .max = 1 << 24, .help = "runs with this eval" },
    { "passages", 'n', OPTION_INT, "N", .min = 1, .max = 1e6, .help = "runs over so many passages" },
    { 0 },
};

const command commands_compare[] = {
    { "runs", "Runs", "list the runs in the database",
      .options = { options_runs, options_database, options_output, NULL }, .text = "Lists runs, the newest first.",
      .examples = (const command_example[]){ { "runs --where 'kld < 0.01'", "only the faithful ones" }, { 0 } },
      .run = cmd_runs },
    { "show", "Runs", "show one run in full",
      .arguments = (const command_argument[]){ { "ID", COMPLETE_RUN, 0, "a run's number" }, { 0 } },
      .options = { options_database, options_output, NULL },
      .text = "Prints all metrics of a run, its bytes by kind and by layer, and how it can be repeated.",
      .examples = (const command_example[]){ { "show 12", "run 12" }, { 0 } }, .run = cmd_show },
    { "frontier", "Runs", "plot the runs that no other run beats",
      .options = { options_frontier, options_database, options_output, NULL },
      .text =
          "Plots loss against compression for the runs of one model, text and protocol, and lists those that no other "
          "run beats on both. Only runs of one model, text, protocol, ctx, eval and number of passages can be compared; what "
          "is not given is as in the newest run. A run of the frontier that cannot be told apart from the one above it, by "
          "their paired difference, is marked \"as good as above\".",
      .examples = (const command_example[]){ { "frontier", "KL divergence against ratio" },
                                             { "frontier --y dppl", "change of perplexity" },
                                             { 0 } },
      .run = cmd_frontier },
    { 0 },
};
