/* codec.h - the interface between kvant and a KV-cache codec.
 *
 * A codec turns rows of a stream into bytes and those bytes back into rows. A stream is the matrix of one (layer, kv
 * head, K or V); its rows are token positions, its columns the head dimension, row-major f32. A plugin is a shared
 * object with one exported symbol, `kvant_plugin_entry`, that lists one or more codecs; include/kvant/ and libc are all
 * it needs. Start from plugins/template/template.c.
 *
 * A codec's life, as the host runs it, for each stream:
 *
 *     create(host, shape, values)                  the encoder
 *       calibrate(samples)?                        only when it asks for it
 *       weigh(weights)?                            before an encode, when a wrapper knows what rows matter
 *       bound, encode(rows) → bytes                as often as rows arrive
 *       save() → side data
 *     create(...), load(side data)                 a fresh instance: the decoder
 *       decode(bytes) → rows
 *     destroy                                      both, in any state
 *
 * The host counts the bytes: what encode returned must live in the cache, what save returned is side data, and the
 * decoder sees nothing else. A codec never reports its own size.
 *
 * Rules for a codec
 *   - Every struct begins with `size` and `abi`. Fields are only ever appended; absent (zero) means not offered. Read a
 *     host field beyond the first version's only when host->size covers it.
 *   - No mutable globals, no constructors, no stdio, time or rand: the host passes its services in.
 *   - The same rows give the same bytes, on any thread, in any process. encode(a ++ b) = encode(a) ++ encode(b) for
 *     pieces that are whole blocks.
 *   - Non-finite input, a short buffer, truncated or corrupt bytes are errors with a message: host->fail.
 *
 * Threads: a descriptor may be read from any thread at any time. An instance is used by one thread at a time, not
 * always the same one; different instances run at the same time. [marked at each function]
 */
#ifndef KVANT_CODEC_H
#define KVANT_CODEC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A host refuses a plugin of another major version; a higher minor version only appends. */
#define KVANT_ABI_MAJOR 2u
#define KVANT_ABI_MINOR 1u
#define KVANT_ABI       ((KVANT_ABI_MAJOR << 16) | KVANT_ABI_MINOR)

#define KVANT_EXPORT __attribute__((visibility("default")))

/* ---- results ---------------------------------------------------------------------------------------------------- */

enum {
    KVANT_OK = 0,
    KVANT_E_SHAPE = -1,     /* this head dimension, or this stream, is not for this codec */
    KVANT_E_PARAM = -2,     /* parameters that are each in range but do not fit together or the shape */
    KVANT_E_NONFINITE = -3, /* a NaN or an infinity in the input */
    KVANT_E_RANGE = -4,     /* a finite value the format cannot hold */
    KVANT_E_SPACE = -5,     /* the output buffer is too small */
    KVANT_E_CORRUPT = -6,   /* bytes that no encode of this codec writes */
    KVANT_E_MEMORY = -7,
    KVANT_E_CANCELLED = -8,
    KVANT_E_STATE = -9, /* called out of order (decode before load, encode before calibrate), or rows that are no whole
                           blocks */
};

/* ---- parameters ------------------------------------------------------------------------------------------------- */

enum {
    KVANT_INT = 1, /* value.i */
    KVANT_REAL,    /* value.r */
    KVANT_BOOL,    /* value.i, 0 or 1 */
    KVANT_ENUM,    /* value.i, the index of the word in param.names */
    KVANT_CODEC,   /* value.inner: a codec inside this one; at most one such parameter, and it comes first. The codec is
                      then a wrapper: the host adds the inner codec's flags to its own */
};

enum {
    KVANT_LOG = 1, /* a grid over this parameter is geometric */
};

/* One row of a codec's parameter table, which ends with a row whose name is NULL. The table feeds the parser, the help,
 * completion and sweep grids; the host checks type and range before create is called. */
typedef struct kvant_param {
    const char *name;
    int32_t type;
    uint32_t flags;
    double def, min, max; /* INT, REAL: default and range; BOOL: default; ENUM: default index */
    double step;          /* INT, REAL: grid step (factor with KVANT_LOG); 0: 1 for INT, free for REAL */
    const char *names;    /* ENUM: the words, one space between; CODEC: the default expression, NULL when required */
    const char *help;     /* one line, unit included */
} kvant_param;

typedef struct kvant_inner kvant_inner; /* an unopened inner codec; host->open_inner makes an instance of it */

typedef struct kvant_value {
    int64_t i;
    double r;
    const kvant_inner *inner;
} kvant_value;

/* ---- the stream ------------------------------------------------------------------------------------------------- */

enum { KVANT_K = 0, KVANT_V = 1 };

