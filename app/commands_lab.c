/* The rows of the lab's work: codecs, runs and the database. */
#include "app/commands.h"

#include "app/options.h"

static const command_option options_logits[] = {
    { "output", 'o', OPTION_TEXT, "OUT.f32", COMPLETE_FILE,
      .help = "file to write: rows of n_vocab f32, little-endian" },
    { 0 },
};

static const command_option options_roundtrip[] = {
    { "dim", 'd', OPTION_INT, "D", .min = 1, .max = 65536,
      .help = "columns of a row, the head dimension; only plain f32 needs it" },
    { "tensor", 0, OPTION_TEXT, "NAME", .flags = OPTION_REPEATS,
      .help = "this tensor of the file; may be given more than once" },
    { "stream", 0, OPTION_CHOICE, "SIDE", .choices = "k v",
      .help = "keys or values: what rows are whose name does not say it; of others, only these" },
    { "calibrate-rows", 0, OPTION_FLAG, .help = "calibrate on the first half of the rows, measure the second" },
    { "encoded", 0, OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "write the encoded bytes here, stream after stream" },
    { "decoded", 0, OPTION_TEXT, "FILE.f32", COMPLETE_FILE,
      .help = "write the decoded rows here, stream after stream" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "600", .min = 0.1, .max = 1e7,
      .help = "a codec that has not returned by then is stopped" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The results do not depend on it" },
    { 0 },
};

static const command_option options_calibrate[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text, UTF-8, read from its end; self: text sampled from the model itself" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "1024", .min = 32, .max = 1 << 20, .help = "tokens per passage" },
    { "passages", 'n', OPTION_INT, "N", .standard = "16", .min = 1, .max = 1e5, .help = "passages to read" },
    { "rows", 0, OPTION_SIZE, "N", .standard = "2048", .min = 32, .max = 1 << 24,
      .help = "rows of every stream that are kept as samples" },
    { "name", 0, OPTION_TEXT, "NAME", .help = "a name, for a model that has several" },
    { "output", 'o', OPTION_TEXT, "FILE", COMPLETE_FILE, .help = "write this file instead" },
    { "force", 0, OPTION_FLAG, .help = "replace what is there" },
    { "once", 0, OPTION_FLAG, .help = "keep what is there and call it done: for recipes" },
    { "seed", 's', OPTION_INT, "N", .standard = "104729", .min = 0, .max = 9007199254740992.0,
      .help = "seed of the sampled text; another one than runs use" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The results do not depend on it" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "sample the text anew instead of reusing it" },
    { 0 },
};

static const command_option options_paper[] = {
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "600", .min = 0.1, .max = 1e7,
      .help = "tables that are not done by then are stopped" },
    { 0 },
};

static const command_option options_config[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "512", .min = 4, .max = 1 << 24, .flags = OPTION_SETTING,
      .help = "tokens that bits and ratio are predicted for" },
    { 0 },
};

static const command_option options_verify[] = {
    { "all", 0, OPTION_FLAG, .help = "every codec found, whatever else is named" },
    { "quick", 0, OPTION_FLAG, .help = "leave out the sweeps over parameters, dimensions and heads; nothing is kept" },
    { "cached", 0, OPTION_FLAG,
      .help = "show what is known of a plugin file that has not changed since, run the rest" },
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "60", .min = 0.1, .max = 1e5,
      .help = "a codec that has not passed all checks by then is stopped" },
    { 0 },
};

static const command_option options_checklist[] = {
    { "dim", 'd', OPTION_INT, "N", .min = 4, .max = 512,
      .help = "columns of the rows (default: 128 where it takes them)" },
    { 0 },
};

static const command_option options_checklist_child[] = {
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "120", .min = 0.1, .max = 1e5,
      .help = "a codec that has not passed all items by then is stopped" },
    { 0 },
};

