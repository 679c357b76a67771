#include "app/gate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ---- */

typedef enum sense { AT_MOST, AT_LEAST, BELOW } sense;

typedef struct gate_row gate_row;
struct gate_row {
    const char *name, *title;
    gate_threshold threshold;
    sense sense;
    const char *format; /* of value and threshold */
    /* What is more than a comparison; NULL: nothing. Called for what is known, after the comparison. */
    void (*refine)(const gate_measures *m, const double *t, gate_line *to);
    bool noisy; /* a time: what the machine did besides is in it, so what cannot be told apart from passing warns */
};

static void refine_ppl(const gate_measures *m, const double *t, gate_line *to);
static void refine_kld(const gate_measures *m, const double *t, gate_line *to);
static void refine_session(const gate_measures *m, const double *t, gate_line *to);

static const gate_row rows[GATES] = {
    [GATE_PPL] = { "ppl", "perplexity", GATE_T_PPL, AT_MOST, "%+.4f", refine_ppl, false },
    [GATE_KLD] = { "kld", "mean KLD", GATE_T_KLD_GOOD, AT_MOST, "%.4g nats", refine_kld, false },
    [GATE_TOP1] = { "top1", "same top token", GATE_T_TOP1, AT_LEAST, "%.2f %%", NULL, false },
    [GATE_ATTENTION] = { "attention", "attention cosine", GATE_T_ATTENTION, AT_LEAST, "%.5f", NULL, false },
    [GATE_NEEDLE] = { "needle", "needles lost", GATE_T_NEEDLE, AT_MOST, "%.0f", NULL, false },
    [GATE_PROMPTS] = { "prompts", "prompts lost", GATE_T_PROMPTS, AT_MOST, "%.0f", NULL, false },
    [GATE_SESSION] = { "session", "session agreement", GATE_T_SESSION, AT_LEAST, "%.2f %%", refine_session, false },
    [GATE_PROMPT] = { "prompt-speed", "prompt speed", GATE_T_PROMPT, AT_LEAST, "%.1f %%", NULL, true },
    [GATE_GENERATION] = { "generation-speed", "generation speed", GATE_T_GENERATION, AT_LEAST, "%.1f %%", NULL, true },
    [GATE_FIRST] = { "first-token", "first token", GATE_T_FIRST, AT_MOST, "%.1f %%", NULL, true },
    [GATE_BYTES] = { "bytes", "bytes off formula", GATE_T_BYTES, AT_MOST, "%.2f %%", NULL, false },
    [GATE_CEILING] = { "ceiling", "context ceiling", GATE_T_NEED_CTX, AT_LEAST, "%.0f", NULL, false },
    [GATE_SETUP] = { "setup", "codec set-up", GATE_T_SETUP, BELOW, "%.3f s", NULL, false },
};

const char *gate_name(gate_id g)
{
    return rows[g].name;
}

const char *gate_title(gate_id g)
{
    return rows[g].title;
}

gate_id gate_named(const char *name)
{
    int g = 0;
    while (g < GATES && strcmp(rows[g].name, name) != 0)
        g++;
    return (gate_id)g;
}

const char *gate_verdict_word(gate_verdict v)
{
    static const char *const words[] = { "PASS", "WARN", "FAIL", "n/a" };
    return words[v];
}

/* ---- measures ---- */

gate_measures gate_measures_none(const char *why)
{
    gate_measures m = { .ppl_ref = NAN };
    for (int g = 0; g < GATES; g++) {
        m.of[g] = (gate_measure){ .asked = true, .value = NAN, .lo = NAN, .hi = NAN };
        snprintf(m.of[g].about, GATE_ABOUT, "%s", why);
    }
    return m;
}

/* A value that is none is not known. */
void gate_know(gate_measures *m, gate_id g, double value, double lo, double hi)
{
    gate_measure *to = &m->of[g];
    to->known = !isnan(value);
    to->value = value;
    to->lo = lo;
    to->hi = hi;
    snprintf(to->about, GATE_ABOUT, "%s", to->known ? "" : "it came out as no number");
}

static void say(gate_measure *to, const char *format, va_list args)
{
    vsnprintf(to->about, GATE_ABOUT, format, args);
}

void gate_about(gate_measures *m, gate_id g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(&m->of[g], format, args);
    va_end(args);
}

void gate_fail(gate_measures *m, gate_id g, const char *format, ...)
{
    va_list args;
    m->of[g].known = false;
    m->of[g].failed = true;
    va_start(args, format);
    say(&m->of[g], format, args);
    va_end(args);
}

void gate_miss(gate_measures *m, gate_id g, const char *format, ...)
{
    va_list args;
    m->of[g].known = false;
    va_start(args, format);
    say(&m->of[g], format, args);
    va_end(args);
}

/* ---- verdicts ---- */

static bool holds(sense s, double value, double threshold)
{
    return s == AT_MOST ? value <= threshold : s == AT_LEAST ? value >= threshold : value < threshold;
}

