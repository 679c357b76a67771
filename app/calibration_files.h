/* calibration_files.h - where calibrations are, by name, and what is kept of one that was used.
 *
 * A model's calibrations stand in one directory: MODEL.safetensors, and MODEL.NAME.safetensors for those that were
 * given a name, where MODEL is the first 16 digits of its hash.
 */
#ifndef KVANT_APP_CALIBRATION_FILES_H
#define KVANT_APP_CALIBRATION_FILES_H

#include <limits.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/hash.h"

/* What a run keeps of the calibration it used. */
typedef struct calibration_identity {
    char id[HASH_HEX];      /* SHA-256 of the file */
    char text[128];         /* the text's name */
    char text_id[HASH_HEX]; /* and hash */
    uint64_t tokens;        /* read of it */
} calibration_identity;

/* The path of a name ("": the model's nameless one); a name with a slash, or that ends in .safetensors, is a path
 * itself. A name of other characters than letters, digits, '-', '_' and '.' is a fault. */
bool calibration_path(const char *directory, const char model_id[HASH_HEX], const char *name, char path[PATH_MAX],
                      fault *f);

/* The same for a calibration that must be there; a fault says how to make it. */
bool calibration_find(const char *directory, const char model_id[HASH_HEX], const char *name, char path[PATH_MAX],
                      fault *f);

#endif
