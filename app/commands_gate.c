/* The rows of the gate and of text. */
#include "app/commands.h"

#include "app/gate_thresholds.h"
#include "app/options.h"

static const command_option options_generate[] = {
    { "config", 'k', OPTION_TEXT, "CONFIG", COMPLETE_CONFIG, .flags = OPTION_REPEATS,
      .help = "the cache's config (default: the exact cache); given more than once: side by side" },
    { "beside", 'b', OPTION_FLAG, .help = "also the text of the exact cache, first" },
    { "prompt", 'p', OPTION_TEXT, "TEXT|-",
      .help = "what is continued or answered; -: standard input (default: nothing, the model begins)" },
    { "tokens", 'n', OPTION_INT, "N", .standard = "128", .min = 1, .max = 1 << 20, .help = "tokens to say, at most" },
    { "temperature", 0, OPTION_REAL, "T", .standard = "0", .min = 0, .max = 100,
      .help = "0: always the likeliest token; above: drawn, with the same random numbers for every config" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of the random numbers" },
    { "raw", 0, OPTION_FLAG, .help = "the prompt as it is, also for a model with a chat template" },
    { "chat", 0, OPTION_FLAG, .help = "the prompt as a message, also for a model without a chat template" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "0", .min = 0, .max = 1 << 24,
      .help = "positions the text may have; 0: as many as the model was trained for" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads of each text; 0: the processors, shared out. The text does not depend on it" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "for codecs that calibrate: what `kvant calibrate` made (default: the model's nameless one)" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e7, .flags = OPTION_SETTING,
      .help = "a text that does not grow for so long is given up" },
    { 0 },
};

static const command_option options_gate[] = {
    { "thresholds", 0, OPTION_TEXT, "FILE", COMPLETE_FILE,
      .help = "thresholds as lines name = value, or a JSON object; the options below win over it" },
    { "only", 0, OPTION_TEXT, "LIST", .help = "these gates alone: kld,top1" },
    { "skip", 0, OPTION_TEXT, "LIST", .help = "all gates but these" },
    { "no-speed", 0, OPTION_FLAG, .help = "leave out the three gates of speed: for machines that others use, too" },
    { "all", 0, OPTION_FLAG, .help = "measure everything, also of a config that perplexity has killed" },
    { "fresh", 0, OPTION_FLAG, .help = "run also what the database has" },
    { "set", 0, OPTION_TEXT, "COMMAND.OPTION=VALUE", .flags = OPTION_REPEATS,
      .help = "an option of what is run: session.turns=20, needle.lengths=256, speed.reps=11" },
    { "suite-ctx", 0, OPTION_SIZE, "N", .standard = "0", .min = 0, .max = 1 << 24,
      .help = "positions a sequence of a suite may have; 0: as many as the model was trained for" },
    { "speed-reference", 0, OPTION_TEXT, "CONFIG", COMPLETE_CONFIG, "f16",
      .help =
          "what speed is compared with (as bytes, keys where the config has them); exact: the engine's own f32 cache" },
    { 0 },
};

static const command_option options_gate_run[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text to read, UTF-8; self: text sampled from the model itself" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "512", .min = 4, .max = 1 << 24,
      .help = "tokens per passage of the plain run" },
    { "passages", 'n', OPTION_INT, "N", .standard = "32", .min = 1, .max = 1e6, .help = "passages of the plain run" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of what is sampled and drawn, and of the intervals" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "for codecs that calibrate: what `kvant calibrate` made (default: the model's nameless one)" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e7, .flags = OPTION_SETTING,
      .help = "a codec that shows no progress for so long is stopped; its run has failed" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "compute references anew instead of reusing them" },
    { 0 },
};

const command commands_gate[] = {
    { "generate", "Models", "let a model speak through a config's cache",
      .arguments = (const command_argument[]){ { "MODEL", COMPLETE_MODEL, ARGUMENT_OPTIONAL,
                                                 .help = "a GGUF file (default: the model kvant comes with)" },
                                               { 0 } },
      .options = { options_generate, options_plugin, options_database, options_output, NULL },
      .text =
          "Continues or answers the prompt and writes the text as it is made; Ctrl-C stops it, and what was said stays. "
          "Several configs stand side by side on a terminal, elsewhere one below the other, and the first token that "
          "differs from the first text's is marked and told. They are made at the same time: `kvant speed` says how fast "
          "a config is.\n\n"
          "A model with a chat template gets the prompt as a message. The line of figures at the end goes to standard "
          "error: tokens per second, time to the first token (of the prompt as well), and the bytes of the cache as a "
          "run counts them.",
      .examples =
          (const command_example[]){
              { "generate --prompt 'Once upon a time' --config turbo3", "text through a 3-bit cache" },
              { "generate --prompt 'Once' --config turbo2 --beside", "beside the exact cache" },
              { "generate model.gguf --prompt - --config q8_0 --json < question.txt", "for a program" },
              { 0 } },
      .run = cmd_generate },
    { "gate", "Suites", "judge whether a config may be used",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, 0, .help = "a config" }, { 0 } },
      .options = { options_gate, options_thresholds, options_gate_run, options_jobs, options_plugin, options_database,
                   options_output, NULL },
      .text =
          "Measures a config beside the exact cache and judges it, gate by gate: ppl, kld and top1 of a plain run; "
          "attention, needle, prompts and session, each a suite; prompt-speed, generation-speed, first-token and setup; "
          "bytes against the formula; ceiling, with --budget. One line each: PASS, WARN, FAIL, or n/a and why. Status 1 "
          "when one fails, so that it serves in someone's build.\n\n"
          "Runs are stored as usual and named by number; what the database has of this engine is not run again. A "
          "perplexity that rises by more than --ppl-kill ends it at once. No gate that could not be measured passes.\n\n"
          "docs/gate.md says where the thresholds come from.",
      .examples =
          (const command_example[]){
              { "gate q8_0", "all gates, on the model kvant comes with" },
              { "gate turbo4 --model model.gguf --budget 27G --need-ctx 64k", "must also fit" },
              { "gate turbo3 --only kld,top1 --kld-fail 0.05 --json", "two gates, one stricter, for a program" },
              { "gate turbo3 --thresholds ours.txt --no-speed", "thresholds of one's own" },
              { 0 } },
      .run = cmd_gate },
    { "generate-child", "Program", "make a text; started by kvant itself", .options = { options_output, NULL },
      .run = cmd_generate_child, .flags = COMMAND_HIDDEN },
    { 0 },
};
