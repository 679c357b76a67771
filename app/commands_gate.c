/* The rows of the gate and of text. */
#include "app/commands.h"

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

const command commands_gate[] = {
    { "generate", "Models", "let a model speak through a config's cache",
      .arguments = (const command_argument[]){ { "MODEL", COMPLETE_MODEL, ARGUMENT_OPTIONAL,
                                                 "a GGUF file (default: the model kvant comes with)" },
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
    { "generate-child", "Program", "make a text; started by kvant itself", .options = { options_output, NULL },
      .run = cmd_generate_child, .flags = COMMAND_HIDDEN },
    { 0 },
};
