/* The rows of recipes. */
#include "app/commands.h"

#include "app/options.h"

const command commands_recipe[] = {
    { "recipe", "Runs", "run an experiment from a file of commands, or list those there are",
      .arguments = (const command_argument[]){ { "RECIPE", COMPLETE_FILE, ARGUMENT_OPTIONAL,
                                                 "a file, or the name of a recipe kvant came with" },
                                               { 0 } },
      .options = { options_evaluation, options_database, options_output, NULL },
      .text =
          "A recipe is lines as they are typed at the prompt; # begins a comment, a backslash at the end joins the next line. Model, text, protocol and the other "
          "settings given here hold for its commands where they do not say otherwise. It ends at the first line that fails; "
          "started again it goes on, because a sweep skips what is there.",
      .examples =
          (const command_example[]){ { "recipe", "what there is" },
                                     { "recipe bits --protocol snapshot", "one of them, under the other protocol" },
                                     { 0 } },
      .run = cmd_recipe },
    { 0 },
};
