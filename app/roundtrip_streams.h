/* roundtrip_streams.h - the streams of a file of rows through one codec, outside any model.
 *
 * Every (tensor, head) of app/rows_file.h is a stream with a codec of its own, or all heads of a tensor are one when
 * the codec pools them. A sequence is what the file's metadata says (ctx), else all rows of a stream.
 *
 * Which tensors: those named; else those whose names say keys or values, as far as the codec takes them; else all but
 * queries. Rows of which no name says what they are count as keys, unless side says otherwise or the codec is for
 * values alone.
 *
 * With calibrate_rows a codec that calibrates learns from the first half of each stream (whole sequences, when there
 * are several) and from the queries of the same layer, when the file has them; the second half is measured, for every
 * codec.
 */
#ifndef KVANT_APP_ROUNDTRIP_STREAMS_H
#define KVANT_APP_ROUNDTRIP_STREAMS_H

#include "app/job.h"
#include "app/registry.h"
#include "app/rows_file.h"
#include "app/spec.h"

typedef struct roundtrip_streams_request {
    const registry *known;
    const spec *codec;
    const rows_file *file;
    const char *const *names; /* n_names tensors; none: see above */
    size_t n_names;
    int side; /* ROWS_K, ROWS_V, or ROWS_UNKNOWN: as the names say */
    bool calibrate_rows;
    int threads;                   /* at least 1 */
    const char *encoded, *decoded; /* files for the encodings and the decoded rows, stream after stream; or NULL */
} roundtrip_streams_request;

typedef struct stream_result {
    const rows_tensor *tensor;
    int side, head;   /* head -1: all of them, pooled */
    size_t rows, dim; /* measured; rows of all heads when pooled */
    size_t open_rows; /* of them, kept in f16 at the ends of sequences */
    size_t sequences;
    byte_counts bytes; /* open rows included */
    size_t side_bytes;
    double error, total;   /* sums of squares */
    double largest;        /* |x - x'| */
    double encode, decode; /* seconds */
} stream_result;

typedef struct roundtrip_streams_result {
    stream_result *streams;
    size_t n;
    size_t calibrated; /* rows of each stream of the last tensor that were not measured */
    size_t left_out;   /* tensors the codec does not take */
} roundtrip_streams_result;

/* The caller releases *out, also on failure. */
bool roundtrip_streams(const roundtrip_streams_request *request, roundtrip_streams_result *out, fault *f);
void roundtrip_streams_release(roundtrip_streams_result *r);

#endif
