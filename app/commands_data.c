/* The rows of the database: any question, and configs by name. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_sql[] = {
    { "file", 'f', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "read the SQL from this file; -: from standard input" },
    { "output", 'o', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "write the answers to this file" },
    { "save", 0, OPTION_TEXT, "NAME", .help = "keep the SQL as a question of this name instead of asking it" },
    { "note", 0, OPTION_TEXT, "TEXT", .help = "with --save: what it answers, in a line" },
    { "delete", 0, OPTION_TEXT, "NAME", COMPLETE_QUERY, .help = "forget a question that was saved" },
    { "write", 0, OPTION_FLAG, .help = "allow SQL that inserts, changes or deletes rows, in one transaction" },
    { "yes", 'y', OPTION_FLAG, .help = "with --write: do not ask whether it may" },
    { 0 },
};

static const command_option options_profile[] = {
    { "base", 'b', OPTION_TEXT, "CONFIG", COMPLETE_CONFIG, .help = "the config it is, in the place of what it was" },
    { "from", 0, OPTION_INT, "RUN", COMPLETE_RUN, .min = 1, .max = 9007199254740992.0,
      .help = "the same, from a run: its config and its model" },
    { "layer", 'l', OPTION_TEXT, "LAYERS:CODECS", .flags = OPTION_REPEATS,
      .help = "other codecs for some layers: 0-1:q8_0, or -1:k=q8_0,v=f16; may be given more than once" },
    { "unset", 'u', OPTION_TEXT, "LAYERS", .flags = OPTION_REPEATS,
      .help = "these layers get again what the others get; may be given more than once" },
    { "note", 0, OPTION_TEXT, "TEXT", .help = "a remark that is shown with it; -: none" },
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model whose layers are shown; when the profile is changed, the one it is for" },
    { "export", 'e', OPTION_CHOICE, "FORM", .choices = "llama.cpp vllm yaml json lua",
      .help = "write it for an engine, a client or a recipe instead of showing it" },
    { "lossy", 0, OPTION_FLAG, .help = "with --export: leave out what the engine cannot express" },
    { "import", 0, OPTION_TEXT, "FILE", COMPLETE_FILE,
      .help = "keep what --export json wrote; -: from standard input" },
    { "rename", 0, OPTION_TEXT, "NEW", .help = "give it another name" },
    { "delete", 0, OPTION_FLAG, .help = "forget it" },
    { 0 },
};

const command commands_data[] = {
    { "sql", "Runs", "ask the database a question in SQL",
      .arguments =
          (const command_argument[]){ { "QUERY", COMPLETE_QUERY, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS | ARGUMENT_RAW,
                                        .help = "SQL, or a question's name and values for it" },
                                      { 0 } },
      .options = { options_sql, options_rows, options_database, options_output, NULL },
      .text =
          "Runs SQL that only reads; the view v_runs has everything there is about a run. Several statements, ; between, "
          "are answered one after another. At the prompt options come first and the rest of the line is the SQL, with its "
          "quotes; SQL in quotes of its own works everywhere.\n\n"
          "A name asks a question that came with kvant or was kept with --save; values stand behind it, in order or as "
          ":name=value. `sql .questions` lists them. `.tables` and `.schema NAME` say what there is; `.mode MODE` and "
          "`.timer on|off` hold for a session at the prompt.\n\n"
          "--write lets rows be changed and deleted, asks before it does, and says how many there were. Tables, settings, "
          "uids and other files stay as they are, and runs cannot be made up.",
      .examples =
          (const command_example[]){
              { "sql \"SELECT config, kld FROM v_runs ORDER BY kld\"", "a table" },
              { "sql best 0.02", "a question that came with kvant: the most compressed runs with KLD <= 0.02" },
              { "sql --mode csv -o runs.csv \"SELECT * FROM v_runs\"", "everything, for another program" },
              { "sql --save mine \"SELECT id FROM v_runs WHERE kld < :kld\"",
                "keep a question; sql mine 0.01 asks it" },
              { "sql --write \"DELETE FROM runs WHERE status = 'failed'\"", "forget the runs that failed" },
              { 0 } },
      .run = cmd_sql },
    { "profile", "Codecs", "keep configs by name, and write them for an engine",
      .arguments =
          (const command_argument[]){
              { "NAME", COMPLETE_PROFILE, ARGUMENT_OPTIONAL, .help = "a profile; none lists them" }, { 0 } },
      .options = { options_profile, options_plugin, options_database, options_output, NULL },
      .text =
          "A profile is a config with a name, kept in the database: which codec the keys and values of each layer get. "
          "Where a config is typed, profile=NAME stands for it, alone or with more: `run profile=mine @0:q8_0`. "
          "Exceptions of a layer-adaptive mode (adaptive=7) are kept as what they assign.\n\n"
          "--export writes flags of llama.cpp or vLLM: remarks as comments, a line of environment variables if it takes "
          "any, and the flags on the last line. Engines have one type for all layers, or little more: what they cannot "
          "express is said, layer by layer, and the answer is no, status 1, unless --lossy leaves it out. YAML and JSON "
          "have all of it, every codec with its parameters and every layer of the model; lua makes it again.",
      .examples =
          (const command_example[]){
              { "profile mine --base 'k=q8_0 v=turbo3' --layer 0-1:q8_0", "make one, or replace it" },
              { "profile mine --unset 1 --note 'first layer alone'", "change it" },
              { "profile mine", "what it does to each layer" },
              { "profile mine --export llama.cpp", "flags for an engine; no, if it cannot express it" },
              { "profile mine --export json", "all of it; profile --import reads it again" },
              { 0 } },
      .run = cmd_profile },
    { 0 },
};
