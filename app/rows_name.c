#include "app/rows_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_WORD = 16, MOST_LAYERS = 1000000, NOT_ROWS = 3, LAYER_WORD = 4 };

static const struct {
    const char *word;
    int means;
} words[] = {
    { "k", ROWS_K },       { "key", ROWS_K },       { "keys", ROWS_K },       { "v", ROWS_V },
    { "val", ROWS_V },     { "value", ROWS_V },     { "values", ROWS_V },     { "q", ROWS_Q },
    { "query", ROWS_Q },   { "queries", ROWS_Q },   { "weight", NOT_ROWS },   { "weights", NOT_ROWS },
    { "bias", NOT_ROWS },  { "moment", NOT_ROWS },  { "layer", LAYER_WORD },  { "layers", LAYER_WORD },
    { "blk", LAYER_WORD }, { "block", LAYER_WORD }, { "blocks", LAYER_WORD },
};

static int meaning(const char *word, size_t n)
{
    char lower[LONGEST_WORD] = "";
    if (n >= sizeof lower) return ROWS_UNKNOWN;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, lower) == 0) return words[i].means;
    return ROWS_UNKNOWN;
}

static bool is_letter(char c)
{
    return isalpha((unsigned char)c);
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c);
}

rows_name rows_name_read(const char *name)
{
    rows_name r = { ROWS_UNKNOWN, -1 };
    bool sure = false, no_rows = false;                    /* sure: the layer's number came after a word for layers */
    int before = ROWS_UNKNOWN, side_before = ROWS_UNKNOWN; /* the last word, and the side before it */
    for (const char *end; *name; name = end) {
        bool (*of)(char) = is_letter(*name) ? is_letter : is_digit(*name) ? is_digit : NULL;
        for (end = name + 1; of && of(*end);)
            end++;
        if (of == is_digit) {
            const long number = strtol(name, NULL, 10);
            if (number < MOST_LAYERS && !sure && (r.layer < 0 || before == LAYER_WORD)) r.layer = (int)number;
            sure = sure || before == LAYER_WORD;
            before = ROWS_UNKNOWN;
        } else if (of == is_letter) {
            const int means = meaning(name, (size_t)(end - name));
            const bool pair = means == ROWS_V && before == ROWS_K; /* key_values */
            if (pair)
                r.side = side_before;
            else if (means >= ROWS_K && means <= ROWS_Q) {
                side_before = r.side;
                r.side = means;
            }
            no_rows = no_rows || means == NOT_ROWS;
            before = pair ? ROWS_UNKNOWN : means;
        }
    }
    if (no_rows) r.side = ROWS_UNKNOWN;
    return r;
}
