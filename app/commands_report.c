/* The rows of reports. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_report[] = {
    { "format", 'f', OPTION_CHOICE, "FORMAT", .choices = "md csv json svg html",
      .help = "what to write (default: what the file's name ends in; md on standard output)" },
    { "output", 'o', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "write to this file; -: to standard output" },
    { "force", 0, OPTION_FLAG, .help = "replace files that are there" },
    { "title", 0, OPTION_TEXT, "TEXT", .help = "the report's title" },
    { "where", 'w', OPTION_TEXT, "SQL", .help = "only runs for which this SQL expression over their columns is true" },
    { "all-sets", 'a', OPTION_FLAG,
      .help = "every set of comparable runs that fits, not only the one with the newest" },
    { "x", 'x', OPTION_TEXT, "METRIC", COMPLETE_METRIC, "ratio", .help = "the first axis: what is saved" },
    { "y", 'y', OPTION_TEXT, "METRIC", COMPLETE_METRIC, "kld", .help = "the second axis: what it costs" },
    { "model", 'm', OPTION_TEXT, "MODEL", COMPLETE_MODEL, .help = "runs of this model: its file, name or hash" },
    { "text", 't', OPTION_TEXT, "TEXT", COMPLETE_FILE, .help = "runs on this text: its name or hash" },
    { "protocol", 'p', OPTION_CHOICE, "NAME", .choices = "stream snapshot", .help = "runs under this protocol" },
    { "ctx", 'c', OPTION_SIZE, "N", .min = 4, .max = 1 << 24, .help = "runs with this ctx" },
    { "eval", 'e', OPTION_SIZE, "N", .min = 2, .max = 1 << 24, .help = "runs with this eval" },
    { "passages", 'n', OPTION_INT, "N", .min = 1, .max = 1e6, .help = "runs over so many passages" },
    { 0 },
};

const command commands_report[] = {
    { "report", "Runs", "write the runs of a set as a page, a picture or data",
      .options = { options_report, options_plugin, options_database, options_output, NULL },
      .text =
          "Writes what was measured on what, the frontier, all runs, failures with their reasons, warnings, and the "
          "commands that make the runs again. Only runs of one model, text, protocol, ctx, eval and number of passages "
          "can be compared; what is not given is as in the newest run. With --where the frontier is that of the runs "
          "that are listed.\n\n"
          "md is Markdown, with an SVG picture beside the file; csv has every column of every run; json has the same, "
          "layers and the frontier's points besides; svg is the picture alone; html is one page that needs no network, "
          "with the picture on several axes, a table to sort and filter, and each run in full.\n\n"
          "A file that is there is not replaced without --force, and is there whole or not at all.",
      .examples = (const command_example[]){ { "report -o report.html", "a page to look at and to send" },
                                             { "report --where \"config LIKE '%polar%'\" -o polar.md", "one family" },
                                             { "report --format csv --all-sets", "all runs, for another program" },
                                             { 0 } },
      .run = cmd_report },
    { 0 },
};
