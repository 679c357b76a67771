/* verify_subjects.h - which codecs `kvant verify` is asked for, and by which expressions each of them is verified.
 *
 * An argument is a plugin's file (it has a slash in it, or ends in .so), which means all codecs in it; the name of a
 * codec; or an expression. A wrapper by its name alone is verified around several codecs.
 *
 *     catalog *known = verify_catalog(app, line, &f);
 *     verify_subjects chosen = { 0 };
 *     verify_add_text(known, &chosen, "polar(bits=3)", &f);
 *     verify_add_codecs(known, &chosen, NULL, &f);
 *     ... chosen.items[i].specs[k] ...
 *     verify_subjects_free(&chosen);
 */
#ifndef KVANT_APP_VERIFY_SUBJECTS_H
#define KVANT_APP_VERIFY_SUBJECTS_H

#include "app/app.h"
#include "app/catalog.h"
#include "app/spec.h"

enum { VERIFY_EXPRESSIONS = 8 };

typedef struct verify_subject {
    const catalog_codec *codec;
    bool whole; /* the codec as such, not one expression of it: its result is kept */
    spec *specs[VERIFY_EXPRESSIONS];
    size_t n;
} verify_subject;

typedef struct verify_subjects {
    verify_subject *items;
    size_t n;
} verify_subjects;

/* Is this argument a file rather than an expression? */
bool verify_is_file(const char *arg);

/* As lab_catalog, with the files among the arguments in front of all others. Must outlive the subjects. */
catalog *verify_catalog(app_context *app, const command_line *line, fault *f);

/* A codec's name, or an expression. */
bool verify_add_text(const catalog *known, verify_subjects *s, const char *text, fault *f);

/* All codecs of the plugin at this path; NULL: all there are. */
bool verify_add_codecs(const catalog *known, verify_subjects *s, const char *path, fault *f);

void verify_subjects_free(verify_subjects *s);

#endif
