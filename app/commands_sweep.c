/* The rows of many runs at once: sweeps, their plans, shards and merging. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_plan[] = {
    { "plan", 0, OPTION_TEXT, "FILE", COMPLETE_FILE,
      .help = "write the sweep as a plan, JSON lines, instead of running it" },
    { "from", 0, OPTION_TEXT, "PLAN", COMPLETE_FILE, .help = "run a plan, or the shard of it that is this process's" },
    { "shard", 0, OPTION_TEXT, "I/N",
      .help = "with --from: the part to run, from 1 (default: what the engine says that "
              "started this process)" },
    { "shards", 0, OPTION_INT, "N", .min = 1, .max = 1000000,
      .help = "with --from: into how many parts, where neither --shard nor the engine says" },
    { "no-shard", 0, OPTION_FLAG, .help = "with --from: run all of the plan, whatever the environment says" },
    { "emit", 0, OPTION_CHOICE, "ENGINE", .choices = "slurm hq pbs lsf flux parallel",
      .help = "with --from and --shards: print the line that starts all shards" },
    { 0 },
};

static const command_option options_sweep[] = {
    { "k", 0, OPTION_TEXT, "LIST", COMPLETE_CONFIG,
      .help = "codecs for the keys, a comma between; every pair with --v is run" },
    { "v", 0, OPTION_TEXT, "LIST", COMPLETE_CONFIG, .help = "codecs for the values, a comma between" },
    { "dry-run", 0, OPTION_FLAG, .help = "list the configs and what is known of them, and run nothing" },
    { "force", 0, OPTION_FLAG, .help = "run also what the database already has" },
    { 0 },
};

const command commands_sweep[] = {
    { "sweep", "Runs", "evaluate many configs",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "a config; quote one that has spaces" },
                                               { 0 } },
      .options = { options_sweep, options_plan, options_evaluation, options_jobs, options_timing, options_plugin,
                   options_database, options_output, NULL },
      .text =
          "Evaluates every config given, or every pair of --k and --v, and skips what the database already has. "
          "Interrupted, it ends with status 75; started again it goes on where it stopped.\n\n"
          "A plan is the sweep written down: every config with a hash of all that defines it. Each of its shards goes "
          "into a database of its own, PLAN.shard-I-of-N.db, on this machine or another, and kvant merge brings "
          "them together. Which shard this is comes from --shard, or from KVANT_SHARD, Slurm, HyperQueue, PBS, LSF, "
          "GNU parallel or Flux. A plan is run only with the very model, text and calibration it was made for.",
      .examples = (const command_example[]){ { "sweep turbo2 turbo3 'k=q8_0 v=turbo3'", "three configs" },
                                             { "sweep --k q8_0,turbo4 --v q8_0,turbo3", "four pairs" },
                                             { "sweep 'polar(bits=2..6)' --jobs 2", "two at a time" },
                                             { "sweep 'polar(bits=2..6)' --plan bits.jsonl", "only plan" },
                                             { "sweep --from bits.jsonl --shard 2/3", "and run a third of it" },
                                             { "sweep --from bits.jsonl --shards 3 --emit slurm",
                                               "how Slurm is told to run all of it" },
                                             { 0 } },
      .run = cmd_sweep },
    { "merge", "Runs", "bring the runs of other databases into this one",
      .arguments =
          (const command_argument[]){ { "SHARD", COMPLETE_FILE, ARGUMENT_REPEATS,
                                        .help = "a database that kvant wrote, for instance a shard of a sweep" },
                                      { 0 } },
      .options = { options_database, options_output, NULL },
      .text = "Copies every run that is not here yet, with its layers and everything it refers to, all of a file or "
              "nothing; a second time nothing is new. A run is known by its uid. Two runs with one uid that differ are "
              "refused. Pins, profiles and questions stay where they are.",
      .examples = (const command_example[]){ { "merge plan.shard-*.db", "the shards of a plan, into the database" },
                                             { "merge laptop.db --db all.db", "into another one" },
                                             { 0 } },
      .run = cmd_merge },
    { 0 },
};
