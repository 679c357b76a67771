/* The rows of the suites (app/suite.h): each command's first table is the suite's own options. */
#include "app/commands.h"

#include "app/options.h"

/* What all suites take. */
static const command_option options_suite[] = {
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "0", .min = 0, .max = 1 << 24,
      .help = "positions a sequence may have; 0: as many as the model was trained for, for attention 512" },
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The results do not depend on it" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of what is drawn, and of the intervals" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "for codecs that calibrate: what `kvant calibrate` made (default: the model's nameless one)" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e7, .flags = OPTION_SETTING,
      .help = "a codec that shows no progress for so long is stopped; its run is stored as failed" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "compute the reference anew instead of reusing it" },
    { "force", 0, OPTION_FLAG, .help = "of several configs, run also what the database already has" },
    { 0 },
};

/* Of suites that read a text. */
static const command_option options_suite_text[] = {
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text, UTF-8; self: text sampled from the model itself" },
    { 0 },
};

static const command_argument arguments_suite[] = {
    { "CONFIG", COMPLETE_CONFIG, ARGUMENT_REPEATS,
      .help = "a config; quote one that has spaces. Of several, those the database has are not run again" },
    { 0 },
};

static const command_option options_needle[] = {
    { "lengths", 0, OPTION_TEXT, "N,N", .standard = "0",
      .help = "tokens of a haystack, question and answer included; 0: 256, doubled up to the context" },
    { "depths", 0, OPTION_TEXT, "D,D", .standard = "0,0.25,0.5,0.75,1",
      .help = "where what is asked for stands: 0 is the beginning, 1 the end" },
    { "kinds", 0, OPTION_TEXT, "KIND,KIND", .standard = "single,several,marked,chain",
      .help = "which kinds are asked for" },
    { "trials", 0, OPTION_INT, "N", .standard = "2", .min = 1, .max = 100, .help = "haystacks for each cell" },
    { 0 },
};

static const command_option options_prompts[] = {
    { "list", 0, OPTION_CHOICE, "LIST", .standard = "auto", .choices = "auto chat base",
      .help =
          "the ten tasks: for models that chat, or beginnings for those that only continue a text; auto: chat when the "
          "model has a chat template" },
    { 0 },
};

static const command_option options_session[] = {
    { "turns", 0, OPTION_INT, "N", .standard = "50", .min = 1, .max = 50,
      .help = "turns of the conversation; ten are a phase" },
    { "tokens", 0, OPTION_INT, "N", .standard = "0", .min = 0, .max = 65536,
      .help = "tokens an answer may have; 0: what the context leaves, 8 to 256" },
    { 0 },
};

static const command_option options_trajectory[] = {
    { "prompts", 0, OPTION_INT, "N", .standard = "16", .min = 1, .max = 4096, .help = "passages that are continued" },
    { "prompt", 0, OPTION_INT, "N", .standard = "64", .min = 1, .max = 1 << 24,
      .help = "tokens of a passage that are given" },
    { "tokens", 0, OPTION_INT, "N", .standard = "128", .min = 1, .max = 65536,
      .help = "tokens a continuation may have" },
    { 0 },
};

static const command_option options_attention[] = {
    { "passages", 0, OPTION_INT, "N", .standard = "8", .min = 1, .max = 1 << 20, .help = "passages of the text" },
    { "queries", 0, OPTION_INT, "N", .standard = "0", .min = 0, .max = 1 << 24,
      .help = "positions of a passage whose queries are compared, spread evenly; 0: all" },
    { 0 },
};

static const command_example examples_attention[] = {
    { "attention turbo3", "eight passages of 512 tokens, every head" },
    { "attention 'k=q8_0 v=turbo3' --ctx 2k --queries 256", "longer ones, an eighth of the queries" },
    { NULL, NULL },
};

static const command_example examples_needle[] = {
    { "needle turbo3", "keys in haystacks up to the context of the model kvant comes with" },
    { "needle q8_0 turbo4 turbo2 --trials 4", "three configs, four haystacks for each cell" },
    { "needle turbo3 --text book.txt --lengths 512,1024 --depths 0,0.5,1", "in a text, where you say" },
    { NULL, NULL },
};

