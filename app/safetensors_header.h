/* safetensors_header.h - the header of a safetensors file, read and checked. Used by app/safetensors*.c alone. */
#ifndef KVANT_APP_SAFETENSORS_HEADER_H
#define KVANT_APP_SAFETENSORS_HEADER_H

#include <cjson/cJSON.h>

#include "app/safetensors.h"

struct safetensors {
    char *path;
    const uint8_t *map;
    size_t n_bytes;
    size_t data; /* where the tensors' bytes begin */
    cJSON *header;
    const cJSON **words; /* of its metadata, sorted by key */
    size_t n_words;
    safetensor *tensors;
    size_t n;
    const safetensor **by_name; /* sorted */
};

/* Reads the header of the mapped file: everything in s but path, map and n_bytes. What it has made when it fails is
 * s's all the same. */
bool safetensors_read_header(safetensors *s, fault *f);

/* "PATH: tensor NAME: ...", or "PATH: ..." when tensor is NULL; always false. */
bool safetensors_refuse(const safetensors *s, const char *tensor, fault *f, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What the format calls a type, and its bits a value; NULL for SAFETENSORS_OTHER. */
const char *safetensors_type_name(safetensors_type type, unsigned *bits);

/* Of pointers to tensors, as qsort and bsearch want it. */
int safetensors_by_name(const void *a, const void *b);

/* n bytes, at most 8, little-endian. */
uint64_t safetensors_number(const uint8_t *bytes, int n);

#endif
