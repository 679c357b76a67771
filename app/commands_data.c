/* The rows of the database: any question. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_sql[] = {
    { "mode", 0, OPTION_CHOICE, "MODE", .choices = "box csv json markdown line", .standard = "box",
      .help = "how rows are written" },
    { 0 },
};

const command commands_data[] = {
    { "sql", "Runs", "ask the database a question in SQL",
      .arguments =
          (const command_argument[]){ { "QUERY", COMPLETE_NONE, ARGUMENT_JOINED, "a SELECT statement" }, { 0 } },
      .options = { options_sql, options_database, options_output, NULL }, .text = "Runs one query that only reads.",
      .examples =
          (const command_example[]){ { "sql \"SELECT config, kld FROM v_runs ORDER BY kld\"", "a table" }, { 0 } },
      .run = cmd_sql },
    { 0 },
};