static const command_option options_capture[] = {
    { "model", 'm', OPTION_TEXT, "FILE", COMPLETE_MODEL, .flags = OPTION_SETTING,
      .help = "the model, a GGUF file (default: the model kvant comes with)" },
    { "text", 't', OPTION_TEXT, "FILE|self", COMPLETE_FILE, "self", .flags = OPTION_SETTING,
      .help = "the text to read, UTF-8; self: text sampled from the model itself" },
    { "ctx", 'c', OPTION_SIZE, "N", .standard = "512", .min = 1, .max = 1 << 24, .flags = OPTION_SETTING,
      .help = "tokens per passage: rows of a sequence" },
    { "passages", 'n', OPTION_INT, "N", .standard = "4", .min = 1, .max = 1e6, .help = "passages to read" },
    { "rope", 0, OPTION_CHOICE, "FORM", .choices = "pre post", .standard = "pre",
      .help = "keys and queries before or after the rotary embedding" },
    { "type", 0, OPTION_CHOICE, "TYPE", .choices = "f16 f32", .standard = "f16", .help = "how rows are stored" },
    { "output", 'o', OPTION_TEXT, "OUT.safetensors", COMPLETE_FILE, .help = "the file to write" },
    { "force", 0, OPTION_FLAG, .help = "replace the file when it is there" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The file does not depend on it" },
    { "seed", 's', OPTION_INT, "N", .standard = "1", .min = 0, .max = 9007199254740992.0, .flags = OPTION_SETTING,
      .help = "seed of the sampled text" },
    { "no-cache", 0, OPTION_FLAG, .flags = OPTION_SETTING, .help = "neither read nor keep sampled text and tokens" },
    { 0 },
};

static const command_option options_offline[] = {
    { "calibrate-rows", 0, OPTION_FLAG, .help = "calibrate on the first half of the rows, measure the second" },
    { "queries", 0, OPTION_SIZE, "N", .standard = "512", .min = 0, .max = 1 << 24,
      .help = "queries of each sequence and head that are compared, spread evenly; 0: all" },
    { "heads", 0, OPTION_FLAG, .help = "a line for every kv head" },
    { "ctx", 0, OPTION_SIZE, "N", .min = 1, .max = 1 << 24,
      .help = "rows of a sequence (default: as the file says, else all)" },
    { "stored", 0, OPTION_CHOICE, "FORM", .choices = "pre post",
      .help = "keys and queries of the file stand before or after RoPE (default: as the file says)" },
    { "rope-theta", 0, OPTION_REAL, "BASE", .min = 1e-30, .max = 1e30, .help = "base of RoPE's angles" },
    { "rope-pairs", 0, OPTION_CHOICE, "LAYOUT", .choices = "halves interleaved",
      .help = "RoPE turns pairs (i, i + dims/2), as in most frameworks, or (2i, 2i+1) (default: halves)" },
    { "rope-dims", 0, OPTION_INT, "N", .min = 2, .max = 65536,
      .help = "coordinates of a head that RoPE turns (default: all)" },
    { "threads", 'j', OPTION_INT, "N", .standard = "0", .min = 0, .max = 256, .flags = OPTION_SETTING,
      .help = "threads; 0: as many as there are processors. The results do not depend on it" },
    { 0 },
};

static const command_option options_offline_front[] = {
    { "timeout", 0, OPTION_REAL, "SECONDS", .standard = "3600", .min = 0.1, .max = 1e7,
      .help = "stop when it has not ended by then" },
    { 0 },
};

const command commands_lab[] = {
    { "logits", "Models", "compute the logits of a sequence of tokens",
      .arguments = (const command_argument[]){ { "MODEL", COMPLETE_MODEL, 0, .help = "a GGUF file" },
                                               { "TOKENS", COMPLETE_FILE, 0,
                                                 .help = "a file of token ids, white space between" },
                                               { 0 } },
      .options = { options_logits, options_output, NULL },
      .text =
          "Runs the model with an exact cache and writes one row of logits per token, for comparison with other engines.",
      .examples =
          (const command_example[]){ { "logits model.gguf ids.txt -o logits.f32", "one row per token" }, { 0 } },
      .run = cmd_logits },
    { "codecs", "Codecs", "list the codecs, or show one with its parameters",
      .arguments =
          (const command_argument[]){ { "NAME", COMPLETE_CODEC, ARGUMENT_OPTIONAL, .help = "a codec" }, { 0 } },
      .options = { options_plugin, options_output, NULL },
      .text =
          "Lists the codecs of all plugins found, by family. With a name it shows that codec's parameters with their "
          "ranges and defaults, what it works on and the paper or format it follows.",
      .examples = (const command_example[]){ { "codecs", "all of them" }, { "codecs turbo4", "one of them" }, { 0 } },
      .run = cmd_codecs },
    { "roundtrip", "Codecs", "encode and decode a file of rows",
      .arguments = (const command_argument[]){ { "CODEC", COMPLETE_EXPRESSION, 0, .help = "a codec expression" },
                                               { "FILE", COMPLETE_FILE, 0,
                                                 .help = "rows: plain f32, KKTV, or .safetensors of any framework" },
                                               { 0 } },
      .options = { options_roundtrip, options_plugin, options_output, NULL },
      .text =
          "Puts the rows through the codec as the lab would, in a process of its own, and prints the bytes, the ratio and "
          "the error.\n\n"
          "Of a safetensors file every tensor that holds keys or values is taken, or, when no name says so, every tensor "
          "of rows: [rows, dim], [heads, rows, dim] or [1, heads, rows, dim]. Each head is a stream with a codec of its "
          "own; a codec that pools gets the heads of a tensor interleaved. A codec that calibrates needs "
          "--calibrate-rows, and gets the queries of the same layer when the file has them.",
      .examples = (const command_example[]){ { "roundtrip turbo4 --dim 128 keys.f32", "bytes and error" },
                                             { "roundtrip q4_0 capture.safetensors --tensor layers.0.k", "one tensor" },
                                             { 0 } },
      .run = cmd_roundtrip },
    { "config", "Codecs", "show what a config does to each layer of a model",
      .arguments =
          (const command_argument[]){
              { "CONFIG", COMPLETE_CONFIG, ARGUMENT_JOINED, .help = "codecs for keys and values" }, { 0 } },
      .options = { options_config, options_plugin, options_output, NULL },
      .text =
          "Prints the config's canonical form and hash, the codec of every attention layer, and the bits per value and "
          "ratio that a run will have: the codecs encode noise and the bytes are counted. Where bytes depend on the "
          "values the figures are marked as approximate. "
          "adaptive=1, 2, 5, 6 and 7 are the layer-adaptive modes of the TurboQuant fork; what they really assign shows here.",
      .examples =
          (const command_example[]){ { "config turbo4 adaptive=7", "boundary values: q8_0 outside, turbo2 inside" },
                                     { "config \"k=q8_0 v=turbo3 @0-1,-2..-1:v=q8_0\"", "the same by hand" },
                                     { 0 } },
      .run = cmd_config },
    { "calibrate", "Codecs", "gather what codecs that calibrate need of a model",
      .options = { options_calibrate, options_output, NULL },
      .text =
          "Reads a text through the model once and writes the second moments of its queries, the attention its positions "
          "get and rows of its keys and values, as safetensors, into the data directory. Runs find it there. Text of a "
          "file is read from its end, runs read from the beginning: a run on text that the calibration has seen is refused.",
      .examples = (const command_example[]){ { "calibrate", "on text sampled from the model itself" },
                                             { "calibrate --text train.txt --name train", "another one" },
                                             { 0 } },
      .run = cmd_calibrate },
    { "paper", "Codecs", "compute published tables again",
      .arguments = (const command_argument[]){ { "TABLE", COMPLETE_NONE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "tables, or all; none lists them",
                                                 .choices = "h1 h2 h3 h4 h5 h6 h7 k1 k4 all" },
                                               { 0 } },
      .options = { options_paper, options_plugin, options_output, NULL },
      .text =
          "Prints published tables with three values in each row: as published, exactly (by a closed form or an "
          "integral), and as the codecs here measure on seeded rows. The answer is no, status 1, when a measured value "
          "lies off by more than its tolerance, or a codec is missing. A published value that does not agree with the "
          "exact one is remarked on and fails nothing.",
      .examples = (const command_example[]){ { "paper", "which tables there are" },
                                             { "paper h1 h2", "two of them" },
                                             { "paper all --json", "every figure" },
                                             { 0 } },
      .run = cmd_paper },
    { "verify", "Codecs", "check that codecs keep their promises",
      .arguments =
          (const command_argument[]){ { "CODEC", COMPLETE_EXPRESSION, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                        .help = "a codec, an expression, or a plugin's file; nothing: all codecs" },
                                      { 0 } },
      .options = { options_verify, options_plugin, options_output, NULL },
      .text =
          "Runs each codec through a battery of checks in a process of its own, with limits on time and memory: sizes, "
          "determinism, threads, pieces, fresh decoders, closed forms, corrupt bytes, rows out of the ordinary, every "
          "parameter and head dimension, memory that runs out. Prints one line per check with what was measured and what "
          "was expected, of all codecs only the checks that fail; status 1 when one does. A wrapper is verified around "
          "several codecs.\n\n"
          "What came of a codec is kept under its plugin file's SHA-256 in the cache directory, and `kvant codecs` marks "
          "codecs that have not passed.",
      .examples = (const command_example[]){ { "verify", "every codec there is" },
                                             { "verify 'polar(bits=3)' ./mine.so", "an expression, and a plugin" },
                                             { 0 } },
      .run = cmd_verify },
    { "checklist", "Codecs", "check that a codec is the rotation and codebook it says",
      .arguments =
          (const command_argument[]){ { "CODEC", COMPLETE_EXPRESSION, 0, .help = "a codec, or an expression" }, { 0 } },
      .options = { options_checklist, options_checklist_child, options_plugin, options_output, NULL },
      .text =
          "The six items by which TurboQuant's caches are checked, measured from outside in a process of its own: bits of "
          "encoded rows are turned over one at a time to find what each of them does. 1 a rotation by signs and a "
          "Walsh-Hadamard transform; 2 the same one in encode and decode; 3 Lloyd-Max levels; 4 a norm as good as f16; 5 "
          "no other constant; 6 encode of decoded rows gives the same bytes. What a codec does not claim is n/a; status 1 "
          "when an item fails. A codec of which nothing can be measured, or one that pads its rows, is refused.",
      .examples = (const command_example[]){ { "checklist turbo4", "a table that is not Lloyd-Max's" },
                                             { "checklist 'polar(bits=3)' --dim 64", "an expression, rows of 64" },
                                             { 0 } },
      .run = cmd_checklist },
    { "capture", "Codecs", "write a model's keys, values and queries to a file",
      .options = { options_capture, options_output, NULL },
      .text =
          "Runs the model with an exact cache over passages of a text and writes, for every layer N, layers.N.k and "
          "layers.N.v [kv heads, rows, dim] and layers.N.q [query heads, rows, dim] as safetensors, which any framework "
          "reads, with the tokens and what is known of the model in the metadata. `kvant offline` and `kvant roundtrip` "
          "read it.",
      .examples = (const command_example[]){ { "capture -o rows.safetensors", "the default model on its own text" },
                                             { "capture -m model.gguf -t book.txt --ctx 2k -n 1 -o rows.safetensors",
                                               "one passage of 2048 tokens" },
                                             { 0 } },
      .run = cmd_capture },
    { "offline", "Codecs", "evaluate a config on a capture, without the model",
      .arguments =
          (const command_argument[]){
              { "CONFIG", COMPLETE_CONFIG, 0, .help = "codecs for keys and values; quote one that has spaces" },
              { "FILE", COMPLETE_FILE, 0, .help = "a .safetensors file with k, v and q" },
              { 0 } },
      .options = { options_offline, options_offline_front, options_plugin, options_output, NULL },
      .text =
          "Puts the streams of a capture through the codecs of a config and prints, for every layer, the relative squared "
          "error of keys and values, the error of the attention logits q.k, the cosine of attention weights and of "
          "attention outputs, exact against compressed, and the ratio; the worst layer first.\n\n"
          "A file of another framework will do when its tensors' names say layer and side, as layers.3.k, "
          "model.layers.3.self_attn.k_proj, past_key_values.3.key or key_cache.3 do, with heads in front: [heads, rows, "
          "dim]. What its metadata does not say of RoPE the options must. Without queries only the errors of keys and "
          "values are known.",
      .examples = (const command_example[]){ { "offline turbo4 rows.safetensors", "keys and values alike" },
                                             { "offline 'k=q8_0 v=turbo3 @0:q8_0' rows.safetensors", "a whole config" },
                                             { "offline turbo4 hf.safetensors --stored post", "keys after RoPE" },
                                             { 0 } },
      .run = cmd_offline },
    { "run", "Runs", "evaluate one config on a model and a text",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, ARGUMENT_JOINED,
                                                 .help = "codecs for keys and values: turbo4, or k=q8_0 v=turbo3" },
                                               { 0 } },
      .options = { options_evaluation, options_timing, options_plugin, options_database, options_output, NULL },
      .text =
          "Evaluates the model with this config against the same model with an exact cache and stores the result: "
          "compression ratio, KL divergence, change of perplexity and top-1 agreement, each with its interval.\n\n"
          "A config names a codec for the keys and one for the values; a single codec is for both. The words of a config "
          "need no quotes.",
      .examples =
          (const command_example[]){ { "run turbo4", "keys and values alike" },
                                     { "run k=q8_0 v=turbo3", "one codec each" },
                                     { "run turbo3 --protocol snapshot --ctx 2k", "compress a prefix of 2048 tokens" },
                                     { 0 } },
      .run = cmd_run },
    { "roundtrip-child", "Program", "put rows through a codec in this process",
      .arguments = (const command_argument[]){ { "CODEC", COMPLETE_CODEC, 0, .help = "a codec expression" },
                                               { "FILE", COMPLETE_FILE, 0, .help = "rows" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_REPEATS, .help = "plugins to load" },
                                               { 0 } },
      .options = { options_roundtrip, options_output, NULL }, .text = "Started by kvant itself.",
      .run = cmd_roundtrip_child, .flags = COMMAND_HIDDEN },
    { "offline-child", "Program", "evaluate a config on a capture in this process",
      .arguments = (const command_argument[]){ { "CONFIG", COMPLETE_CONFIG, 0, .help = "a config" },
                                               { "FILE", COMPLETE_FILE, 0, .help = "a capture" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_REPEATS, .help = "plugins to load" },
                                               { 0 } },
      .options = { options_offline, options_output, NULL }, .text = "Started by kvant itself.",
      .run = cmd_offline_child, .flags = COMMAND_HIDDEN },
    { "paper-child", "Program", "compute tables in this process",
      .arguments = (const command_argument[]){ { "TABLES", COMPLETE_NONE, 0, .help = "names, a comma between" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS,
                                                 .help = "plugins to load" },
                                               { 0 } },
      .options = { options_output, NULL }, .text = "Started by kvant itself.", .run = cmd_paper_child,
      .flags = COMMAND_HIDDEN },
    { "verify-child", "Program", "check a codec in this process",
      .arguments = (const command_argument[]){ { "CODEC", COMPLETE_CODEC, 0, .help = "a codec expression" },
                                               { "FD", COMPLETE_NONE, 0, .help = "the file to write results to, open" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_REPEATS, .help = "plugins to load" },
                                               { 0 } },
      .options = { options_verify, options_output, NULL }, .text = "Started by kvant itself.", .run = cmd_verify_child,
      .flags = COMMAND_HIDDEN },
    { "checklist-child", "Program", "measure a codec in this process",
      .arguments = (const command_argument[]){ { "CODEC", COMPLETE_CODEC, 0, .help = "a codec expression" },
                                               { "DIM", COMPLETE_NONE, 0, .help = "columns of the rows" },
                                               { "FD", COMPLETE_NONE, 0, .help = "the file to write results to, open" },
                                               { "PRINT", COMPLETE_NONE, 0,
                                                 .help = "another process's fingerprint; -: make one" },
                                               { "PLUGIN", COMPLETE_FILE, ARGUMENT_REPEATS, .help = "plugins to load" },
                                               { 0 } },
      .options = { options_checklist_child, options_output, NULL }, .text = "Started by kvant itself.",
      .run = cmd_checklist_child, .flags = COMMAND_HIDDEN },
    { "worker", "Program", "evaluate jobs read from standard input", .options = { options_output, NULL },
      .text = "Started by kvant itself.", .run = cmd_worker, .flags = COMMAND_HIDDEN },
    { "predict", "Program", "answer what configs will cost", .options = { options_plugin, options_output, NULL },
      .text = "Started by kvant itself.", .run = cmd_predict, .flags = COMMAND_HIDDEN },
    { "describe", "Program", "print what plugins offer",
      .arguments =
          (const command_argument[]){
              { "PATH", COMPLETE_FILE, ARGUMENT_OPTIONAL | ARGUMENT_REPEATS, .help = "plugins" }, { 0 } },
      .options = { options_output, NULL }, .text = "Started by kvant itself.", .run = cmd_describe,
      .flags = COMMAND_HIDDEN },
    { 0 },
};
