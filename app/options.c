#include "app/options.h"

const command_option options_evaluation[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text to read, UTF-8; self: text sampled from the model itself" },
    { "protocol", 'p', OPTION_CHOICE, "NAME", .choices = "stream snapshot", .standard = "stream",
      .flags = OPTION_SETTING,
      .help = "stream: compress as tokens arrive; snapshot: compress a finished prefix, then continue" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "512", .min = 4, .max = 1 << 24, .flags = OPTION_SETTING,
      .help = "tokens per passage (snapshot: of its prefix)" },
    { "eval", 'e', OPTION_SIZE, "N", .standard = "64", .min = 2, .max = 1 << 24, .flags = OPTION_SETTING,
      .help = "tokens forced after the prefix; snapshot only" },
    { "passages", 'n', OPTION_INT, "N", .standard = "32", .min = 1, .max = 1e6, .flags = OPTION_SETTING,
      .help = "passages to read" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The results do not depend on it" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of the sampled text and of the intervals" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "for codecs that calibrate: what `kvant calibrate` made (default: the model's nameless one)" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e7, .flags = OPTION_SETTING,
      .help = "a codec that shows no progress for so long is stopped; its run is stored as failed" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "compute the reference anew instead of reusing it" },
    { 0 },
};

const command_option options_jobs[] = {
    { "jobs", 0, OPTION_INT, "N", .standard = "1", .min = 1, .max = 64, .flags = OPTION_SETTING,
      .help = "runs at a time, each in a process with its share of the threads. The results do not depend on it" },
    { 0 },
};

const command_option options_timing[] = {
    { "timing", 0, OPTION_FLAG,
      .help =
          "say on stderr at the end where the time went: codecs, products, attention ...; and, of plain runs, what memory "
          "was held at most beside what must be" },
    { 0 },
};

const command_option options_plugin[] = {
    { "plugin", 0, OPTION_TEXT, "FILE.so", COMPLETE_FILE, .flags = OPTION_REPEATS,
      .help = "load codecs from this plugin too; may be given more than once" },
    { 0 },
};

const command_option options_database[] = {
    { "db", 0, OPTION_TEXT, "FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "the database of runs (default: $KVANT_DB, or kvant.db in the XDG data directory)" },
    { 0 },
};

const command_option options_rows[] = {
    { "mode", 0, OPTION_CHOICE, "MODE", .choices = "box line markdown csv json", .standard = "box",
      .flags = OPTION_SETTING, .help = "how the rows of an answer are written" },
    { "timer", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "say on stderr how long each answer took" },
    { 0 },
};

const command_option options_output[] = {
    { "json", 0, OPTION_FLAG, .help = "write JSON instead of text" },
    { "color", 0, OPTION_CHOICE, "WHEN", .choices = "auto always never", .standard = "auto", .flags = OPTION_SETTING,
      .help = "auto: on a terminal, unless NO_COLOR is set or TERM is dumb" },
    { "ascii", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "draw with ASCII only, also where UTF-8 would do" },
    { "help", 'h', OPTION_FLAG, .help = "show the help of this command" },
    { 0 },
};

const command_option *const options_shared[] = { options_evaluation, options_jobs,   options_database,
                                                 options_rows,       options_output, NULL };