static const command_example examples_prompts[] = {
    { "prompts turbo3", "ten tasks with the model kvant comes with" },
    { "prompts q8_0 turbo4 turbo2 -m instruct.gguf", "three configs with a model that chats" },
    { NULL, NULL },
};

static const command_example examples_session[] = {
    { "session turbo3", "fifty turns with the model kvant comes with" },
    { "session q8_0 --turns 20 --tokens 24", "two phases, longer answers" },
    { NULL, NULL },
};

static const command_example examples_trajectory[] = {
    { "trajectory turbo3", "sixteen continuations of 128 tokens" },
    { "trajectory 'k=q8_0 v=turbo3' --text book.txt --prompts 32", "beginnings from a text" },
    { NULL, NULL },
};

#define SUITE_OPTION_TABLES options_suite, options_jobs, options_plugin, options_database, options_output

const command commands_suite[] = {
    { "needle", "Suites", "look for keys hidden in long texts", .arguments = arguments_suite,
      .options = { options_needle, options_suite_text, SUITE_OPTION_TABLES, NULL },
      .text =
          "Notes are hidden in a text, and one is asked for. Four kinds: single, one note alone (shown, never ranked, because "
          "nearly every cache finds it); several, eight people's keys, in pairs whose names and keys differ in one character; "
          "marked, one note that begins with \"Remember this\" among others that are nearly the same; chain, "
          "\"Let K = 4821\", \"Let Q = K\", \"Let V = Q\" beside a second chain whose value differs in one digit: what is "
          "V?\n\n"
          "The answer must begin with the right key. Cells that the exact cache does not find are n/a; the score is how many "
          "of the others, in percent, the config's cache finds. Where the model itself finds little, the run says so.",
      .examples = examples_needle, .run = cmd_suite },
    { "prompts", "Suites", "put ten tasks with exact checkers to a config's cache", .arguments = arguments_suite,
      .options = { options_prompts, SUITE_OPTION_TABLES, NULL },
      .text =
          "Ten tasks, one for each category: summary of a long text, reasoning, code that is run, debugging, recall, a story "
          "to measure, a conversation, JSON that is parsed, translation, eight constraints. Each answer is checked exactly; "
          "what the exact cache fails is n/a, what it passes and the config's cache fails is a regression. KLD and agreement "
          "are of the exact cache's answers forced through the config's.\n\n"
          "A model without a chat template gets ten beginnings instead, whose continuation follows from what was read.",
      .examples = examples_prompts, .run = cmd_suite },
    { "session", "Suites", "hold a long working conversation with a config's cache", .arguments = arguments_suite,
      .options = { options_session, SUITE_OPTION_TABLES, NULL },
      .text =
          "Fifty turns about one small program, in five phases: write, debug, refactor, test, extend. The exact cache holds "
          "the session first, greedily and with its whole history; what it said is then forced through the config's cache: "
          "KLD and agreement turn by turn. Then the config holds the session by itself, and how its answers look is compared "
          "with how the reference's look. A turn that falls by more than 0.15 below the five before it is marked.\n\n"
          "Where the context is too short for all turns, as many are held as fit, and the run says so.",
      .examples = examples_session, .run = cmd_suite },
    { "trajectory", "Suites", "see how long greedy continuations stay together", .arguments = arguments_suite,
      .options = { options_trajectory, options_suite_text, SUITE_OPTION_TABLES, NULL },
      .text =
          "Beginnings of passages of a text are continued greedily by the exact cache and by the config's. The score is the "
          "mean of the tokens in common over the length of the longer continuation, in percent.",
      .examples = examples_trajectory, .run = cmd_suite },
    { "attention", "Suites", "compare attention head by head", .arguments = arguments_suite,
      .options = { options_attention, options_suite_text, SUITE_OPTION_TABLES, NULL },
      .text =
          "Passages of a text go through the model with the config's cache, 512 tokens each unless --ctx says otherwise, and "
          "in every layer the same queries also meet the rows as they were before the codec. Of each query head comes the mean "
          "cosine between the two vectors of softmax weights and between the two outputs, and the relative squared error of "
          "the logits; the worst head is named. The score is the mean cosine of weights over all heads. What layers below do "
          "to a layer's input is in both: KLD and perplexity, which are those of a plain stream run of the same passages, "
          "show that.",
      .examples = examples_attention, .run = cmd_suite },
    { 0 },
};
