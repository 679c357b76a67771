#include "tests/app/suite_samples.h"

#include <math.h>
#include <string.h>

static store_item blank(size_t i)
{
    return (store_item){ .item = (int64_t)i,
                         .label = "",
                         .x = NAN,
                         .y = NAN,
                         .score_ref = NAN,
                         .score = NAN,
                         .second = NAN,
                         .kld = NAN,
                         .agreement = NAN,
                         .note = "",
                         .said_ref = "",
                         .said = "" };
}

/* 0.001 ... 0.01, never the same in a row. */
static double uneven(size_t i)
{
    return 0.001 * (double)(1 + i * 7 % 10);
}

/* ---- needle: 2 kinds, lengths 128 ... 1024, depths 0 ... 1; the reference does not follow chains of 1024 ---- */

static size_t needles(sample_damage damage, store_item *to)
{
    static const char *const kinds[] = { "keys", "chain" };
    static const double depths[] = { 0, 0.5, 1 };
    size_t n = 0;
    for (size_t kind = 0; kind < 2; kind++)
        for (int length = 128; length <= 1024; length *= 2)
            for (size_t depth = 0; depth < 3; depth++)
                for (size_t trial = 0; trial < 2; trial++, n++) {
                    const bool beyond = kind == 1 && length == 1024;
                    const bool lost = damage == SAMPLE_BAD && (length > 512 || (length == 512 && trial == 1));
                    to[n] = blank(n);
                    to[n].label = kinds[kind];
                    to[n].x = length;
                    to[n].y = depths[depth];
                    to[n].n = 4;
                    to[n].score_ref = !beyond;
                    if (!beyond) to[n].score = !lost;
                    to[n].kld = damage == SAMPLE_EXACT ? 0 : lost ? 0.7 : 0.01 + uneven(n);
                    to[n].agreement = lost ? 25 : 100;
                    to[n].said_ref = beyond ? "The key is unclear." : "The key is 7-KESTREL.";
                    to[n].said = lost ? "The key is 7-KESTRAL." : to[n].said_ref;
                }
    return n;
}

/* ---- session: 20 turns, two phases; a bad one degrades at turn 14 ---- */

static size_t turns(sample_damage damage, store_item *to)
{
    enum { TURNS = 20, DEGRADES = 14 };
    for (size_t i = 0; i < TURNS; i++) {
        const bool degraded = damage == SAMPLE_BAD && i + 1 == DEGRADES;
        to[i] = blank(i);
        to[i].label = i < 10 ? "write" : "debug";
        to[i].x = (double)i + 1;
        to[i].n = 24;
        to[i].score_ref = 0.75;
        to[i].score = degraded ? 0.31 : 0.75;
        to[i].second = degraded ? 0.44 : i < 5 ? NAN : 0;
        to[i].kld = damage == SAMPLE_EXACT ? 0 : uneven(i) * (degraded ? 300 : damage == SAMPLE_BAD ? 10 : 1);
        to[i].agreement = degraded ? 12.5 : 95.8;
        to[i].note = degraded ? "degraded: 0.310 after 0.750" : "";
        to[i].said_ref = "def total(rows):\n    return sum(r.amount for r in rows)";
        to[i].said = degraded ? "the the the the the" : to[i].said_ref;
    }
    return TURNS;
}

/* ---- prompts: ten, one the reference fails; a bad one has two regressions ---- */

static size_t prompts(sample_damage damage, store_item *to)
{
    static const char *const names[] = { "arithmetic", "json",  "list",  "order",   "recall",
                                         "code",       "count", "table", "reverse", "translate" };
    for (size_t i = 0; i < 10; i++) {
        const bool lost = damage == SAMPLE_BAD && (i == 1 || i == 6);
        to[i] = blank(i);
        to[i].label = names[i];
        to[i].x = (double)i + 1;
        to[i].n = 30;
        to[i].score_ref = i != 8;
        to[i].score = i != 8 && !lost;
        to[i].kld = damage == SAMPLE_EXACT ? 0 : uneven(i) * (lost ? 100 : 1);
        to[i].agreement = lost ? 60 : 99;
        to[i].note = lost ? "the object is not closed: a brace is missing at the end" : "";
        to[i].said_ref = "{\"name\": \"Ada\", \"born\": 1815}";
        to[i].said = lost ? "{\"name\": \"Ada\", \"born\"" : to[i].said_ref;
    }
    return 10;
}

/* ---- trajectory: 4 continuations of 64 tokens; a bad one leaves the second after 5 ---- */

