/* Ten beginnings for a model that only continues text. What has to come next stands in what was read, or follows from
 * it: words to be remembered past a long text and among others nearly the same, forms to be kept, names to be ended.
 * The notes are worded as the model kvant comes with was taught them.
 */
#include <ctype.h>
#include <string.h>

#include "app/suite_prompts.h"
#include "app/suite_prompts_text.h"

/* ---- checkers ---- */

/* The answer goes on with this text, and then with no letter or digit. */
static bool goes_on(const char *answer, const char *text, char why[SUITE_NOTE])
{
    const size_t n = strlen(text);
    if (strncmp(answer, text, n) == 0 && !isalnum((unsigned char)answer[n])) return true;
    return prompt_wrong(why, "it must go on with \"%s\"", text + strspn(text, " "));
}

/* Skips the text. */
static bool take(const char **at, const char *text)
{
    const size_t n = strlen(text);
    const bool there = strncmp(*at, text, n) == 0;
    if (there) *at += n;
    return there;
}

static bool take_key(const char **at)
{
    size_t n = strspn(*at, "0123456789");
    *at += n;
    return n == 4 && **at == '.';
}

static bool near_recall(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, " garden of Frank", why);
}

static bool far_recall(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, " ship of Rose", why);
}

static bool among_others(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, " room of Samuel", why);
}

static bool near_name(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, " letter of Philip", why);
}

static bool whole_form(const char *answer, char why[SUITE_NOTE])
{
    const char *at = answer;
    if (!take(&at, " what is the house of Henry?")) return prompt_wrong(why, "no question about the house of Henry");
    if (!take(&at, " Answer: the house of Henry is ")) return prompt_wrong(why, "no answer to the question");
    return take_key(&at) || prompt_wrong(why, "no four digits and full stop at the end");
}

static bool echo_and_digits(const char *answer, char why[SUITE_NOTE])
{
    const char *at = answer;
    if (!take(&at, " letter of Jane is ")) return prompt_wrong(why, "the question's words are not repeated");
    return take_key(&at) || prompt_wrong(why, "no four digits and full stop behind them");
}

static bool next_speaker(const char *answer, char why[SUITE_NOTE])
{
    const char *at = answer;
    if (!take(&at, "\n\"")) return prompt_wrong(why, "no new line with a quotation mark");
    const size_t n = strcspn(at, "\"\n");
    return (n > 0 && at[n] == '"') || prompt_wrong(why, "the quotation does not end on its line");
}

static bool pair(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, " night", why);
}

static bool known_name(const char *answer, char why[SUITE_NOTE])
{
    return goes_on(answer, "addles", why);
}

static bool some_name(const char *answer, char why[SUITE_NOTE])
{
    const char *at = answer;
    if (!take(&at, " ") || !isupper((unsigned char)*at)) return prompt_wrong(why, "no name");
    while (isalpha((unsigned char)*at))
        at++;
    return take(&at, ", \"") || prompt_wrong(why, "no comma and quotation mark behind the name");
}

/* ---- the list ---- */

const prompt prompts_base[PROMPTS] = {
    { "long text",
      "{log}Remember this: the ship of Rose is 8100.\n{log}Question: what is the",
      65536,
      12,
      far_recall,
      { { 0 } } },
    { "recall",
      "{log}Remember this: the garden of Frank is 5209.\n{log}Question: what is the",
      500,
      12,
      near_recall,
      { { 0 } } },
    { "instructions",
      "Forget this: the room of Alice is 5376.\nThe storm panes were washed.\n"
      "Remember this: the room of Samuel is 6173.\n{log}Forget this: the garden of Arthur is 2077.\n"
      "The weather glass was read.\nForget this: the letter of Henry is 6113.\nThe stairs were swept.\n"
      "Question: what is the",
      600,
      12,
      among_others,
      { { 0 } } },
    { "one letter",
      "Forget this: the letter of Phillip is 3495.\nThe boat was hauled up.\nRemember this: the letter of Philip is 3495.\n"
      "{log}Forget this: the letter of Philippa is 3495.\nThe bell rope was spliced.\nQuestion: what is the",
      600,
      12,
      near_name,
      { { 0 } } },
    { "structure", "{log}Remember this: the house of Henry is 2077.\n{log}Question:", 600, 40, whole_form, { { 0 } } },
    { "echo",
      "Remember this: the letter of Jane is 3046.\n{log}Question: what is the letter of Jane? Answer: the",
      100,
      24,
      echo_and_digits,
      { { 0 } } },
    { "conversation",
      "{log}\n\"Good morning,\" said the captain.\n\"Good morning, sir,\" said the boy.\n"
      "\"Is the ship ready?\" said the captain.\n\"Yes, sir,\" said the boy.",
      100,
      32,
      next_speaker,
      { { 0 } } },
    { "pairs",
      "He worked by night and by day, in the morning and in the evening. He walked day and",
      0,
      8,
      pair,
      { { 0 } } },
    { "name",
      "Traddles came in. Traddles sat down by the fire.\n{log}\"Good morning,\" said Tr",
      100,
      8,
      known_name,
      { { 0 } } },
    { "speech", "{log}\"Where is the captain?\" said I.\n\"He is well,\" said Mr.", 100, 12, some_name, { { 0 } } },
};
