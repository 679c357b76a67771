/* profile_work.h - what the parts of `kvant profile` share. */
#ifndef KVANT_APP_PROFILE_WORK_H
#define KVANT_APP_PROFILE_WORK_H

#include "app/app.h"
#include "app/profile.h"
#include "app/profile_view.h"

typedef struct profile_work {
    app_context *app;
    const command_line *line;
    store *database; /* NULL: there is none yet */
    catalog *known;
} profile_work;

/* The model the line means. */
bool profile_read_shape(profile_work *w, model_shape *shape, fault *f);

/* One profile as the line wants it: shown, as JSON, or exported. (app/profile_show.c) */
bool profile_show(profile_work *w, const char *name, fault *f);

/* Makes or changes a profile as the line says, and shows it. (app/profile_edit.c) */
bool profile_edit(profile_work *w, const char *name, fault *f);

/* Keeps what --import names; name NULL: as the file says. (app/profile_edit.c) */
bool profile_import(profile_work *w, const char *name, fault *f);

#endif
