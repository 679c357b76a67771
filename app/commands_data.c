/* The rows of the database: any question, and configs by name. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_sql[] = {
    { "file", 'f', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "read the SQL from this file; -: from standard input" },
    { "output", 'o', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "write the answers to this file" },
    { "save", 0, OPTION_TEXT, "NAME", .help = "keep the SQL as a question of this name instead of asking it" },
    { "note", 0, OPTION_TEXT, "TEXT", .help = "with --save: what it answers, in a line" },
    { "delete", 0, OPTION_TEXT, "NAME", .help = "forget a question that was saved" },
    { "write", 0, OPTION_FLAG, .help = "allow SQL that inserts, changes or deletes rows, in one transaction" },
    { "yes", 'y', OPTION_FLAG, .help = "with --write: do not ask whether it may" },
    { 0 },
};

const command commands_data[] = {
    { "sql", "Runs", "ask the database a question in SQL",
      .arguments =
          (const command_argument[]){ { "QUERY", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS | ARGUMENT_RAW,
                                        "SQL, or a question's name and values for it" },
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
              { "sql best 0.02", "a question that came with kvant: what is on the frontier with KLD <= 0.02" },
              { "sql --mode csv -o runs.csv \"SELECT * FROM v_runs\"", "everything, for another program" },
              { "sql --save mine \"SELECT id FROM v_runs WHERE kld < :kld\"",
                "keep a question; sql mine 0.01 asks it" },
              { "sql --write \"DELETE FROM runs WHERE status = 'failed'\"", "forget the runs that failed" },
              { 0 } },
      .run = cmd_sql },
    { 0 },
};
