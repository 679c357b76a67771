/* The rows of looking at runs and comparing them. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_runs[] = {
    { "limit", 'n', OPTION_INT, "N", .standard = "50", .min = 0, .max = 1e9, .help = "newest runs to show; 0: all" },
    { "where", 'w', OPTION_TEXT, "SQL", .help = "only runs for which this SQL expression over their columns is true" },
    { "pinned", 0, OPTION_FLAG, .help = "only runs that were pinned" },
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
    { "marks", 0, OPTION_CHOICE, "NAME", .choices = "braille utf8 ascii",
      .help = "what the plot is drawn with (default: braille where the locale is UTF-8)" },
    { 0 },
};

static const command_argument runs_to_pin[] = { { "ID", COMPLETE_RUN, ARGUMENT_REPEATS, .help = "a run's number" },
                                                { 0 } };

const command commands_compare[] = {
    { "runs", "Runs", "list the runs in the database",
      .options = { options_runs, options_database, options_output, NULL }, .text = "Lists runs, the newest first.",
      .examples = (const command_example[]){ { "runs --where 'kld < 0.01'", "only the faithful ones" }, { 0 } },
      .run = cmd_runs },
    { "show", "Runs", "show one run in full",
      .arguments = (const command_argument[]){ { "ID", COMPLETE_RUN, 0, .help = "a run's number" }, { 0 } },
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
    { "diff", "Runs", "compare two runs, position by position",
      .arguments =
          (const command_argument[]){ { "A", COMPLETE_RUN, 0, .help = "a run's number" },
                                      { "B", COMPLETE_RUN, 0, .help = "another's, of the same comparable set" },
                                      { 0 } },
      .options = { options_database, options_output, NULL },
      .text =
          "Both runs were scored on the same positions, so that their difference is known better than either of them: "
          "its 95 % interval is drawn from the same blocks for both. Where it holds zero the two cannot be told "
          "apart. Then come bytes and ratio, what the configs differ in, and the errors of each layer.",
      .examples = (const command_example[]){ { "diff 3 7", "is run 7 better than run 3?" }, { 0 } }, .run = cmd_diff },
    { "pin", "Runs", "keep runs in sight", .arguments = runs_to_pin,
      .options = { options_database, options_output, NULL },
      .text =
          "Pinned runs stand first in the lab and have a mark of their own in the plot; `kvant runs --pinned` lists "
          "them.",
      .examples = (const command_example[]){ { "pin 3 7", "two runs" }, { 0 } }, .run = cmd_pin },
    { "unpin", "Runs", "take the pins of runs away", .arguments = runs_to_pin, .text = "The runs stay in the database.",
      .options = { options_database, options_output, NULL },
      .examples = (const command_example[]){ { "unpin 3", "run 3 again one of many" }, { 0 } }, .run = cmd_unpin },
    { 0 },
};
