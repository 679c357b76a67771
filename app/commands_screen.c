/* The rows of what is done on the screen: each stands for a key, or is one that has no key. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_dump[] = {
    { "looks", 0, OPTION_FLAG, .help = "write a second block with one letter for each cell's look" },
    { "force", 0, OPTION_FLAG, .help = "replace the file when it is there" },
    { 0 },
};

static const command_option options_save[] = {
    { "force", 0, OPTION_FLAG, .help = "replace the file when it is there" },
    { 0 },
};

/* The screen has functions of its own for these (app/screen/builtins.c); this one is met everywhere else. */
static int elsewhere(app_context *app, const command_line *line)
{
    fault f = { 0 };
    fault_set(&f, FAULT_USAGE, "%s: only the lab's screen can do this; kvant on a terminal, without --plain, opens it",
              line_command(line)->name);
    return app_report(app, &f);
}

#define SCREEN .options = { options_output, NULL }, .run = elsewhere, .flags = COMMAND_LAB_ONLY | COMMAND_SCREEN_ONLY
#define ARGUMENTS(...)                                                                                                 \
    .arguments = (const command_argument[])                                                                            \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }
#define EXAMPLES(...)                                                                                                  \
    .examples = (const command_example[])                                                                              \
    {                                                                                                                  \
        __VA_ARGS__,                                                                                                   \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

const command commands_screen[] = {
    { "select", "Screen", "choose a run", ARGUMENTS({ "ID", COMPLETE_RUN, 0, .help = "a run's number" }),
      .text = "Chooses a run: its details are shown, and the plot is of the runs it can be compared with.",
      EXAMPLES({ "select 12", "run 12" }), SCREEN },
    { "mark", "Screen", "mark a run, for the difference of two",
      ARGUMENTS({ "ID", COMPLETE_RUN, ARGUMENT_OPTIONAL, .help = "a run's number; nothing: the chosen one" }),
      .text = "Marks a run: d then shows the difference between it and the chosen one. Marking it again forgets it.",
      EXAMPLES({ "mark", "the chosen run" }), SCREEN },
    { "sort", "Screen", "sort the table of runs",
      ARGUMENTS({ "COLUMN", COMPLETE_METRIC, 0, .help = "a column of the table" },
                { "DIRECTION", COMPLETE_NONE, ARGUMENT_OPTIONAL, .help = "asc or desc; nothing: the best first",
                  .choices = "asc desc" }),
      .text = "Sorts the table of runs. Pinned runs stay at its top.",
      EXAMPLES({ "sort kld", "the smallest first" }, { "sort ratio asc", "the smallest first" }), SCREEN },
    { "filter", "Screen", "show only some runs",
      ARGUMENTS({ "SQL", COMPLETE_METRIC, ARGUMENT_OPTIONAL | ARGUMENT_JOINED | ARGUMENT_RAW,
                  .help = "an SQL expression over the columns of v_runs; nothing: all runs" }),
      .text = "Shows only the runs for which the expression is true, in the table and in the plot.",
      EXAMPLES({ "filter kld < 0.01 and config like '%turbo%'", "faithful ones" }, { "filter", "all of them" }),
      SCREEN },
    { "axes", "Screen", "choose the axes of the plot",
      ARGUMENTS({ "X", COMPLETE_METRIC, 0, .help = "a metric" }, { "Y", COMPLETE_METRIC, 0, .help = "a metric" }),
      .text = "Chooses what the plot shows: x is what is saved, y what it costs.",
      EXAMPLES({ "axes bits_per_value kld", "true bits against KL divergence" }), SCREEN },
    { "limit", "Screen", "mark the cheapest run that is good enough",
      ARGUMENTS({ "VALUE", COMPLETE_NONE, ARGUMENT_OPTIONAL, .help = "of the plot's y; nothing: no line" }),
      .text = "Draws a line across the plot and chooses the run with the best x among those on its good side.",
      EXAMPLES({ "limit 0.01", "the cheapest with KLD at most 0.01" }), SCREEN },
    { "group", "Screen", "go to other runs that can be compared",
      ARGUMENTS({ "WHICH", COMPLETE_NONE, 0, .help = "next, previous, or a number", .choices = "next previous" }),
      .text = "Runs of one model, text, protocol and sizes can be compared; the plot shows such a group. This goes to "
              "another one and chooses its newest run.",
      EXAMPLES({ "group next", "the next" }), SCREEN },
    { "focus", "Screen", "give the keys to a pane",
      ARGUMENTS({ "PANE", COMPLETE_NONE, 0, .help = "runs, frontier, details, log or workers",
                  .choices = "runs frontier details log workers" }),
      .text = "Gives the keys to a pane, as Tab and the digits do.", EXAMPLES({ "focus log", "the log" }), SCREEN },
    { "zoom", "Screen", "show one pane alone",
      ARGUMENTS({ "PANE", COMPLETE_NONE, ARGUMENT_OPTIONAL, .help = "as for focus; nothing: the one that has the keys",
                  .choices = "runs frontier details log workers" }),
      .text = "Gives the whole screen to a pane, or, when one has it, shows all of them again.",
      EXAMPLES({ "zoom details", "everything about a run" }), SCREEN },
    { "copy", "Screen", "copy a run's config",
      ARGUMENTS({ "ID", COMPLETE_RUN, ARGUMENT_OPTIONAL, .help = "a run's number; nothing: the chosen one" }),
      .text = "Asks the terminal to put the config on its clipboard (OSC 52), and shows it in the log.",
      EXAMPLES({ "copy 12", "the config of run 12" }), SCREEN },
    { "mouse", "Screen", "use the mouse, or leave it to the terminal",
      ARGUMENTS({ "WHETHER", COMPLETE_NONE, ARGUMENT_OPTIONAL, .help = "on or off; nothing: the other",
                  .choices = "on off" }),
      .text = "With the mouse off the terminal's own selection of text works.",
      EXAMPLES({ "mouse off", "select text" }), SCREEN },
    { "screen-dump", "Screen", "write the screen to a file",
      ARGUMENTS({ "FILE", COMPLETE_FILE, 0, .help = "the file to write" }),
      .options = { options_dump, options_output, NULL },
      .text =
          "Writes the screen as text, one line for each row. With --looks a second block follows, a letter for each "
          "cell: . plain, B bold, D dim, G good, W warning, R bad, A accent, C chosen, M marked, 1 to 6 families. A file "
          "whose name ends in .svg becomes a picture, for a light and a dark page.",
      EXAMPLES({ "screen-dump lab.txt", "what is to be seen" }, { "screen-dump lab.svg", "the same as a picture" }),
      .run = elsewhere, .flags = COMMAND_LAB_ONLY | COMMAND_SCREEN_ONLY },
    { "save", "Screen", "write the session as a recipe",
      ARGUMENTS({ "FILE.lua", COMPLETE_FILE, 0, .help = "the file to write" }),
      .options = { options_save, options_output, NULL },
      .text = "Writes what was done since the screen was opened, by keys and by commands, as a Lua recipe that does it "
              "again; what only concerned the screen is left out.",
      EXAMPLES({ "save session.lua", "then kvant recipe session.lua" }), .run = elsewhere,
      .flags = COMMAND_LAB_ONLY | COMMAND_SCREEN_ONLY },
    { "timing", "Screen", "say how quick the screen is",
      .text =
          "Prints how long the first screen took, what a refresh takes after the database has changed, and the time "
          "from a key to what it does on the screen; behind each, as work, what of it the processor did for kvant.",
      EXAMPLES({ "timing", "milliseconds" }), SCREEN },
    { 0 },
};
