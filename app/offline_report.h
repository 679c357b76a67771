/* offline_report.h - what an offline evaluation found, as a person reads it and as JSON. */
#ifndef KVANT_APP_OFFLINE_REPORT_H
#define KVANT_APP_OFFLINE_REPORT_H

#include <stdio.h>

#include <cjson/cJSON.h>

#include "app/offline.h"
#include "app/terminal.h"

/* A summary and a table of layers, the worst first, or with all_heads of kv heads, in their order. */
bool offline_report(FILE *to, const terminal *t, const rows_file *file, const config *c, const offline_result *r,
                    bool all_heads, fault *f);

/* Everything, every head. NULL when out of memory. */
cJSON *offline_report_json(const rows_file *file, const config *c, const offline_result *r);

#endif