typedef struct kvant_shape {
    uint32_t size, abi;
    int32_t stream;          /* KVANT_K or KVANT_V */
    int32_t dim;             /* columns: the head dimension */
    int32_t layer, n_layers; /* counted over attention layers, from 0 */
    int32_t head, n_heads;   /* kv heads */
    int32_t rotated;         /* 1: keys after RoPE (rope=post); 0: before */
    uint64_t max_rows;       /* no sequence will be longer; 0: not known */
} kvant_shape;

/* ---- the host's services ---------------------------------------------------------------------------------------- */

typedef struct kvant_codec kvant_codec;

/* An inner codec, opened. Call its functions with its state. */
typedef struct kvant_instance {
    const kvant_codec *codec;
    void *state;
} kvant_instance;

/* Belongs to one instance and lives as long as it. [any thread that runs the instance] */
typedef struct kvant_host kvant_host;
struct kvant_host {
    uint32_t size, abi;
    void *self;

    /* Zeroed memory, aligned to 64 bytes; NULL when there is none. release(NULL) is fine. */
    void *(*alloc)(const kvant_host *host, size_t bytes);
    void (*release)(const kvant_host *host, void *memory);

    /* Keeps the message as this instance's last error and returns code: `return host->fail(host, KVANT_E_..., ...)`. */
    int (*fail)(const kvant_host *host, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

    /* A line for the run's log. */
    void (*log)(const kvant_host *host, const char *format, ...) __attribute__((format(printf, 2, 3)));

    /* Counter-based random bits: a pure function of (key, counter), the same on every machine. */
    uint64_t (*random)(const kvant_host *host, uint64_t key, uint64_t counter);

    /* Runs task(arg, 0 … n-1), in any order, perhaps at once, perhaps serially. */
    void (*parallel)(const kvant_host *host, size_t n, void (*task)(void *arg, size_t i), void *arg);

    /* Not 0 when the run was cancelled: return KVANT_E_CANCELLED soon. */
    int (*cancelled)(const kvant_host *host);

    /* Makes an instance of an inner codec for a shape (most often the wrapper's own). The caller closes it. Whatever
     * the inner codec reports through its own host's fail, here or later, becomes this instance's message too: a
     * wrapper hands an inner error up by returning its code. */
    int (*open_inner)(const kvant_host *host, const kvant_inner *inner, const kvant_shape *shape, kvant_instance *out);
    void (*close_inner)(const kvant_host *host, kvant_instance *inner);
};

/* ---- the codec -------------------------------------------------------------------------------------------------- */

enum {
    KVANT_K_ONLY = 1,
    KVANT_V_ONLY = 2,
    KVANT_CALIBRATES = 4, /* always needs calibrate before encode; see also kvant_geometry.calibrates */
    KVANT_VARIABLE = 8,   /* bytes per row depend on the rows */
};

/* How a codec takes rows. A block codec sees whole blocks; the host keeps the rows of the open block, and the newest
 * `window` rows, in f16 and counts them so.
 *
 * A pooled instance serves all kv heads of its layer and side at once: its stream is theirs interleaved, row r being
 * head r % n_heads at position r / n_heads. Wherever this header then says row or position (block, window, first,
 * n_rows) it counts such rows; the host makes one instance, with head 0 in its shape, and asks for block and window to
 * be multiples of n_heads. */
typedef struct kvant_geometry {
    uint32_t size, abi;
    uint32_t block;      /* rows per block; 1: every row by itself */
    uint32_t window;     /* newest rows kept out of the codec */
    uint32_t pooled;     /* 1: see above */
    uint32_t calibrates; /* 1: with these parameters it needs calibrate before encode */
    uint32_t weighs;     /* 1: it fits something to its rows and takes weights */
} kvant_geometry;

/* What calibration knows of a stream, gathered on another text than the one to be encoded. For a pooled instance rows
 * are interleaved, and the moments and attention hold one array per head, one after another. */
typedef struct kvant_samples {
    uint32_t size, abi;
    const float *rows; /* n_rows x dim, like rows to encode: whole sequences, or their beginnings, one after another */
    uint64_t n_rows;
    uint64_t sequence; /* rows per sequence; the last one may be shorter */
    /* dim x dim, symmetric: the mean of q q' over the queries that meet these keys, before or after RoPE as the rows
     * are. Present for keys and for values (of the same heads). */
    const float *query_moment;
    /* attention[i], i < n_attention: the mean over queries at j >= i of (j+1) times their softmax weight on position i;
     * 1 everywhere if attention were uniform. Positions further on: take the last value. */
    const float *attention;
    uint64_t n_attention;
    /* query_moment with each query turned by the rotary angle between its position and the key's: what keys before RoPE
     * really meet, over all distances in a sequence. NULL: query_moment is that. */
    const float *query_moment_met;
} kvant_samples;

/* Where the bytes of an encoding go. The parts must add up to the encoding's size, or the host says so. */
typedef struct kvant_split {
    uint32_t size, abi;
    uint64_t payload;  /* codes of the values */
    uint64_t metadata; /* norms, scales, skeletons, indices, padding */
    uint64_t exact;    /* rows or values kept in f16 or f32 */
} kvant_split;

struct kvant_codec {
    uint32_t size, abi;
    const char *name; /* letters, digits, '_'; unique among all codecs */
    const char *version;
    const char *family;    /* groups codecs on screen: "turbo", "block", "exact", "wrapper" */
    const char *summary;   /* one line */
    const char *reference; /* paper or format */
    const kvant_param *params;
    uint32_t flags;
    int32_t dim_min, dim_max, dim_step; /* head dimensions taken: dim_min, dim_min + dim_step … dim_max */

