#include "app/gate_thresholds.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "base/file.h"
#include "base/nearest.h"

#define SHARE "%"

const command_option options_thresholds[] = {
    [GATE_T_PPL] = { "ppl", 0, OPTION_REAL, "X", .standard = "0.5", .min = 0, .max = 1e9,
                     .help = "perplexity may rise by so much, absolute" },
    [GATE_T_PPL_KILL] = { "ppl-kill", 0, OPTION_REAL, "X", .standard = "1", .min = 0, .max = 1e9,
                          .help = "above this rise nothing else is measured" },
    [GATE_T_PPL_SURE] = { "ppl-sure", 0, OPTION_REAL, "X", .standard = "50", .min = 1, .max = 1e9,
                          .help = "no verdict on perplexity where the reference's is larger" },
    [GATE_T_KLD_GOOD] = { "kld-good", 0, OPTION_REAL, "NATS", .standard = "0.01", .min = 0, .max = 1e3,
                          .help = "mean KLD that passes" },
    [GATE_T_KLD_WARN] = { "kld-warn", 0, OPTION_REAL, "NATS", .standard = "0.05", .min = 0, .max = 1e3,
                          .help = "mean KLD that is a warning; above, up to --kld-fail, a grave one" },
    [GATE_T_KLD_FAIL] = { "kld-fail", 0, OPTION_REAL, "NATS", .standard = "0.1", .min = 0, .max = 1e3,
                          .help = "mean KLD above which it fails" },
    [GATE_T_TOP1] = { "top1", 0, OPTION_REAL, SHARE, .standard = "95", .min = 0, .max = 100,
                      .help = "positions with the reference's most likely token, in percent, at least" },
    [GATE_T_ATTENTION] = { "attention", 0, OPTION_REAL, "X", .standard = "0.995", .min = -1, .max = 1,
                           .help = "cosine of attention's weights, mean over heads, at least" },
    [GATE_T_NEEDLE] = { "needle", 0, OPTION_INT, "N", .standard = "0", .min = 0, .max = 1e6,
                        .help = "needles that may be lost of those the reference finds" },
    [GATE_T_PROMPTS] = { "prompts", 0, OPTION_INT, "N", .standard = "1", .min = 0, .max = 10,
                         .help = "prompts that may be lost of those the reference passes" },
    [GATE_T_SESSION] = { "session", 0, OPTION_REAL, SHARE, .standard = "90", .min = 0, .max = 100,
                         .help =
                             "tokens of the reference's session that the config would have said, in percent, at least" },
    [GATE_T_ALERTS] = { "alerts", 0, OPTION_INT, "N", .standard = "0", .min = 0, .max = 1000,
                        .help = "turns of a session that may degrade without a warning" },
    [GATE_T_PROMPT] = { "prompt-speed", 0, OPTION_REAL, SHARE, .standard = "90", .min = 0, .max = 1e6,
                        .help = "prompt tokens/s, in percent of the reference's, at least" },
    [GATE_T_GENERATION] = { "generation-speed", 0, OPTION_REAL, SHARE, .standard = "90", .min = 0, .max = 1e6,
                            .help = "generated tokens/s, in percent of the reference's, at least" },
    [GATE_T_FIRST] = { "first-token", 0, OPTION_REAL, SHARE, .standard = "110", .min = 0, .max = 1e6,
                       .help = "time to the first token, in percent of the reference's, at most" },
    [GATE_T_BYTES] = { "bytes", 0, OPTION_REAL, SHARE, .standard = "15", .min = 0, .max = 1e6,
                       .help = "measured bytes of the cache may be so far from the computed ones, in percent" },
    [GATE_T_BUDGET] = { "budget", 'b', OPTION_SIZE, "BYTES", .standard = "0", .min = 0, .max = 9e15,
                        .help = "memory for weights and cache: 27G; 0: none, and no ceiling" },
    [GATE_T_NEED_CTX] = { "need-ctx", 0, OPTION_SIZE, "N", .standard = "0", .min = 0, .max = 1 << 24,
                          .help = "with --budget: tokens that must fit it; 0: as many as the model was trained for" },
    [GATE_T_SETUP] = { "setup", 0, OPTION_REAL, "SECONDS", .standard = "1", .min = 0, .max = 1e6,
                       .help = "setting up the codecs takes less" },
    { 0 },
};

static double number_of(const command_option *o, const option_value *v)
{
    return o->type == OPTION_REAL ? v->r : (double)v->i;
}

void gate_thresholds_standard(double t[GATE_THRESHOLDS])
{
    for (int i = 0; i < GATE_THRESHOLDS; i++) {
        const command_option *o = &options_thresholds[i];
        option_value v = { 0 };
        option_read(o, "gate", o->standard, &v, NULL);
        t[i] = number_of(o, &v);
    }
}

/* ---- files ---- */

typedef struct reading {
    const char *where;
    double *t;
    bool seen[GATE_THRESHOLDS];
} reading;

