/* Ten tasks for a model that chats, one for each category of work people give to one.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "app/suite_prompts.h"
#include "app/suite_prompts_lua.h"
#include "app/suite_prompts_text.h"

/* The last line that is not blank. */
static span last_line(const char *answer)
{
    span line = { answer, 0 };
    for (span next; span_line(&answer, &next);)
        line = next;
    return line;
}

/* The line is this text, with or without a full stop or emphasis. */
static bool is_line(span line, const char *text)
{
    return span_is(span_trim(line), text);
}

/* ---- 1 summary of a long text ---- */

static bool summary(const char *answer, char why[SUITE_NOTE])
{
    static const char *const facts[] = { "Orrin", "Calypso", "October" };
    const span whole = span_of(answer);
    const int lines = count_lines(answer), words = count_words(whole);
    if (lines != 3) return prompt_wrong(why, "%d lines, not 3", lines);
    if (words > 60) return prompt_wrong(why, "%d words, at most 60 are allowed", words);
    for (span line; span_line(&answer, &line);)
        if (!span_begins(line, "- ")) return prompt_wrong(why, "a line does not begin with \"- \"");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (!span_has_word(whole, facts[i])) return prompt_wrong(why, "%s is not in it", facts[i]);
    return true;
}

/* ---- 2 reasoning in steps: 14·12 = 168, a quarter is 42, less 6 is 36, in fours 9 ---- */

static bool reasoning(const char *answer, char why[SUITE_NOTE])
{
    return is_line(last_line(answer), "ANSWER: 9") || prompt_wrong(why, "the last line is not \"ANSWER: 9\"");
}

/* ---- 3 code ---- */

static bool code(const char *answer, char why[SUITE_NOTE])
{
    static const lua_case cases[] = {
        { { 1, 3, 5 }, 3, { 2, 4 }, 2, { 1, 2, 3, 4, 5 }, 5 },
        { { 0 }, 0, { 7, 7, 9 }, 3, { 7, 7, 9 }, 3 },
        { { 4 }, 1, { 0 }, 0, { 4 }, 1 },
        { { 0 }, 0, { 0 }, 0, { 0 }, 0 },
        { { 2, 2, 2 }, 3, { 2, 8 }, 2, { 2, 2, 2, 2, 8 }, 5 },
        { { 10, 20, 30, 40 }, 4, { -5, 15, 50, 60 }, 4, { -5, 10, 15, 20, 30, 40, 50, 60 }, 8 },
    };
    return prompt_runs_lua(prompt_code(answer), "merge", cases, sizeof cases / sizeof *cases, why);
}

/* ---- 4 debugging: lines 2 (starts at 0), 4 (< for >) and 8 (multiplies) ---- */

static bool debugging(const char *answer, char why[SUITE_NOTE])
{
    const span line = span_trim(last_line(answer));
    return span_is(line, "2, 4, 8") || span_is(line, "2,4,8") || prompt_wrong(why, "the last line is not \"2, 4, 8\"");
}

/* ---- 5 recall of the third of ten facts, past a long text ---- */

static bool recall(const char *answer, char why[SUITE_NOTE])
{
    const span whole = span_trim(span_of(answer));
    return span_is(whole, "4718") || prompt_wrong(why, "the answer is not \"4718\" alone");
}

/* ---- 6 a story to measure ---- */

static bool story(const char *answer, char why[SUITE_NOTE])
{
    const span whole = span_of(answer);
    const int words = count_words(whole), lanterns = count_word(whole, "lantern");
    if (words < 80 || words > 160) return prompt_wrong(why, "%d words, not 80 to 160", words);
    if (lanterns != 3) return prompt_wrong(why, "\"lantern\" occurs %d times, not 3", lanterns);
    const span end = span_trim(last_line(answer));
    static const char closing[] = "The tide came back";
    const size_t n = sizeof closing - 1;
    return (end.n >= n && span_is((span){ end.at + end.n - n, n }, closing)) ||
           prompt_wrong(why, "it does not end with \"The tide came back.\"");
}

/* ---- 7 a conversation: the code was 3186, its last digit became 9, then the first two changed places ---- */

static bool conversation(const char *answer, char why[SUITE_NOTE])
{
    return span_is(span_trim(span_of(answer)), "1389") || prompt_wrong(why, "the answer is not \"1389\" alone");
}

/* ---- 8 structure ---- */

typedef struct field {
    const char *name, *text; /* of a TEXT */
    int number;              /* of a NUMBER, or a FLAG as 0 or 1 */
    enum { TEXT, NUMBER, FLAG } kind;
} field;

static bool right_field(const cJSON *found, const field *expected, char why[SUITE_NOTE])
{
    if (!found || strcmp(found->string, expected->name) != 0)
        return prompt_wrong(why, "no field \"%s\" in its place", expected->name);
    const bool right = expected->kind == TEXT ? cJSON_IsString(found) && !strcmp(found->valuestring, expected->text)
                       : expected->kind == NUMBER
                           ? cJSON_IsNumber(found) && found->valuedouble == expected->number
                           : cJSON_IsBool(found) && cJSON_IsTrue(found) == (expected->number != 0);
    return right || prompt_wrong(why, "field \"%s\" is wrong", expected->name);
}

