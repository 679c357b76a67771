/* The rows of recipes. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_list[] = {
    { "list", 0, OPTION_FLAG, .help = "list the recipes kvant came with" },
    { 0 },
};

static const command_option options_depth[] = {
    { "depth", 0, OPTION_INT, "N", .standard = "1", .min = 1, .max = 100, .help = "recipes that run each other" },
    { 0 },
};

static const command_option options_recipe[] = {
    { "check", 0, OPTION_FLAG, .help = "read it and go through it as --dry-run does; say only what is wrong" },
    { "dry-run", 0, OPTION_FLAG,
      .help = "list its runs and what is known of them, and run nothing; ends where a result is needed" },
    { "plan", 0, OPTION_TEXT, "FILE.jsonl", COMPLETE_FILE,
      .help = "write its runs as a plan for `sweep --from` instead, when it does not steer on results" },
    { "instructions", 0, OPTION_SIZE, "N", .standard = "1000000000", .min = 0, .max = 9007199254740992.0,
      .help = "instructions of Lua between two runs or commands; 0: no limit" },
    { "memory", 0, OPTION_SIZE, "BYTES", .standard = "256M", .min = 0, .max = 1099511627776.0,
      .help = "memory of Lua; 0: no limit" },
    { "patience", 0, OPTION_REAL, "SECONDS", .standard = "10", .min = 0.1, .max = 1e6,
      .help = "a function of Lua's library that takes longer ends the recipe" },
    { "unsafe", 0, OPTION_FLAG,
      .help = "allow all of Lua (os, io, debug, require) and every command: only for recipes you trust" },
    { 0 },
};

const command commands_recipe[] = {
    { "recipe", "Runs", "run an experiment from a file, or list those there are",
      .arguments = (const command_argument[]){ { "RECIPE", COMPLETE_RECIPE, ARGUMENT_OPTIONAL,
                                                 .help = "a file, or the name of a recipe kvant came with" },
                                               { "ARG", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "words for the recipe (in Lua: arg), as NAME=VALUE or plain" },
                                               { 0 } },
      .options = { options_list, options_recipe, options_evaluation, options_jobs, options_plugin, options_database,
                   options_output, NULL },
      .text =
          "A file that ends in .lua is a program in Lua 5.4 with the module lab; docs/recipes.md describes it. It has no "
          "files, no processes and no foreign code unless --unsafe is given, and it can always be stopped. Any other file "
          "is lines as they are typed at the prompt: # begins a comment, a backslash at the end joins the next line.\n\n"
          "Model, text, protocol and the other settings given here hold for its runs where it does not say otherwise. It "
          "ends at the first thing that fails; started again it goes on, because runs that are there are not repeated. "
          "With --json what a recipe in Lua returns is written as JSON, and what it prints goes to stderr; one that "
          "returns false ends with status 1.",
      .examples =
          (const command_example[]){
              { "recipe", "what there is" },
              { "recipe bits --protocol snapshot", "one of them, under the other protocol" },
              { "recipe bisect kld=0.01 --jobs 2", "with a word of its own, two runs at a time" },
              { "recipe mine.lua --dry-run", "what it would run" },
              { 0 } },
      .run = cmd_recipe },
    { "recipe-child", "Program", "run a recipe in Lua in this process",
      .arguments = (const command_argument[]){ { "FILE", COMPLETE_FILE, 0, .help = "the recipe" },
                                               { "ARG", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "its words" },
                                               { 0 } },
      .options = { options_depth, options_recipe, options_evaluation, options_jobs, options_plugin, options_database,
                   options_output, NULL },
      .text = "Started by kvant itself.", .run = cmd_recipe_child, .flags = COMMAND_HIDDEN },
    { 0 },
};