static size_t trajectories(sample_damage damage, store_item *to)
{
    for (size_t i = 0; i < 4; i++) {
        const bool leaves = damage == SAMPLE_BAD && i < 2;
        to[i] = blank(i);
        to[i].x = (double)i + 1;
        to[i].n = 64;
        to[i].score_ref = 64;
        to[i].score = leaves ? i ? 5 : 40 : 64;
        to[i].second = leaves && i ? 48 : 64;
        to[i].kld = damage == SAMPLE_EXACT ? 0 : uneven(i);
        to[i].agreement = leaves ? 70 : 100;
        to[i].said_ref = "The river ran past the old mill, and the children \xc3\xa9t\xc3\xa9 played there.";
        to[i].said = leaves && i ? "The river ran past the old house" : to[i].said_ref;
    }
    return 4;
}

/* ---- attention: 4 layers of 6 heads; a bad one has one bad head ---- */

static size_t heads(sample_damage damage, store_item *to)
{
    for (size_t i = 0; i < 24; i++) {
        const bool bad = damage == SAMPLE_BAD && i == 15; /* layer 2, head 3 */
        to[i] = blank(i);
        to[i].x = (double)(i / 6);
        to[i].y = (double)(i % 6);
        to[i].score = damage == SAMPLE_EXACT ? 1 : bad ? 0.9 : 1 - uneven(i) / 10;
        to[i].second = damage == SAMPLE_EXACT ? 1 : bad ? 0.95 : 1 - uneven(i) / 20;
        to[i].note = bad ? "worst" : "";
    }
    return 24;
}

size_t sample_items(const char *suite, sample_damage damage, store_item items[SAMPLE_ITEMS])
{
    static const struct {
        const char *suite;
        size_t (*fill)(sample_damage damage, store_item *to);
    } all[] = { { "needle", needles },
                { "session", turns },
                { "prompts", prompts },
                { "trajectory", trajectories },
                { "attention", heads } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].suite, suite) == 0) return all[i].fill(damage, items);
    return 0;
}

size_t hostile_items(const char *suite, store_item items[SAMPLE_ITEMS])
{
    static const double numbers[] = { NAN, INFINITY, -INFINITY, 0, -1, 1e300, 1e-300, 0.5, 1 };
    static const char *const texts[] = { "\x1b[31mred\x1b]0;title\x07",
                                         "<img src=x onerror=alert(1)>|`a`\n# head",
                                         "\xff\xc0\x80 \xe2\x80\xae",
                                         "a word that is "
                                         "longerthananylinethatthereisonanyscreen"
                                         "longerthananylinethatthereisonanyscreenlongerthananylinethatthereis",
                                         "",
                                         "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97" };
    enum { NUMBERS = sizeof numbers / sizeof *numbers, TEXTS = sizeof texts / sizeof *texts };
    const size_t n = sample_items(suite, SAMPLE_BAD, items);
    for (size_t i = 0; i < n; i++) {
        double *const fields[] = { &items[i].x,      &items[i].y,   &items[i].score_ref, &items[i].score,
                                   &items[i].second, &items[i].kld, &items[i].agreement };
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            *fields[k] = numbers[(i * 5 + k * 3 + i / 3) % NUMBERS];
        items[i].n = i % 4 == 3 ? 0 : (int64_t)i;
        items[i].label = texts[i / 2 % TEXTS];
        items[i].note = texts[(i + 1) % TEXTS];
        items[i].said_ref = texts[(i + 2) % TEXTS];
        items[i].said = texts[(i + 3) % TEXTS];
    }
    return n;
}

void sample_suite(store_run *run, const char *suite, const store_item *items, size_t n)
{
    static const struct {
        const char *suite, *text, *options;
    } all[] = { { "needle", "needle", "lengths=128,256,512,1024" },
                { "session", "session", "turns=20 tokens=24" },
                { "prompts", "prompts", "tokens=96" },
                { "trajectory", "trajectory: self", "prompts=4 prompt=64 tokens=64" },
                { "attention", "attention: self", "passages=2" } };
    double sum = 0, of = 0;
    run->suite = suite;
    run->suite_options = "";
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].suite, suite) != 0) continue;
        run->text.hash = run->text.name = all[i].text;
        run->suite_options = all[i].options;
    }
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(items[i].score) < 1e9)) continue;
        sum += items[i].score;
        of += strcmp(suite, "trajectory") == 0 ? items[i].score_ref : 1;
    }
    run->score = of > 0 && isfinite(sum) && isfinite(of) ? 100 * sum / of : 0;
    run->score_ref = 100;
}
