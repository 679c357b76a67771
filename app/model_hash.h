/* model_hash.h - a model file's identity: its SHA-256, kept so that gigabytes are hashed once. */
#ifndef KVANT_APP_MODEL_HASH_H
#define KVANT_APP_MODEL_HASH_H

#include "app/shelf.h"

/* The hash is kept on the shelf by path, size and time of change. */
bool model_hash(const char *path, const shelf *kept, char id[HASH_HEX], fault *f);

#endif