static bool structure(const char *answer, char why[SUITE_NOTE])
{
    static const field fields[] = {
        { "ship", "Calypso", 0, TEXT },  { "type", "brig", 0, TEXT },    { "captain", "Ida Moor", 0, TEXT },
        { "crew", NULL, 14, NUMBER },    { "masts", NULL, 2, NUMBER },   { "length_m", NULL, 31, NUMBER },
        { "built", NULL, 1871, NUMBER }, { "home", "Whitby", 0, TEXT },  { "from", "Bergen", 0, TEXT },
        { "to", "Hull", 0, TEXT },       { "cargo", "timber", 0, TEXT }, { "tons", NULL, 240, NUMBER },
        { "insured", NULL, 1, FLAG },    { "leaking", NULL, 0, FLAG },   { "day", NULL, 9, NUMBER },
        { "month", "October", 0, TEXT },
    };
    const span text = prompt_code(answer);
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(text.at, text.n, &end, false);
    bool ok = (object && cJSON_IsObject(object)) || prompt_wrong(why, "it is no JSON object");
    const int n = sizeof fields / sizeof *fields;
    for (int i = 0; ok && i < n; i++)
        ok = right_field(cJSON_GetArrayItem(object, i), &fields[i], why);
    if (ok && cJSON_GetArraySize(object) != n) ok = prompt_wrong(why, "it has more fields than asked for");
    if (ok && span_trim((span){ end, (size_t)(text.at + text.n - end) }).n > 0)
        ok = prompt_wrong(why, "something stands behind the object");
    cJSON_Delete(object);
    return ok;
}

/* ---- 9 translation, and something counted ---- */

typedef struct translation {
    const char *begins;
    const char *words[4]; /* each must occur; one of two with a bar between */
} translation;

static bool has_either(span line, const char *words)
{
    char word[24];
    for (const char *at = words;; at++) {
        const size_t n = strcspn(at, "|");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        if (span_has_word(line, word)) return true;
        at += n;
        if (!*at) return false;
    }
}

static bool translated(const char *answer, char why[SUITE_NOTE])
{
    static const translation expected[] = {
        { "German: ", { "Haus", "rote", "alt" } },
        { "French: ", { "maison", "rouge", "vieille|ancienne" } },
        { "Spanish: ", { "casa", "roja", "vieja|antigua" } },
    };
    const int n = sizeof expected / sizeof *expected, lines = count_lines(answer);
    if (lines != n + 1) return prompt_wrong(why, "%d lines, not %d", lines, n + 1);
    span line;
    for (int i = 0; i < n && span_line(&answer, &line); i++) {
        if (!span_begins(line, expected[i].begins))
            return prompt_wrong(why, "line %d does not begin with \"%s\"", i + 1, expected[i].begins);
        for (const char *const *words = expected[i].words; *words; words++)
            if (!has_either(line, *words)) return prompt_wrong(why, "line %d has no \"%s\"", i + 1, *words);
    }
    span_line(&answer, &line);
    return is_line(line, "Letters: 5") || prompt_wrong(why, "the last line is not \"Letters: 5\"");
}

/* ---- 10 eight constraints ---- */

static bool follows(const char *answer, char why[SUITE_NOTE])
{
    if (count_lines(answer) != 5) return prompt_wrong(why, "%d lines, not 5", count_lines(answer));
    if (strchr(answer, ',')) return prompt_wrong(why, "there is a comma");
    for (const char *at = answer; *at; at++)
        if (isupper((unsigned char)*at)) return prompt_wrong(why, "there is a capital letter");
    span line;
    for (int i = 1; span_line(&answer, &line); i++) {
        char number[] = { (char)('0' + i), '.', ' ', 0 };
        if (!span_begins(line, number)) return prompt_wrong(why, "line %d does not begin with \"%s\"", i, number);
        line = (span){ line.at + 3, line.n - 3 };
        if (count_words(line) != 4) return prompt_wrong(why, "line %d has %d words, not 4", i, count_words(line));
        const bool bold = line.n > 4 && span_begins(line, "**") && span_is((span){ line.at + line.n - 2, 2 }, "**");
        if (bold != (i == 3)) return prompt_wrong(why, i == 3 ? "line 3 is not bold" : "line %d is bold", i);
        if ((line.n > 0 && line.at[line.n - 1] == '!') != (i == 2))
            return prompt_wrong(why, "only line 2 ends with an exclamation mark, not line %d", i);
        if (span_has_word(line, "amber") != (i == 4)) return prompt_wrong(why, "\"amber\" belongs in line 4 alone");
    }
    return true;
}

/* ---- the list ---- */

