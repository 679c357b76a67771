/* What the configs of a sweep will cost, as a range. */
#include <stdio.h>
#include <string.h>

#include "app/complete_config.h"
#include "app/grid.h"
#include "app/predict_answer.h"
#include "base/clock.h"

#define SECONDS 2 /* no further config is begun after that */

static bool say(prediction *out, prediction_state state, const char *text)
{
    *out = (prediction){ .state = state };
    snprintf(out->text, sizeof out->text, "%s", text);
    return false;
}

/* False: it is no list of configs, or none yet; out says why. */
static bool is_whole(const catalog *known, const char *text, place_grammar grammar, prediction *out)
{
    config_typed typed;
    config_typed_read(known, text, grammar, &typed);
    if (typed.state == TYPED_WHOLE) {
        config_free(typed.config);
        return true;
    }
    return say(out, typed.state == TYPED_PARTIAL ? PREDICTION_PARTIAL : PREDICTION_WRONG, typed.message);
}

/* The lines of the question, which are taken apart. */
static bool gather(const catalog *known, char *lines, grid_configs *configs, prediction *out)
{
    static const char option[] = "--k ";
    const char *list[2] = { NULL, NULL }; /* k, v */
    fault f = { 0 };
    char *rest = lines;
    for (char *line; (line = strsep(&rest, "\n"));) {
        const bool is_list = strncmp(line, option, 2) == 0 && strlen(line) >= strlen(option);
        const char *text = is_list ? line + strlen(option) : line;
        if (!is_whole(known, text, is_list ? PLACE_LIST : PLACE_GRID, out)) return false;
        if (is_list)
            list[line[2] == 'v'] = text;
        else if (!grid_add(configs, known, text, &f))
            return say(out, PREDICTION_WRONG, f.text);
    }
    if ((list[0] || list[1]) && !grid_add_lists(configs, known, list[0], list[1], &f))
        return say(out, PREDICTION_WRONG, f.text);
    return configs->n > 0 || say(out, PREDICTION_PARTIAL, "");
}

static void add(prediction *sum, const prediction *one)
{
    const bool first = sum->counted == 0;
    if (first || one->bits_per_value < sum->bits_per_value) sum->bits_per_value = one->bits_per_value;
    if (first || one->bits_per_value > sum->most_bits) sum->most_bits = one->bits_per_value;
    sum->about = sum->about || one->about;
    sum->calibrates = sum->calibrates || one->calibrates;
    sum->counted++;
}

static void count(answerer *a, const grid_configs *configs, const prediction_question *q, prediction *out)
{
    prediction sum = { .state = PREDICTION_KNOWN, .configs = (double)configs->n };
    const double end = clock_seconds() + SECONDS;
    for (size_t i = 0; i < configs->n && clock_seconds() < end; i++) {
        prediction_question one = *q;
        prediction answer;
        if (strlen(configs->items[i]->text) >= sizeof one.config) continue;
        strcpy(one.config, configs->items[i]->text);
        answerer_answer(a, &one, &answer);
        if (answer.state != PREDICTION_KNOWN) {
            *out = answer;
            out->column = 0;
            return;
        }
        add(&sum, &answer);
    }
    *out = sum;
}

static void predict_all(answerer *a, const grid_configs *configs, const prediction_question *q, prediction *out)
{
    prediction_question one = *q;
    if (configs->n == 1 && strlen(configs->items[0]->text) < sizeof one.config) {
        strcpy(one.config, configs->items[0]->text);
        answerer_answer(a, &one, out);
    } else {
        count(a, configs, q, out);
    }
}

void answerer_answer_many(answerer *a, const catalog *known, const prediction_question *q, prediction *out)
{
    grid_configs configs = { 0 };
    char lines[sizeof q->config];
    strcpy(lines, q->config);
    if (gather(known, lines, &configs, out)) predict_all(a, &configs, q, out);
    grid_free(&configs);
}
