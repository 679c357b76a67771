/* plan.h - a sweep written down before it runs, so that its parts may run anywhere and be put together again.
 *
 * A plan is a file of JSON lines. The first is its header: what all cells share, by content and not by place.
 *     {"kvant_plan":1,"kvant":"0.1.0","engine":"...","model":{"hash":"...","name":"...","path":"..."},
 *      "text":{"kind":"file","hash":"...","name":"...","path":"..."},"protocol":"stream","ctx":512,"eval":0,
 *      "passages":32,"at_most":true,"seed":1,"calibration":"","cells":12}
 * Then one line for each cell, in the order of the sweep:
 *     {"cell":"...","config":"k=q8_0 v=turbo3"}
 *
 * model.hash and text.hash are the files' SHA-256; a text that is sampled has kind "self" and hash "", since model and
 * seed decide it. eval is 0 under stream; at_most: fewer passages are fine when the text has fewer. calibration is the
 * file's SHA-256, "" when the plan was made without one. engine is told, not compared: another build may differ in the
 * last digits, and every run says which it was.
 *
 * A cell is the SHA-256 of everything that defines it, as this text without blanks or a newline, keys in this order,
 * text being the text's hash or self:
 *     {"at_most":true,"calibration":"","config":"q8_0","ctx":512,"eval":0,"model":"...","passages":32,
 *      "protocol":"stream","seed":1,"text":"self"}
 * so `printf %s TEXT | sha256sum` prints it.
 */
#ifndef KVANT_APP_PLAN_H
#define KVANT_APP_PLAN_H

#include "app/job.h"

enum { PLAN_VERSION = 1, PLAN_CELLS = 1000000, PLAN_NAME = 256 };

typedef struct plan {
    char version[32], engine[36]; /* of the kvant that made it */
    char model_hash[HASH_HEX], model_name[PLAN_NAME], model_path[PATH_MAX];
    bool self;
    char text_hash[HASH_HEX], text_name[PLAN_NAME], text_path[PATH_MAX];
    protocol protocol;
    int ctx, eval, passages;
    bool at_most;
    uint64_t seed;
    char calibration[HASH_HEX];
    char **configs; /* canonical, one per cell */
    size_t n, room;
} plan;

/* The header for a job as it would run here: hashes the files. No cells yet. plan_free afterwards, also on failure. */
bool plan_describe(plan *p, const job *j, fault *f);
bool plan_add(plan *p, const char *config, fault *f); /* copies */
void plan_free(plan *p);

void plan_cell_id(const plan *p, const char *config, char id[HASH_HEX]);

/* "-": standard output. What is there is replaced; a file that cannot be written whole is removed. */
bool plan_write(const plan *p, const char *path, fault *f);

/* Everything is checked: form, hashes, duplicates, the number of cells. A fault names the line. Cell i stands on line
 * i + 2. plan_free afterwards, also on failure. */
bool plan_read(plan *p, const char *path, fault *f);

/* What a job that runs cells of the plan must be: takes the numbers over and finds model, text and calibration, those
 * the job names when model_given or text_given, else where the plan says. One that is not there, or has another hash,
 * is a fault that names both. path: of the plan, for faults. */
bool plan_settle(const plan *p, const char *path, bool model_given, bool text_given, job *j, fault *f);

#endif