static bool unknown(const char *where, const char *name, fault *f)
{
    nearest n = nearest_to(name);
    for (int i = 0; i < GATE_THRESHOLDS; i++)
        nearest_try(&n, options_thresholds[i].name);
    if (n.word)
        return fault_set(f, FAULT_INPUT, "%s: no threshold \"%.64s\"; did you mean \"%s\"?", where, name, n.word);
    return fault_set(f, FAULT_INPUT, "%s: no threshold \"%.64s\"; `kvant help gate` lists them", where, name);
}

static bool set_one(reading *r, const char *where, const char *name, const char *value, fault *f)
{
    int i = 0;
    while (i < GATE_THRESHOLDS && strcmp(options_thresholds[i].name, name) != 0)
        i++;
    if (i == GATE_THRESHOLDS) return unknown(where, name, f);
    if (r->seen[i]) return fault_set(f, FAULT_INPUT, "%s: \"%s\" is said twice", where, name);
    r->seen[i] = true;
    const command_option *o = &options_thresholds[i];
    option_value v = { 0 };
    if (!option_read(o, where, value, &v, f)) {
        f->code = FAULT_INPUT;
        return false;
    }
    r->t[i] = number_of(o, &v);
    return true;
}

static char *trimmed(char *text)
{
    char *end = text + strlen(text);
    while (end > text && strchr(" \t\r", end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t");
}

static bool read_lines(reading *r, char *text, fault *f)
{
    int number = 0;
    for (char *line = text, *next; line; line = next) {
        char where[300];
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        line[strcspn(line, "#")] = '\0';
        snprintf(where, sizeof where, "%.200s, line %d", r->where, ++number);
        line = trimmed(line);
        if (!*line) continue;
        char *equals = strchr(line, '=');
        if (!equals)
            return fault_set(f, FAULT_INPUT, "%s: \"%.64s\" is no threshold: they are written name = value", where,
                             line);
        *equals = '\0';
        if (!set_one(r, where, trimmed(line), trimmed(equals + 1), f)) return false;
    }
    return true;
}

static bool read_json(reading *r, const cJSON *json, fault *f)
{
    const cJSON *item;
    if (!cJSON_IsObject(json)) return fault_set(f, FAULT_INPUT, "%s: its JSON is no object of thresholds", r->where);
    cJSON_ArrayForEach(item, json)
    {
        char number[NUMBER_TEXT];
        const char *value = cJSON_GetStringValue(item);
        if (cJSON_IsNumber(item)) {
            number_write(item->valuedouble, number);
            value = number;
        }
        if (!value) return fault_set(f, FAULT_INPUT, "%s: \"%.64s\" is no number", r->where, item->string);
        if (!set_one(r, r->where, item->string, value, f)) return false;
    }
    return true;
}

bool gate_thresholds_read(const char *text, const char *where, double t[GATE_THRESHOLDS], fault *f)
{
    reading r = { .where = where, .t = t };
    if (text[strspn(text, " \t\r\n")] == '{') {
        cJSON *json = cJSON_ParseWithOpts(text, NULL, true);
        const bool ok = json ? read_json(&r, json, f) : fault_set(f, FAULT_INPUT, "%s: is not sound JSON", where);
        cJSON_Delete(json);
        return ok;
    }
    char *own = strdup(text);
    if (!own) return fault_memory(f, where);
    const bool ok = read_lines(&r, own, f);
    free(own);
    return ok;
}

/* ---- all of them ---- */

static bool read_file(const char *path, double t[GATE_THRESHOLDS], fault *f)
{
    char *bytes = NULL;
    size_t n = 0;
    if (!file_read(path, &bytes, &n, f)) return false;
    char *text = strndup(bytes ? bytes : "", n);
    free(bytes);
    bool ok = text || fault_memory(f, path);
    if (ok && strlen(text) != n) ok = fault_set(f, FAULT_INPUT, "%s: is no text: it holds a zero byte", path);
    ok = ok && gate_thresholds_read(text, path, t, f);
    free(text);
    return ok;
}

static bool check(const double t[GATE_THRESHOLDS], fault *f)
{
    static const struct {
        gate_threshold less, more;
    } orders[] = { { GATE_T_PPL, GATE_T_PPL_KILL },
                   { GATE_T_KLD_GOOD, GATE_T_KLD_WARN },
                   { GATE_T_KLD_WARN, GATE_T_KLD_FAIL } };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        if (t[orders[i].less] > t[orders[i].more])
            return fault_set(f, FAULT_USAGE, "gate: %s is %g, but must not be above %s, which is %g",
                             options_thresholds[orders[i].less].name, t[orders[i].less],
                             options_thresholds[orders[i].more].name, t[orders[i].more]);
    if (t[GATE_T_NEED_CTX] > 0 && t[GATE_T_BUDGET] <= 0)
        return fault_set(f, FAULT_USAGE, "gate: need-ctx means nothing without a budget");
    return true;
}

bool gate_thresholds_of_line(const command_line *line, const char *file, double t[GATE_THRESHOLDS], fault *f)
{
    gate_thresholds_standard(t);
    if (file && !read_file(file, t, f)) return false;
    for (int i = 0; i < GATE_THRESHOLDS; i++) {
        const command_option *o = &options_thresholds[i];
        if (line_given(line, o->name))
            t[i] = o->type == OPTION_REAL ? line_real(line, o->name) : (double)line_int(line, o->name);
    }
    return check(t, f);
}
