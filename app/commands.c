/* The rows that need no lab: the program about itself, models looked at, the prompt's own words. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_tokenize[] = {
    { "pieces", 0, OPTION_FLAG, .help = "show each token's text beside its id" },
    { "no-special", 0, OPTION_FLAG, .help = "leave out BOS and EOS even where the model wants them" },
    { 0 },
};

static const command_option options_names[] = {
    { "kind", 0, OPTION_CHOICE, "KIND", .choices = "codec metric run setting recipe query profile", .standard = "codec",
      .help = "which names" },
    { "line", 0, OPTION_TEXT, "LINE", .help = "what may come next on this line, instead" },
    { "word", 0, OPTION_TEXT, "WORD", .help = "its end, which the names take the place of" },
    { 0 },
};

static const command_option options_lab[] = {
    { "plain", 0, OPTION_FLAG, .help = "a prompt instead of the screen" },
    { "no-mouse", 0, OPTION_FLAG, .help = "leave the mouse to the terminal" },
    { 0 },
};

const command commands_face[] = {
    { "inspect", "Models", "show what a model is made of",
      .arguments =
          (const command_argument[]){ { "MODEL", COMPLETE_MODEL, ARGUMENT_OPTIONAL, .help = "a GGUF file" }, { 0 } },
      .options = { options_output, NULL },
      .text =
          "Reads the header of a GGUF file, not its weights, and prints the architecture, the shape of the network, the "
          "position encoding, the tokenizer, the weight types with their counts and bytes, and what one token costs in "
          "an f16 cache. Without MODEL it shows the session's model, or the one kvant comes with.",
      .examples = (const command_example[]){ { "inspect", "the model kvant comes with" },
                                             { "inspect --json model.gguf", "the same figures for a program" },
                                             { 0 } },
      .run = cmd_inspect },
    { "tokenize", "Models", "turn a text into token ids",
      .arguments =
          (const command_argument[]){ { "MODEL", COMPLETE_MODEL, 0, .help = "a GGUF file" },
                                      { "FILE", COMPLETE_FILE, 0, .help = "the text, UTF-8; - reads standard input" },
                                      { 0 } },
      .options = { options_tokenize, options_output, NULL },
      .text = "Prints one token id per line, as the model's own tokenizer makes them.",
      .examples = (const command_example[]){ { "tokenize model.gguf book.txt", "ids, one per line" },
                                             { "tokenize --pieces model.gguf book.txt", "with the text of each" },
                                             { 0 } },
      .run = cmd_tokenize },
    { "lab", "Program", "open the lab: the screen, or a prompt",
      .options = { options_lab, options_database, options_output, NULL },
      .text =
          "Opens the lab: runs as they appear, their frontier, the details of one, and a line on which every command of "
          "this list is typed without \"kvant\"; settings are kept between commands. The key ? shows the keys, Tab "
          "completes, Ctrl-C stops what runs, Q leaves. kvant alone, or with these options, does the same.\n\n"
          "With --plain, with TERM=dumb and on terminals that cannot show a screen the same commands are typed at a "
          "prompt. When standard input is not a terminal its lines are run one by one, up to the first that fails. "
          "Scripts in Lua are run by \"kvant recipe FILE\".",
      .examples = (const command_example[]){ { "lab", "open the screen" },
                                             { "lab --plain", "the prompt alone" },
                                             { "lab --db other.db --no-mouse", "another database; select text freely" },
                                             { 0 } },
      .run = cmd_lab, .flags = COMMAND_CLI_ONLY },
    { "help", "Program", "show help, for everything or for one command",
      .arguments =
          (const command_argument[]){ { "COMMAND", COMPLETE_COMMAND, ARGUMENT_OPTIONAL, .help = "a command" }, { 0 } },
      .options = { options_output, NULL },
      .text = "Lists all commands, or says everything about one. With --json it writes the table of commands itself.",
      .examples = (const command_example[]){ { "help run", "everything about run" }, { 0 } }, .run = cmd_help },
    { "completion", "Program", "print the completion script for a shell",
      .arguments =
          (const command_argument[]){ { "SHELL", COMPLETE_NONE, 0, .help = "bash", .choices = "bash" }, { 0 } },
      .options = { options_output, NULL },
      .text = "Prints a script that completes kvant's commands, options and values. An installation puts it where bash "
              "looks for it.",
      .examples = (const command_example[]){ { "completion bash > ~/.local/share/bash-completion/completions/kvant",
                                               "install it for one person" },
                                             { 0 } },
      .run = cmd_completion, .flags = COMMAND_CLI_ONLY },
    { "manual", "Program", "print the manual page", .options = { options_output, NULL },
      .text = "Prints the manual page in the language of man(7).",
      .examples = (const command_example[]){ { "manual | man -l -", "read it" }, { 0 } }, .run = cmd_manual },
    { "names", "Program", "print names for completion", .options = { options_names, options_output, NULL },
      .text = "Prints the names that exist now, one per line.", .run = cmd_names, .flags = COMMAND_HIDDEN },
    { "set", "Prompt", "keep a value for the commands that follow",
      .arguments =
          (const command_argument[]){
              { "NAME", COMPLETE_SETTING, ARGUMENT_OPTIONAL, .help = "an option's name" },
              { "VALUE", COMPLETE_FILE, ARGUMENT_OPTIONAL | ARGUMENT_JOINED, .help = "its value" },
              { 0 } },
      .options = { options_output, NULL },
      .text =
          "Sets an option for all later commands of the session that have it. An option on a line wins over it. With a "
          "name alone it shows that value, with nothing all of them.",
      .examples = (const command_example[]){ { "set model ~/models/qwen.gguf", "use this model from now on" },
                                             { "set ctx 2k", "passages of 2048 tokens" },
                                             { 0 } },
      .run = cmd_set, .flags = COMMAND_LAB_ONLY },
    { "unset", "Prompt", "return a setting to its default",
      .arguments = (const command_argument[]){ { "NAME", COMPLETE_SETTING, 0, .help = "an option's name" }, { 0 } },
      .options = { options_output, NULL }, .text = "Forgets a value given with set.",
      .examples = (const command_example[]){ { "unset model", "back to the model kvant comes with" }, { 0 } },
      .run = cmd_unset, .flags = COMMAND_LAB_ONLY },
    { "quit", "Prompt", "leave the prompt", .options = { options_output, NULL }, .text = "Leaves, as Ctrl-D does.",
      .run = cmd_quit, .flags = COMMAND_LAB_ONLY },
    { 0 },
};
