/* commands.h - the rows of the command table and the functions that only need it.
 *
 * commands_face: what the program says about itself and the prompt's own commands. the others: the lab's work by
 * subject, one function per file cmd_NAME.c.
 */
#ifndef KVANT_APP_COMMANDS_H
#define KVANT_APP_COMMANDS_H

#include <stdio.h>

#include "app/app.h"

command_table commands_all(void);
const app_name_source *commands_names(void);

/* The sections in the order help shows them, ended by NULL. */
extern const char *const command_sections[];

extern const command commands_face[];
extern const command commands_lab[];
extern const command commands_sweep[];
extern const command commands_suite[];
extern const command commands_recipe[];
extern const command commands_plan[];
extern const command commands_gate[];
extern const command commands_compare[];
extern const command commands_data[];
extern const command commands_report[];
extern const command commands_program[];
extern const command commands_screen[];

/* Help for one command, and the list of all, as wide as the terminal. */
void help_command(FILE *to, const terminal *t, const command *c);
void help_list(FILE *to, const terminal *t, const command_table *commands, bool at_prompt);

/* "run CONFIG... [options]": the line of a command's synopsis after its name. */
void help_arguments(const command *c, char *text, size_t capacity);

int cmd_inspect(app_context *app, const command_line *line);
int cmd_tokenize(app_context *app, const command_line *line);
int cmd_help(app_context *app, const command_line *line);
int cmd_manual(app_context *app, const command_line *line);
int cmd_completion(app_context *app, const command_line *line);
int cmd_names(app_context *app, const command_line *line);
int cmd_lab(app_context *app, const command_line *line);
int cmd_set(app_context *app, const command_line *line);
int cmd_unset(app_context *app, const command_line *line);
int cmd_quit(app_context *app, const command_line *line);

int cmd_logits(app_context *app, const command_line *line);
int cmd_codecs(app_context *app, const command_line *line);
int cmd_roundtrip(app_context *app, const command_line *line);
int cmd_roundtrip_child(app_context *app, const command_line *line);
int cmd_capture(app_context *app, const command_line *line);
int cmd_offline(app_context *app, const command_line *line);
int cmd_offline_child(app_context *app, const command_line *line);
int cmd_config(app_context *app, const command_line *line);
int cmd_predict(app_context *app, const command_line *line);
int cmd_memory(app_context *app, const command_line *line);
int cmd_bench_engine(app_context *app, const command_line *line);
int cmd_bench_engine_child(app_context *app, const command_line *line);
int cmd_bench(app_context *app, const command_line *line);
int cmd_bench_child(app_context *app, const command_line *line);
int cmd_growth(app_context *app, const command_line *line);
int cmd_growth_child(app_context *app, const command_line *line);
int cmd_speed(app_context *app, const command_line *line);
int cmd_speed_child(app_context *app, const command_line *line);
int cmd_calibrate(app_context *app, const command_line *line);
int cmd_paper(app_context *app, const command_line *line);
int cmd_paper_child(app_context *app, const command_line *line);
int cmd_run(app_context *app, const command_line *line);
int cmd_suite(app_context *app, const command_line *line);
int cmd_sweep(app_context *app, const command_line *line);
int cmd_merge(app_context *app, const command_line *line);
int cmd_recipe(app_context *app, const command_line *line);
int cmd_recipe_child(app_context *app, const command_line *line);
int cmd_runs(app_context *app, const command_line *line);
int cmd_show(app_context *app, const command_line *line);
int cmd_frontier(app_context *app, const command_line *line);
int cmd_diff(app_context *app, const command_line *line);
int cmd_pin(app_context *app, const command_line *line);
int cmd_unpin(app_context *app, const command_line *line);
int cmd_sql(app_context *app, const command_line *line);
int cmd_report(app_context *app, const command_line *line);
int cmd_profile(app_context *app, const command_line *line);
int cmd_cache(app_context *app, const command_line *line);
int cmd_demo(app_context *app, const command_line *line);
int cmd_worker(app_context *app, const command_line *line);
int cmd_describe(app_context *app, const command_line *line);
int cmd_gate(app_context *app, const command_line *line);
int cmd_generate(app_context *app, const command_line *line);
int cmd_generate_child(app_context *app, const command_line *line);
int cmd_verify(app_context *app, const command_line *line);
int cmd_verify_child(app_context *app, const command_line *line);
int cmd_checklist(app_context *app, const command_line *line);
int cmd_checklist_child(app_context *app, const command_line *line);

#endif