static void add_note(gate_line *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_note(gate_line *to, const char *format, ...)
{
    size_t n = strlen(to->note);
    va_list args;
    if (n > 0 && n + 2 < sizeof to->note) {
        memcpy(to->note + n, "; ", 3);
        n += 2;
    }
    va_start(args, format);
    vsnprintf(to->note + n, sizeof to->note - n, format, args);
    va_end(args);
}

/* A row's format is a literal of the table. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void write_number(const gate_row *row, double x, char *to, size_t size)
{
    snprintf(to, size, row->format, x);
}
#pragma GCC diagnostic pop

static void write_threshold(const gate_row *row, double x, gate_line *to)
{
    static const char *const signs[] = { "<=", ">=", "<" };
    const size_t n = (size_t)snprintf(to->threshold, sizeof to->threshold, "%s ", signs[row->sense]);
    snprintf(to->threshold + n, sizeof to->threshold - n, "%g%s", x,
             strchr(row->format, ' ') ? strchr(row->format, ' ') : "");
    char *twice = strstr(to->threshold, "%%");
    if (twice) twice[1] = '\0';
}

static void judge_one(gate_id g, const gate_measures *m, const double *t, gate_line *to)
{
    const gate_row *row = &rows[g];
    const gate_measure *x = &m->of[g];
    const double threshold = t[row->threshold];
    *to = (gate_line){ .verdict = x->failed ? GATE_FAIL : GATE_NA };
    if (x->known || threshold > 0 || row->sense == AT_MOST) write_threshold(row, threshold, to);
    if (x->about[0]) add_note(to, "%s", x->about);
    if (!x->known) return;
    write_number(row, x->value, to->value, sizeof to->value);
    to->verdict = holds(row->sense, x->value, threshold) ? GATE_PASS : GATE_FAIL;
    if (x->lo < threshold && x->hi > threshold) {
        char lo[48], hi[48];
        write_number(row, x->lo, lo, sizeof lo);
        write_number(row, x->hi, hi, sizeof hi);
        add_note(to, "not sure: 95 %% interval %s to %s", lo, hi);
        if (row->noisy && to->verdict == GATE_FAIL) to->verdict = GATE_WARN;
    }
    if (row->refine) row->refine(m, t, to);
}

/* Perplexity can fall while the predictions get worse. */
static bool signs_conflict(const gate_measures *m, const double *t)
{
    const gate_measure *kld = &m->of[GATE_KLD];
    return m->of[GATE_PPL].value < 0 && kld->known && kld->value > t[GATE_T_KLD_WARN];
}

static void refine_ppl(const gate_measures *m, const double *t, gate_line *to)
{
    if (!(m->ppl_ref <= t[GATE_T_PPL_SURE])) {
        to->verdict = GATE_NA;
        add_note(to, "the reference's perplexity %.4g is above %g, where it says little: KLD decides", m->ppl_ref,
                 t[GATE_T_PPL_SURE]);
        return;
    }
    to->killed = m->of[GATE_PPL].value > t[GATE_T_PPL_KILL];
    if (to->killed) add_note(to, "above %g the config is killed", t[GATE_T_PPL_KILL]);
    if (!signs_conflict(m, t)) return;
    to->verdict = GATE_WARN;
    add_note(to, "lower than the reference's, and KLD says that the predictions are worse");
}

static void refine_kld(const gate_measures *m, const double *t, gate_line *to)
{
    const double kld = m->of[GATE_KLD].value;
    if (to->verdict == GATE_PASS) return;
    to->verdict = kld > t[GATE_T_KLD_FAIL] ? GATE_FAIL : GATE_WARN;
    if (to->verdict == GATE_FAIL)
        snprintf(to->threshold, sizeof to->threshold, "<= %g nats", t[GATE_T_KLD_FAIL]);
    else if (kld > t[GATE_T_KLD_WARN])
        add_note(to, "grave: above %g, it fails above %g", t[GATE_T_KLD_WARN], t[GATE_T_KLD_FAIL]);
}

static void refine_session(const gate_measures *m, const double *t, gate_line *to)
{
    if (m->alerts <= t[GATE_T_ALERTS]) return;
    if (to->verdict == GATE_PASS) to->verdict = GATE_WARN;
    add_note(to, "%.0f turns degraded, %g may", m->alerts, t[GATE_T_ALERTS]);
}

bool gate_kills(const gate_measures *m, const double t[GATE_THRESHOLDS])
{
    gate_line line;
    judge_one(GATE_PPL, m, t, &line);
    return line.killed;
}

void gate_judge(const gate_measures *m, const double t[GATE_THRESHOLDS], gate_line lines[GATES])
{
    for (int g = 0; g < GATES; g++)
        judge_one((gate_id)g, m, t, &lines[g]);
}

gate_count gate_total(const gate_line lines[GATES])
{
    gate_count c = { 0 };
    for (int g = 0; g < GATES; g++)
        c.n[lines[g].verdict]++;
    return c;
}

gate_verdict gate_overall(const gate_count *c)
{
    return c->n[GATE_FAIL] ? GATE_FAIL : c->n[GATE_WARN] ? GATE_WARN : c->n[GATE_PASS] ? GATE_PASS : GATE_NA;
}