    /* values[i] belongs to params[i], all present and in range. On failure nothing is left behind. [any thread] */
    int (*create)(const kvant_host *host, const kvant_shape *shape, const kvant_value *values, void **state);
    void (*destroy)(void *state); /* NULL is fine */

    /* Arrives with size and abi set and the rest zero. Absent: block 1 and nothing else. */
    int (*geometry)(const void *state, kvant_geometry *out);

    /* Once, before the first encode, of the encoder alone: what the decoder must know of it is side data. A wrapper
     * offers it and hands on the samples as its inner codec would see them (rows, moments and attention all three),
     * or returns KVANT_OK when its inner codec does not calibrate. The samples live until it returns. */
    int (*calibrate)(void *state, const kvant_samples *samples);

    /* How much each of the rows of the next encode matters, n_rows positive numbers, for codecs that fit something to
     * their rows and say `weighs` in their geometry; 1 for all when it was not called. A wrapper hands them on. */
    int (*weigh)(void *state, const float *weights, size_t n_rows);

    /* An upper bound on what encode writes for n_rows rows that begin at position `first` of the sequence. */
    size_t (*bound)(const void *state, size_t first, size_t n_rows);

    /* Encodes rows (n_rows x dim, row-major f32), whole blocks, that stand at positions first … first+n_rows-1. Returns
     * the number of bytes written to out, at most capacity, or an error; never writes past capacity. Positions come in
     * ascending order; first == 0 begins another sequence, of which an instance sees many. */
    int64_t (*encode)(void *state, size_t first, const float *rows, size_t n_rows, uint8_t *out, size_t capacity);

    /* The reverse: n_bytes exactly as encode returned them for these positions. */
    int (*decode)(void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *rows, size_t n_rows);

    /* Side data a decoder needs besides the bytes. save with out == NULL returns the size; absent, or 0: there is none,
     * and load is not called. A wrapper's side data contains its inner's. */
    int64_t (*save)(const void *state, uint8_t *out, size_t capacity);
    int (*load)(void *state, const uint8_t *bytes, size_t n_bytes);

    /* Absent: all of it is payload. Like geometry's, out arrives with size and abi set and the rest zero. */
    int (*split)(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
                 kvant_split *out);

    /* Attention without decoding, both optional. scores[i*n_rows + r] = <q_i, row_r> for n_q queries of dim f32 (for
     * keys after RoPE); mix adds sum_r weights[i*n_rows + r] row_r to out[i*dim ...]. The bytes are as decode takes
     * them. What a query gets does not depend, to the last bit, on the other queries of the call, nor a score on the
     * other rows. Weights are finite and mostly small; a row that all queries give weight 0 need not be looked at.
     * [several threads at once on one instance, as long as nothing else uses it: neither changes the state] */
    int (*scores)(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows, const float *q,
                  size_t n_q, float *scores);
    int (*mix)(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, size_t n_rows,
               const float *weights, size_t n_q, float *out);

    /* Since 2.1, optional, for codecs that take rows one by one and give each equally many bytes: what decode gives, to
     * the last bit, on its side. Value i of row r goes to columns[i*stride + r], r < n_rows <= stride; nothing else is
     * written. Keys before RoPE are met so. [as scores] */
    int (*decode_columns)(const void *state, size_t first, const uint8_t *bytes, size_t n_bytes, float *columns,
                          size_t stride, size_t n_rows);
};

/* ---- the plugin ------------------------------------------------------------------------------------------------- */

typedef struct kvant_plugin {
    uint32_t size, abi;
    const kvant_codec *const *codecs; /* ends with NULL */
} kvant_plugin;

/* The one symbol a plugin exports:
 *     KVANT_EXPORT const kvant_plugin kvant_plugin_entry = { sizeof(kvant_plugin), KVANT_ABI, codecs };
 */
#define KVANT_PLUGIN_SYMBOL "kvant_plugin_entry"
extern KVANT_EXPORT const kvant_plugin kvant_plugin_entry;

#ifdef __cplusplus
}
#endif

#endif
