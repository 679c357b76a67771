/* The rows of planning: what a cache will weigh, and how fast it is. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_memory[] = {
    { "ctx", 'c', OPTION_TEXT, "LIST",
      .help = "contexts in tokens: 8k,32k,128k (default: 2k to 128k, as far as the model was trained)" },
    { "budget", 'b', OPTION_SIZE, "BYTES", .min = 1, .max = 9e15,
      .help = "also the longest context that fits in so many bytes: 27G" },
    { "need-ctx", 0, OPTION_SIZE, "N", .min = 1, .max = 1 << 24,
      .help = "with --budget: exit status 1 when a config does not reach this context" },
    { "weights", 0, OPTION_TEXT, "on|off|BYTES",
      .help = "bytes of the budget that the weights take (default: the file's size)" },
    { "sequences", 0, OPTION_INT, "N", .standard = "1", .min = 1, .max = 1e6,
      .help = "sequences that are kept at the same time" },
    { "round", 0, OPTION_SIZE, "N", .standard = "1", .min = 1, .max = 1 << 20,
      .help = "round contexts up to a multiple of this; llama.cpp: 256" },
    { "unit", 'u', OPTION_CHOICE, "UNIT", .choices = "MiB GiB bytes", .standard = "MiB",
      .help = "unit of the table; the JSON has bytes" },
    { "measure", 0, OPTION_FLAG, .help = "also run each config on one passage and compare the bytes the host counted" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "with --measure: the text to read, UTF-8; self: text sampled from the model itself" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "with --measure, for codecs that calibrate: what `kvant calibrate` made" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "with --measure: threads; 0: as many as there are processors" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e7, .flags = OPTION_SETTING,
      .help = "with --measure: a codec that shows no progress for so long is stopped" },
    { 0 },
};

static const command_option options_speed[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "reference", 'r', OPTION_TEXT, "CONFIG", COMPLETE_CONFIG, "f16",
      .help = "the cache it is timed beside; exact: the engine's own f32, without codecs" },
    { 0 },
};

static const command_option options_speed_child[] = {
    { "prompt", 0, OPTION_SIZE, "N", .standard = "512", .min = 1, .max = 1 << 24,
      .help = "tokens of the prompt that is timed" },
    { "generate", 'g', OPTION_SIZE, "N", .standard = "64", .min = 1, .max = 1 << 20,
      .help = "tokens that are generated, greedily" },
    { "depth", 0, OPTION_TEXT, "LIST", COMPLETE_NONE, "0", .help = "tokens in the cache before the prompt: 0,4k,16k" },
    { "fill", 0, OPTION_CHOICE, "HOW", .choices = "auto text repeat", .standard = "auto",
      .help = "what they are: the text, read; or its first rows over and over; auto: repeat beyond what the model was "
              "trained for or the text has" },
    { "decoded", 0, OPTION_FLAG, .help = "caches of decoded rows, as evaluations have them, not of bytes" },
    { "plot", 0, OPTION_FLAG, .help = "also draw the times of a token" },
    { "reps", 0, OPTION_INT, "N", .standard = "7", .min = 5, .max = 10000,
      .help = "repetitions: runs of each side, in turns" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text to read, UTF-8; self: text sampled from the model itself" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of the sampled text and of the intervals" },
    { "calibration", 0, OPTION_TEXT, "NAME|FILE", COMPLETE_FILE, .flags = OPTION_SETTING,
      .help = "for codecs that calibrate: what `kvant calibrate` made (default: the model's nameless one)" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "sample the text anew instead of reusing it" },
    { 0 },
};

static const command_option options_speed_time[] = {
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "3600", .min = 0.1, .max = 1e7,
      .help = "stop when it has not ended by then" },
    { 0 },
};

static const command_option options_bench[] = {
    { "dim", 0, OPTION_INT, "N", .standard = "128", .min = 1, .max = 4096, .help = "values in a row" },
    { "rows", 0, OPTION_SIZE, "N", .min = 1, .max = 1 << 24,
      .help = "rows (default: 256 KiB of f32, which stay in the second-level cache, and then 16 MiB)" },
    { "reps", 0, OPTION_INT, "N", .standard = "11", .min = 5, .max = 10000, .help = "repetitions" },
    { "kernels", 0, OPTION_FLAG, .help = "time what codecs are made of, a line each" },
    { "attention", 0, OPTION_FLAG, .help = "time scores and mix on encoded rows, beside f16" },
    { "against", 0, OPTION_TEXT, "LIB", COMPLETE_FILE,
      .help = "a reference library (libggml-base.so; with --engine libllama.so): it takes its turns, too" },
    { 0 },
};

static const command_option options_bench_engine[] = {
    { "engine", 0, OPTION_FLAG, .help = "time the engine on a model instead, beside what the machine can do" },
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "for --engine: the model, a GGUF file (default: the model kvant comes with)" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "for --engine: threads; 0: as many as there are processors" },
    { 0 },
};

static const command_option options_growth[] = {
    { "to", 0, OPTION_SIZE, "N", .min = 1, .max = 1 << 24,
      .help =
          "the largest size (default: what takes about a minute for all repetitions; at most 1M, dim 4k, bits 64)" },
    { "reps", 0, OPTION_INT, "N", .standard = "9", .min = 6, .max = 10000, .help = "repetitions" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of rows, tokens and weights" },
    { "svg", 0, OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "also write the picture to this file, as SVG" },
    { "force", 0, OPTION_FLAG, .help = "with --svg: replace what is there" },
    { "no-plot", 0, OPTION_FLAG, .help = "only tables" },
    { "check", 0, OPTION_FLAG, .help = "exit status 1 when something grows faster than it should" },
    { 0 },
};

static const command_option options_growth_model[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "for context: the model, a GGUF file (default: the model kvant comes with)" },
    { 0 },
};

const command commands_plan[] = {
    { "memory", "Models", "say what a cache weighs, and which context fits a budget",
      .arguments =
          (const command_argument[]){
              { "MODEL", COMPLETE_MODEL, 0,
                .help = "a GGUF file of any architecture, or a description: layers=40 kv=8 dim=128" },
              { "CONFIG", COMPLETE_CONFIG, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                .help = "configs (default: f16, q8_0, and turbo4, turbo3, turbo2 with q8_0 keys and without)" },
              { 0 } },
      .options = { options_memory, options_plugin, options_database, options_output, NULL },
      .text =
          "Prints the bytes of the cache for each context and config. They come from the codecs, which are given noise, so "
          "blocks, padding, metadata, open rows and exceptions of layers are in them; layers are those that keep keys and "
          "values, and layers with a window keep no more than it.\n\n"
          "A description is made of layers=N, kv=HEADS, dim=D and, where needed, vdim=D (of values; 0: none), "
          "windows=TOKENS:5/6 (the first 5 of every 6 layers), attention=1/4 (the last of every 4 keeps a cache), "
          "ctx_train=N and name=TEXT, which comes last. kv, dim, vdim and windows may be lists in runs: kv=8*20,4*20.\n\n"
          "With --budget the table says the longest context that fits: weights, side data and all sequences at their "
          "heaviest. Compute buffers of an engine are not in it. --need-ctx makes that an answer: status 1 for no.",
      .examples =
          (const command_example[]){
              { "memory model.gguf", "the usual configs at the usual contexts" },
              { "memory 'layers=40 kv=8 dim=128' turbo4 k=q8_0", "a model that is only described" },
              { "memory model.gguf turbo3 --budget 27G --need-ctx 64k", "does it fit? 0: yes, 1: no" },
              { "memory model.gguf turbo3 --measure --ctx 512", "beside what a run counts" },
              { 0 } },
      .run = cmd_memory },
    { "speed", "Runs", "time a config's cache beside another's",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, 0, .help = "a config" }, { 0 } },
      .options = { options_speed, options_speed_child, options_speed_time, options_plugin, options_database,
                   options_output, NULL },
      .text =
          "Both caches read the same prompt and generate behind it, in turns, and whoever begins changes from repetition to "
          "repetition. Printed are medians, and ratios of medians with 95 % intervals; --json has every sample in the order "
          "it was taken. With each figure stand KLD and top-1 agreement with the exact cache over the same tokens: a cache "
          "that returns nonsense can be fast.\n\n"
          "Timed is kvant's engine, with the cache as bytes: attention meets them through the codec's own scores and mix "
          "where it has them (and keys stand after RoPE: rope=post), else they are decoded for each token. --decoded keeps "
          "decoded rows instead, as evaluations do. Attention skips rows whose weight is below a millionth of the largest. "
          "Time to first token begins with the prompt at hand and contains making room for the cache; setting codecs up is "
          "told apart.\n\n"
          "Depths beyond what the model was trained for are filled with the rows of a shorter text over and over, each turned "
          "to its position, and said to be so; quality there is against the exact cache over the same rows. With three "
          "depths or more the line through the times says how a token's cost grows.",
      .examples =
          (const command_example[]){
              { "speed turbo3", "beside f16" },
              { "speed 'k=q8_0 v=turbo3' --depth 0,256 --reps 11", "with more or less in the cache" },
              { "speed 'turbo4 rope=post' --reference 'f16 rope=post' --depth 1k,8k,64k --prompt 16 --plot",
                "how a token's cost grows with the cache" },
              { "speed f16 --reference exact", "what a cache of f16 costs beside one of f32" },
              { 0 } },
      .run = cmd_speed },
    { "speed-child", "Program", "time a config in this process",
      .arguments = (const command_argument[]){ { "MODEL", COMPLETE_MODEL, 0, .help = "a GGUF file" },
                                               { "CONFIG", COMPLETE_CONFIG, 0, .help = "a config" },
                                               { "REFERENCE", COMPLETE_CONFIG, 0, .help = "a config, or exact" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "plugins to load" },
                                               { 0 } },
      .options = { options_speed_child, options_output, NULL }, .text = "Started by kvant itself.",
      .run = cmd_speed_child, .flags = COMMAND_HIDDEN },
    { "bench", "Models", "time codecs beside a copy of the same memory",
      .arguments =
          (const command_argument[]){ { "CODEC", COMPLETE_EXPRESSION, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                        .help = "codecs (default: turbo, polar and blocks; with --kernels none)" },
                                      { 0 } },
      .options = { options_bench, options_bench_engine, options_speed_time, options_plugin, options_output, NULL },
      .text =
          "Encodes and decodes rows of Gaussian noise through the plugin interface, on one thread. Each repetition also "
          "copies the rows, and runs the codec's portable version; printed are GB/s of the f32 side, and ratios of medians "
          "with 95 % intervals. Times are processor time of the thread, so a busy machine widens them little.\n\n"
          "Both versions must give the same bytes and values, or the status is 1. With each codec stand its error, "
          "|x - x'|^2 / |x|^2, and the beginning of the SHA-256 of its bytes: what is fast must still be right.\n\n"
          "--attention times scores and mix instead, over 64 MiB of rows, for 1, 2, 4 and 8 queries at a time: in ns for a row "
          "and a query, beside f16, beside decoding first and beside the portable version, with cosines to exact results.\n\n"
          "--engine times prompt and generation on a model, beside multiply-adds on registers and reading the weights in "
          "the same run, in wall time; hashes of what came out must be the same in every repetition. With --against and a "
          "library that has llama_decode, that engine reads the same prompt, generates and generates at depth in turns with "
          "kvant's, with as many threads and else as it comes; said is how far its logits are from kvant's, in nats, and more "
          "than 1 is refused. The weights are in memory twice.\n\n"
          "--kernels times what codecs are made of, each after its result was compared with the portable version's.\n\n"
          "The last table has one block (mostly one row) by itself, as generation encodes it, in ns: by the codec alone, "
          "and hosted, through the checks that kvant puts around a codec. KVANT_SIMD=portable, avx2, avx512 or neon in "
          "the environment names the highest instruction set to use.\n\n"
          "--against loads a library in the child process and times its quantize_row_..._ref and dequantize_row_... beside "
          "the codecs of the same name: q8_0, q5_1, q5_0, q4_1, q4_0, iq4_nl, mxfp4, and turbo2, turbo3, turbo4 where it is "
          "llama-cpp-turboquant's. Said is which were found, and whether bytes and values are the same. It runs as it is: "
          "load only what you trust.",
      .examples =
          (const command_example[]){ { "bench", "the usual codecs, in the cache and beyond it" },
                                     { "bench turbo3 'polar(bits=3)' --rows 4k", "two codecs on 4096 rows" },
                                     { "bench --kernels", "where the time goes" },
                                     { "bench --attention turbo4", "attention without decoding, beside f16" },
                                     { "bench --engine -m model.gguf", "the engine on a model" },
                                     { "bench --engine --against libllama.so", "beside a whole reference engine" },
                                     { "bench q8_0 turbo3 --against libggml-base.so", "beside a reference library" },
                                     { 0 } },
      .run = cmd_bench },
    { "bench-child", "Program", "time codecs in this process",
      .arguments =
          (const command_argument[]){
              { "CODEC", COMPLETE_EXPRESSION, 0, .help = "codecs, an empty word, plugins" },
              { "MORE", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS, .help = "more of them" },
              { 0 } },
      .options = { options_bench, options_output, NULL }, .text = "Started by kvant itself.", .run = cmd_bench_child,
      .flags = COMMAND_HIDDEN },
    { "bench-engine-child", "Program", "time the engine in this process",
      .options = { options_bench, options_bench_engine, options_output, NULL }, .text = "Started by kvant itself.",
      .run = cmd_bench_engine_child, .flags = COMMAND_HIDDEN },
    { "growth", "Models", "show how cost grows, and whether it must",
      .arguments = (const command_argument[]){ { "WHAT", COMPLETE_NONE, 0,
                                                 .help = "rows, dim, bits, context, vocabulary, runs, or all of them",
                                                 .choices = "rows dim bits context vocabulary runs all" },
                                               { "CODEC", COMPLETE_EXPRESSION, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "codecs for rows, dim and bits (default: some of each kind)" },
                                               { 0 } },
      .options = { options_growth, options_growth_model, options_speed_time, options_plugin, options_output, NULL },
      .text =
          "Times something at sizes that double, and draws time over size with both axes logarithmic, where what grows as a "
          "power is a line. rows, dim, bits: codecs encode and decode. context: the engine reads a prompt of so many "
          "positions, and one more token behind it. vocabulary: the logits of 16 positions, and their statistics. runs: what "
          "the database and the screen's board do with so many runs.\n\n"
          "All sizes take turns (of runs all questions do), on one thread; times are medians of its processor time. The "
          "exponent is the slope of the line through the larger half of the sizes, by least squares, with its 95 % "
          "interval; beside it stands what theory says, and the slope that has over the same sizes. Fewer than three "
          "sizes are not judged. Sizes end early where once takes too long. With each time stands the beginning of the "
          "SHA-256 of what was computed.",
      .examples =
          (const command_example[]){
              { "growth rows turbo3 'polar(bits=3)'", "two codecs side by side" },
              { "growth context --to 4k --model model.gguf", "what a longer context costs" },
              { "growth all --check --svg growth.svg", "everything, and status 1 when something grows too fast" },
              { 0 } },
      .run = cmd_growth },
    { "growth-child", "Program", "measure how cost grows in this process",
      .arguments =
          (const command_argument[]){
              { "WHAT", COMPLETE_NONE, 0, .help = "what is asked" },
              { "MODEL", COMPLETE_MODEL, 0, .help = "a GGUF file, or an empty word" },
              { "DIRECTORY", COMPLETE_FILE, 0, .help = "for a database, or an empty word" },
              { "MORE", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS, .help = "codecs, an empty word, plugins" },
              { 0 } },
      .options = { options_growth, options_output, NULL }, .text = "Started by kvant itself.", .run = cmd_growth_child,
      .flags = COMMAND_HIDDEN },
    { 0 },
};
