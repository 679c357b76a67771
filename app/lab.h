/* lab.h - what the commands that evaluate share: the codecs known, the database, and one run from config to row.
 *
 *     lab l;
 *     lab_open(&l, app, line, LAB_CODECS | LAB_DATABASE, &f);
 *     config *c = config_parse(l.known, "k=q8_0 v=turbo3", &f);
 *     lab_run r;
 *     lab_evaluate(&l, c, &r, &f);          in a worker; its row is stored, done or failed
 *     lab_close(&l);
 *
 * The front: nothing here runs a codec's code. [main thread]
 */
#ifndef KVANT_APP_LAB_H
#define KVANT_APP_LAB_H

#include "app/app.h"
#include "app/config.h"
#include "app/job.h"
#include "db/store.h"

enum { LAB_CODECS = 1, LAB_DATABASE = 2, LAB_READS = 4 /* the database, and only to read */ };

typedef struct lab {
    app_context *app;
    const command_line *line;
    catalog *known;        /* with LAB_CODECS */
    store *database;       /* with LAB_DATABASE or LAB_READS */
    job job;               /* all of it but the config and its plugins */
    const char *text_name; /* as typed */
    double timeout;
    stopwatch *spent;       /* NULL, or where runs add what they spent their time on */
    bool shares;            /* codecs and database belong to another lab */
    bool calibration_known; /* the next is the file's hash, or "" */
    char calibration_id[HASH_HEX];
} lab;

bool lab_open(lab *l, app_context *app, const command_line *line, unsigned wanted, fault *f);

/* Opens a database for a lab that has none. */
bool lab_open_database(lab *l, const char *path, store_mode mode, fault *f);

/* The same as lab_open for another line, with the codecs and the database that `from` has open: from must outlive l.
 * What the line says of plugins and databases is not read. */
bool lab_open_like(lab *l, const lab *from, const command_line *line, fault *f);
void lab_close(lab *l);

/* The codecs that a line's plugins (line may be NULL), $KVANT_PLUGIN_PATH and kvant's own directories offer. The caller
 * frees the catalog. */
catalog *lab_catalog(app_context *app, const command_line *line, fault *f);

typedef struct lab_run {
    bool done;  /* else it failed, and why says how */
    int64_t id; /* its row */
    fault why;
} lab_run;

/* Runs one config in a worker with a progress line, and stores the row: a crew of one (app/crew.h). False with a fault
 * when there is no row: bad input, an interruption, a database that cannot be written. */
bool lab_evaluate(lab *l, const config *c, lab_run *out, fault *f);

/* Where the time of this lab's runs goes is measured from here on, when the line says --timing; lab_tell_timing says it
 * on stderr. *spent must live as long as the lab. */
void lab_watch_timing(lab *l, stopwatch *spent);
void lab_tell_timing(const lab *l);

/* What a worker is asked for. */
bool lab_job(const lab *l, const config *c, job *j, fault *f);

/* The hash of the calibration that a run on this model would use now; "" when there is none. Looked up once. */
const char *lab_calibration(lab *l, const char *model_id);

/* Describes the run that evaluating this config would be, as far as it is known before: for store_find_done. The
 * model's and the text's hashes are those of *known, the last run that was done (blank: 0 is found). */
bool lab_find_done(lab *l, const config *c, const store_run *known, int64_t *id, fault *f);

#endif
