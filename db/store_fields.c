/* The fields of a run, its layers and its blocks, by the names they have in SQL. */
#include "db/store_db.h"

#define TEXT(name, member)                                                                                             \
    {                                                                                                                  \
        name, RECORD_TEXT, 0, offsetof(store_run, member)                                                              \
    }
#define NEEDED(name, member)                                                                                           \
    {                                                                                                                  \
        name, RECORD_TEXT, FIELD_REQUIRED, offsetof(store_run, member)                                                 \
    }
#define INTEGER(name, member)                                                                                          \
    {                                                                                                                  \
        name, RECORD_INT, 0, offsetof(store_run, member)                                                               \
    }
#define COUNT(name, member)                                                                                            \
    {                                                                                                                  \
        name, RECORD_COUNT, 0, offsetof(store_run, member)                                                             \
    }
#define REAL(name, member)                                                                                             \
    {                                                                                                                  \
        name, RECORD_REAL, 0, offsetof(store_run, member)                                                              \
    }
#define METRIC_COUNT(name, member)                                                                                     \
    {                                                                                                                  \
        name, RECORD_COUNT, FIELD_DONE, offsetof(store_run, member)                                                    \
    }
#define METRIC(name, member)                                                                                           \
    {                                                                                                                  \
        name, RECORD_REAL, FIELD_DONE, offsetof(store_run, member)                                                     \
    }
#define ESTIMATE(name, member) METRIC(name, member.value), METRIC(name "_lo", member.lo), METRIC(name "_hi", member.hi)

const record_field store_run_fields[] = {
    INTEGER("id", id),
    TEXT("uid", uid),
    INTEGER("pinned", pinned),
    INTEGER("started", started),
    INTEGER("finished", finished),
    REAL("wall_s", wall_s),

    NEEDED("model_hash", model.hash),
    TEXT("model", model.name),
    TEXT("model_path", model.path),
    TEXT("arch", model.arch),
    TEXT("weight_type", model.weight_type),
    INTEGER("layers", model.layers),
    INTEGER("heads", model.heads),
    INTEGER("kv_heads", model.kv_heads),
    INTEGER("head_dim", model.head_dim),
    INTEGER("params", model.params),
    INTEGER("file_bytes", model.file_bytes),

    NEEDED("text_hash", text.hash),
    TEXT("text", text.name),
    NEEDED("text_kind", text.kind),
    INTEGER("text_seed", text.seed),
    INTEGER("tokens", text.tokens),

    NEEDED("config_hash", config.hash),
    NEEDED("config", config.canonical),
    TEXT("k", config.k),
    TEXT("v", config.v),

    TEXT("calibration_hash", calibration.hash),
    TEXT("calibration_text", calibration.text),
    TEXT("calibration_text_hash", calibration.text_hash),
    INTEGER("calibration_tokens", calibration.tokens),

    NEEDED("environment_hash", environment.hash),
    TEXT("version", environment.version),
    NEEDED("engine", environment.engine),
    TEXT("cpu", environment.cpu),
    TEXT("simd", environment.simd),
    TEXT("compiler", environment.compiler),
    TEXT("os", environment.os),

    NEEDED("protocol", protocol),
    INTEGER("ctx", ctx),
    INTEGER("eval", eval),
    INTEGER("passages", passages),
    INTEGER("threads", threads),
    INTEGER("seed", seed),
    NEEDED("status", status),
    TEXT("reason", reason),
    TEXT("phase", phase),

    METRIC_COUNT("n_values", n_values),
    METRIC_COUNT("bytes", bytes),
    METRIC_COUNT("payload_bytes", payload_bytes),
    METRIC_COUNT("metadata_bytes", metadata_bytes),
    METRIC_COUNT("exact_bytes", exact_bytes),
    METRIC_COUNT("side_bytes", side_bytes),
    METRIC("ratio", ratio),
    METRIC("bits_per_value", bits_per_value),
    METRIC("ratio_ctx", ratio_ctx),
    METRIC("ratio_128k", ratio_128k),

    ESTIMATE("kld", kld),
    METRIC("kld_median", kld_median),
    METRIC("kld_p99", kld_p99),
    METRIC("kld_p999", kld_p999),
    METRIC("kld_max", kld_max),
    METRIC("ppl", ppl),
    METRIC("ppl_ref", ppl_ref),
    ESTIMATE("dppl", dppl),
    ESTIMATE("top1", top1),
    ESTIMATE("rms_dp", rms_dp),
    TEXT("verdict", verdict),
    TEXT("verdict_note", verdict_note),

    TEXT("suite", suite),
    TEXT("suite_options", suite_options),
    REAL("score", score),
    REAL("score_ref", score_ref),

    REAL("encode_gbs", encode_gbs),
    REAL("decode_gbs", decode_gbs),
    REAL("ms_per_token", ms_per_token),
    COUNT("peak_rss_bytes", peak_rss_bytes),
    { 0 },
};

const record_field store_layer_fields[] = {
    { "layer", RECORD_INT, 0, offsetof(store_layer, layer) },
    { "stream", RECORD_TEXT, 0, offsetof(store_layer, stream) },
    { "codec", RECORD_TEXT, 0, offsetof(store_layer, codec) },
    { "rel_error", RECORD_REAL, 0, offsetof(store_layer, rel_error) },
    { "query_error", RECORD_REAL, 0, offsetof(store_layer, query_error) },
    { "n_values", RECORD_INT, 0, offsetof(store_layer, n_values) },
    { "bytes", RECORD_INT, 0, offsetof(store_layer, bytes) },
    { 0 },
};

const record_field store_block_fields[] = {
    { "passage", RECORD_INT, 0, offsetof(store_block, passage) },
    { "block", RECORD_INT, 0, offsetof(store_block, block) },
    { "n", RECORD_INT, 0, offsetof(store_block, n) },
    { "nll_ref", RECORD_REAL, FIELD_DONE, offsetof(store_block, nll_ref) },
    { "nll", RECORD_REAL, FIELD_DONE, offsetof(store_block, nll) },
    { "kld", RECORD_REAL, FIELD_DONE, offsetof(store_block, kld) },
    { "dp2", RECORD_REAL, FIELD_DONE, offsetof(store_block, dp2) },
    { "same_top", RECORD_INT, 0, offsetof(store_block, same_top) },
    { 0 },
};

const record_field store_item_fields[] = {
    { "item", RECORD_INT, 0, offsetof(store_item, item) },
    { "label", RECORD_TEXT, 0, offsetof(store_item, label) },
    { "x", RECORD_REAL, 0, offsetof(store_item, x) },
    { "y", RECORD_REAL, 0, offsetof(store_item, y) },
    { "n", RECORD_INT, 0, offsetof(store_item, n) },
    { "score_ref", RECORD_REAL, 0, offsetof(store_item, score_ref) },
    { "score", RECORD_REAL, 0, offsetof(store_item, score) },
    { "second", RECORD_REAL, 0, offsetof(store_item, second) },
    { "kld", RECORD_REAL, 0, offsetof(store_item, kld) },
    { "agreement", RECORD_REAL, 0, offsetof(store_item, agreement) },
    { "note", RECORD_TEXT, 0, offsetof(store_item, note) },
    { "said_ref", RECORD_TEXT, 0, offsetof(store_item, said_ref) },
    { "said", RECORD_TEXT, 0, offsetof(store_item, said) },
    { 0 },
};