const prompt prompts_chat[PROMPTS] = {
    { "summary",
      "Here is a keeper's log.\n\n{log}In October the brig Calypso struck the reef in the night. The keeper, Orrin, rowed "
      "out three times and brought all of her people ashore.\n{log}\nWho did what, to which ship, and in which month? "
      "Summarise the one event in this log that matters in exactly three lines. Each line begins with \"- \". Use no more "
      "than 60 words in all, and write nothing else.",
      20480,
      160,
      summary,
      { { 0 } } },
    { "reasoning",
      "A baker makes 14 trays of 12 rolls. He sells three quarters of them before noon and gives 6 of what is left to a "
      "neighbour. The rest he packs in bags of 4. How many bags does he fill? Think step by step, and end with a line "
      "that says ANSWER: and the number.",
      0,
      320,
      reasoning,
      { { 0 } } },
    { "code",
      "Write a Lua function merge(a, b) that takes two lists of numbers, each sorted in ascending order, and returns one "
      "new sorted list with all of their elements; equal elements are all kept, and either list may be empty. Use no "
      "library but ipairs and table.insert. Answer with the code alone, in one block between ``` lines.",
      0,
      384,
      code,
      { { 0 } } },
    { "debugging",
      "This Lua function should return the largest element of a list and how often it occurs. Three lines are wrong.\n\n"
      " 1  local function largest(list)\n"
      " 2    local best, count = list[0], 0\n"
      " 3    for i = 1, #list do\n"
      " 4      if list[i] < best then\n"
      " 5        best = list[i]\n"
      " 6        count = 1\n"
      " 7      elseif list[i] == best then\n"
      " 8        count = count * 1\n"
      " 9      end\n"
      "10    end\n"
      "11    return best, count\n"
      "12  end\n\n"
      "In line 2 the list's first element is meant, and counting starts at 0. Say briefly what is wrong, then end with a "
      "line that holds nothing but the three line numbers in ascending order, with commas between.",
      0,
      320,
      debugging,
      { { 0 } } },
    { "recall",
      "Ten facts:\n1. The lamp burns 31 litres a week.\n2. The stairs have 204 steps.\n3. The safe's number is 4718.\n"
      "4. The bell was cast in 1802.\n5. The boat is called Wren.\n6. The cook is from Cork.\n7. The flag has 3 colours.\n"
      "8. The well is 26 metres deep.\n9. The dog is called Bosun.\n10. The door key hangs behind the clock.\n\n{log}\n"
      "What is the number in the third of the ten facts? Answer with the number alone.",
      8192,
      24,
      recall,
      { { 0 } } },
    { "story",
      "Write a story of 80 to 160 words about a child on an island. The word \"lantern\" occurs exactly three times. The "
      "last sentence is: The tide came back. Write nothing but the story.",
      0,
      320,
      story,
      { { 0 } } },
    { "conversation",
      "What is the code now? Answer with its four digits alone.",
      0,
      24,
      conversation,
      { { "Please keep a code for me: 3186.", "I will keep it: 3186." },
        { "What is the capital of Norway?", "Oslo." },
        { "Change the last digit of the code to 9.", "Done." },
        { "And how many metres are a kilometre?", "1000." },
        { "Is a whale a fish?", "No, it is a mammal." },
        { "Now let the first two digits of the code change places.", "Done." },
        { "How many legs has a spider?", "Eight." },
        { "What colour do blue and yellow make?", "Green." },
        { "Thank you. Which planet is nearest to the sun?", "Mercury." },
        { 0 } } },
    { "structure",
      "The brig Calypso, home port Whitby, was built in 1871. She has 2 masts and is 31 metres long. Captain Ida Moor "
      "sailed with a crew of 14 from Bergen to Hull with 240 tons of timber on the 9th of October. The ship is insured "
      "and is not leaking.\n\nWrite this as one JSON object with the fields ship, type, captain, crew, masts, length_m, "
      "built, home, from, to, cargo, tons, insured, leaking, day, month, in this order. The captain's name is given "
      "without the title; numbers are numbers, and insured and leaking are true or false. Write nothing but the object.",
      0,
      320,
      structure,
      { { 0 } } },
    { "translation",
      "Translate \"The red house is old.\" into German, French and Spanish. Write four lines: \"German: \", \"French: \" "
      "and \"Spanish: \", each followed by the translation, and last \"Letters: \" followed by the number of letters in "
      "the English word \"house\". Write nothing else.",
      0,
      96,
      translated,
      { { 0 } } },
    { "instructions",
      "Write a list about a beach that keeps these eight rules. 1: It has exactly five lines, numbered \"1. \" to \"5. \". "
      "2: Every line has exactly four words. 3: There are no capital letters. 4: There are no commas. 5: Only the second "
      "line ends with an exclamation mark. 6: The third line, and no other, is bold, between ** and **. 7: The fourth "
      "line, and no other, contains the word amber. 8: Nothing stands before or after the list.",
      0,
      128,
      follows,
      { { 0 } } },
};
