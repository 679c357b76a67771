/* Every checker of the suite `prompts`, with answers that are right and with tempting ones that are not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/suite_prompts.h"
#include "app/suite_prompts_lua.h"

enum { ANSWERS = 12 };

typedef struct judged {
    const char *name;
    const char *right[ANSWERS], *wrong[ANSWERS];
} judged;

#define SUMMARY                                                                                                        \
    "- The brig Calypso struck the reef in October.\n- Orrin rowed out three times.\n- Everyone was brought ashore."
#define FENCE "```"
#define MERGE                                                                                                          \
    "function merge(a, b)\n  local out, i, j = {}, 1, 1\n  while i <= #a or j <= #b do\n"                              \
    "    if j > #b or (i <= #a and a[i] <= b[j]) then\n      table.insert(out, a[i]); i = i + 1\n"                     \
    "    else\n      table.insert(out, b[j]); j = j + 1\n    end\n  end\n  return out\nend\n"
#define SHIP                                                                                                           \
    "\"ship\":\"Calypso\",\"type\":\"brig\",\"captain\":\"Ida Moor\",\"crew\":14,\"masts\":2,\"length_m\":31,"         \
    "\"built\":1871,\"home\":\"Whitby\",\"from\":\"Bergen\",\"to\":\"Hull\",\"cargo\":\"timber\",\"tons\":240,"
#define TEN     "The child walked along the grey shore and counted the shells. "
#define LANTERN "She held the lantern high above the wet stones there. "
#define STORY   TEN TEN LANTERN TEN TEN LANTERN TEN TEN LANTERN TEN "\nThe tide came back."

static const judged chat[PROMPTS] = {
    { "summary",
      { SUMMARY, SUMMARY "\n\n" },
      { "Orrin rescued the Calypso's people in October.", "", "- Orrin\n- Calypso",
        "- The brig Calypso struck the reef in October.\n- The keeper rowed out three times.\n- Everyone was saved.",
        "Here is the summary:\n" SUMMARY, "1. The Calypso struck.\n2. Orrin rowed out.\n3. It was October.",
        "- Calypso struck a reef in October one night\n- Orrin rowed and rowed and rowed and rowed and rowed and rowed and "
        "rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed and "
        "rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed and rowed\n- All were saved" } },
    { "reasoning",
      { "ANSWER: 9", "168 rolls; 126 are sold.\n42 - 6 = 36\nANSWER: 9.", "So 9 bags.\n**ANSWER: 9**\n" },
      { "ANSWER: 19", "9", "", "ANSWER: 9\nI hope that helps!", "ANSWER: 36", "The answer: 9 or 10.\nANSWER: 9 or 10",
        "ANSWER: 9 bags of 5" } },
    { "code",
      { MERGE, FENCE "lua\n" MERGE FENCE, "Here:\n" FENCE "\n" MERGE FENCE "\nIt is linear." },
      { "", "def merge(a, b): return sorted(a + b)", FENCE "lua\nfunction merge(a, b) return a end\n" FENCE,
        FENCE "\nfunction merge(a, b)\nwhile true do end\nend\n" FENCE,
        FENCE "\nlocal function merge(a, b) return {} end\n" FENCE,
        FENCE "\nfunction merge(a, b)\nlocal s = {} for _, x in ipairs(a) do table.insert(s, x) end\n"
              "for _, x in ipairs(b) do table.insert(s, x) end\nreturn s\nend\n" FENCE,
        FENCE "\nfunction merge(a, b) os.exit(0) end\n" FENCE,
        FENCE "\nfunction merge(a, b) local s = {} while true do table.insert(s, s) end end\n" FENCE } },
    { "debugging",
      { "2, 4, 8", "Line 2 reads list[0]; 4 and 8 as well.\n2, 4, 8", "2,4,8", "**2, 4, 8**" },
      { "2, 4", "8, 4, 2", "2, 4, 8, 11", "The wrong lines are 2, 4, 8 and nothing else", "2, 4, 8\nDone.", "",
        "4, 8" } },
    { "recall",
      { "4718", "4718.", "**4718**\n" },
      { "47180", "The number is 4718 or 4178.", "4178", "", "31", "204", "The safe's number is 4718" } },
    { "story",
      { STORY },
      { TEN TEN LANTERN "\nThe tide came back.", TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\nThe tide came back.",
        TEN TEN LANTERN TEN TEN LANTERN TEN TEN LANTERN TEN, "", STORY " She was glad.", STORY STORY,
        TEN TEN LANTERN TEN TEN LANTERN TEN TEN LANTERN LANTERN "\nThe tide came back." } },
    { "conversation",
      { "1389", "1389.", "\"1389\"" },
      { "3186", "3189", "1386", "", "13890", "It is 3189, now 1389 or so", "1 3 8 9" } },
    { "structure",
      { "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9,\"month\":\"October\"}",
        FENCE "json\n{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9,\"month\":\"October\"}\n" FENCE },
      { "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9}",
        "{" SHIP "\"insured\":\"true\",\"leaking\":false,\"day\":9,\"month\":\"October\"}",
        "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":\"9\",\"month\":\"October\"}",
        "{" SHIP "\"insured\":true,\"leaking\":true,\"day\":9,\"month\":\"October\"}",
        "{" SHIP "\"leaking\":false,\"insured\":true,\"day\":9,\"month\":\"October\"}",
        "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9,\"month\":\"October\",\"year\":1871}",
        "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9,\"month\":\"October\"} I hope that helps!",
        "{" SHIP "\"insured\":true,\"leaking\":false,\"day\":9,\"month\":\"October\"", "", "[]" } },
    { "translation",
      { "German: Das rote Haus ist alt.\nFrench: La maison rouge est vieille.\nSpanish: La casa roja es vieja.\nLetters: 5",
        "German: Das rote Haus ist alt.\nFrench: La maison rouge est ancienne.\nSpanish: La casa roja es antigua.\n\n"
        "Letters: 5" },
      { "German: Das rote Haus ist alt.\nFrench: La maison rouge est vieille.\nSpanish: La casa roja es vieja.\nLetters: 6",
        "German: Das Haus ist alt.\nFrench: La maison rouge est vieille.\nSpanish: La casa roja es vieja.\nLetters: 5",
        "French: La maison rouge est vieille.\nGerman: Das rote Haus ist alt.\nSpanish: La casa roja es vieja.\nLetters: 5",
        "German: Das rote Haus ist alt.\nFrench: La maison rouge est vieille.\nSpanish: La casa es vieja.\nLetters: 5",
        "Das rote Haus ist alt.\nLa maison rouge est vieille.\nLa casa roja es vieja.\n5", "",
        "German: Das rote Haus ist alt.\nFrench: La maison rouge est vieille.\nSpanish: La casa roja es vieja." } },
    { "instructions",
      { "1. the sand is warm\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the "
        "boats come home" },
      { "1. the sand is warm\n2. gulls cry over waves!\n3. shells lie in rows\n4. an amber stone shines\n5. the boats come "
        "home",
        "1. The sand is warm\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the boats "
        "come home",
        "1. the sand is warm!\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the boats "
        "come home",
        "1. the sand is warm\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines",
        "1. the sand is very warm\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the "
        "boats come home",
        "1. the amber sand warms\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the "
        "boats come home",
        "1. the sand is warm\n2. gulls cry, over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the "
        "boats come home",
        "a beach:\n1. the sand is warm\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. "
        "the boats come home",
        "1. **the sand is warm**\n2. gulls cry over waves!\n3. **shells lie in rows**\n4. an amber stone shines\n5. the boats "
        "come home",
        "1.", "" } },
};

static const judged base[PROMPTS] = {
    { "long text",
      { " ship of Rose?", " ship of Rose? Answer: the ship of Rose is 8100." },
      { " ship of Rosemary?", " ship of Clara?", " house of Rose?", "", "ship of Rose", " horse. The ship of Rose" } },
    { "recall",
      { " garden of Frank? Answer:", " garden of Frank" },
      { " garden of Franklin", " garden", " garden of Fran", "", " the garden of Frank", " door of Frank" } },
    { "instructions",
      { " room of Samuel? An" },
      { " room of Alice? An", " garden of Arthur?", " letter of Henry?", " room of Samuels?", "" } },
    { "one letter",
      { " letter of Philip? An" },
      { " letter of Phillip?", " letter of Philippa?", " letter of Phil", " letters of Philip", "" } },
    { "structure",
      { " what is the house of Henry? Answer: the house of Henry is 3333.\n" },
      { " what is the house of Henry? Answer: the house of Henry is 333.",
        " what is the house of Henry? Answer: the house of Harriet is 3333.", " what is the house of Henry? The house",
        " what is the house of Henry? Answer: the house of Henry is 33333.", "",
        " what is the house of Henry? Answer: the house of Henry is 3333" } },
    { "echo",
      { " letter of Jane is 3046.", " letter of Jane is 1111.\nHe" },
      { " letter of Jane is 304.", " letter of James is 3046.", " letter of Jane is the", "",
        " letter of Jane is 3046," } },
    { "conversation",
      { "\n\"Is it possible,\" said the boy", "\n\"Go!\"" },
      { " \"Is it possible,\" said the boy", "\nHe went away.", "\n\"Is it possible, said the boy\n\"Yes\"", "\n\"\"",
        "" } },
    { "pairs", { " night, and", " night" }, { " nights", " day", "night", "", " tonight" } },
    { "name", { "addles, \"I am" }, { "addle", "addlesome", " addles", "", "evor" } },
    { "speech",
      { " Jarndyce, \"and", " P, \"no" },
      { " jarndyce, \"and", " Jarndyce. \"And", " Jarndyce and", "", " , \"and", " Mr. Jarndyce, \"and" } },
};

static void judge(const prompt *list, const judged *expected)
{
    for (int i = 0; i < PROMPTS; i++) {
        char why[SUITE_NOTE] = "";
        int wrong = 0;
        assert_string_equal(list[i].name, expected[i].name);
        for (const char *const *a = expected[i].right; *a; a++)
            if (!list[i].passes(*a, why)) fail_msg("%s: \"%s\" is right, but: %s", list[i].name, *a, why);
        for (const char *const *a = expected[i].wrong; *a; a++, wrong++) {
            why[0] = '\0';
            if (list[i].passes(*a, why)) fail_msg("%s: \"%s\" passes", list[i].name, *a);
            if (!why[0]) fail_msg("%s: nothing is said about \"%s\"", list[i].name, *a);
        }
        assert_true(wrong >= 3);
    }
}

static void chat_checkers_know_right_from_tempting(void **state)
{
    (void)state;
    judge(prompts_chat, chat);
}

static void base_checkers_know_right_from_tempting(void **state)
{
    (void)state;
    judge(prompts_base, base);
}

static void no_answer_hurts_a_checker(void **state)
{
    (void)state;
    static const char *const odd[] = { "",
                                       "\n\n\n",
                                       "```",
                                       "``````",
                                       "{",
                                       "\"",
                                       "1. ",
                                       "**",
                                       "\xff\xfe",
                                       "- \n- \n- ",
                                       "1.\n2.\n3.\n4.\n5.",
                                       "1. **\n2. **\n3. **\n4. **\n5. **",
                                       "\n\"",
                                       " ",
                                       "ANSWER:",
                                       "```lua",
                                       "{}",
                                       "{\"ship\":null}",
                                       "[1" };
    char why[SUITE_NOTE];
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
        for (int i = 0; i < PROMPTS; i++) {
            assert_false(prompts_chat[i].passes(odd[k], why));
            assert_false(prompts_base[i].passes(odd[k], why));
        }
}

static void categories_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < PROMPTS; i++)
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(prompts_chat[i].name, prompts_chat[k].name);
            assert_string_not_equal(prompts_base[i].name, prompts_base[k].name);
        }
}

static void code_that_a_model_wrote_is_kept_in(void **state)
{
    (void)state;
    static const lua_case one = { { 1 }, 1, { 2 }, 1, { 1, 2 }, 2 };
    static const struct {
        const char *code, *why;
    } bad[] = {
        { "function merge(a, b) return {1, 3} end", "wrong in case 1 of 1" },
        { "function merge(a, b) return {1, 2, 3} end", "wrong in case 1" },
        { "function merge(a, b) return {1, 2.5} end", "wrong in case 1" },
        { "function merge(a, b) return 1 end", "wrong in case 1" },
        { "function other() end", "no function merge" },
        { "function merge(", "the code fails" },
        { "while true do end", "it does not end" },
        { "function merge(a, b) return merge(a, b) end", "it does not end" },
        { "function merge(a, b) return 1 + merge(a, b) end", "not enough memory" },
        { "local s = 'x' while true do s = s .. s end", "memory" },
        { "function merge() return io.open('/etc/passwd') end", "io" },
        { "function merge() return os.time() end", "os" },
        { "function merge() return require('x') end", "require" },
        { "function merge() return load('return 1')() end", "load" },
        { "function merge() return ('x'):rep(1e9) end", "the code fails" },
        { "function merge() return table.concat({}) end", "concat" },
        { "function merge() return pcall(function() while true do end end) end", "pcall" },
        { "\x1bLua", "the code fails" },
        { "error", "the code fails" },
    };
    char why[SUITE_NOTE];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why[0] = '\0';
        assert_false(prompt_runs_lua(span_of(bad[i].code), "merge", &one, 1, why));
        if (!strstr(why, bad[i].why)) fail_msg("\"%s\": %s", bad[i].code, why);
    }
    if (!prompt_runs_lua(span_of(MERGE), "merge", &one, 1, why)) fail_msg("%s", why);
}

static void the_log_is_long_and_says_nothing_twice_soon(void **state)
{
    (void)state;
    char first[256], other[256];
    const int n = prompt_log_entry(0, first, sizeof first);
    assert_true(n > 60 && n < 255 && first[n - 1] == '\n');
    for (int i = 1; i < 3080; i++) { /* 7·5·8·11 */
        prompt_log_entry(i, other, sizeof other);
        assert_string_not_equal(first, other);
    }
    prompt_log_entry(3080, other, sizeof other);
    assert_string_equal(first, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_checkers_know_right_from_tempting),
        cmocka_unit_test(base_checkers_know_right_from_tempting),
        cmocka_unit_test(no_answer_hurts_a_checker),
        cmocka_unit_test(categories_have_names_of_their_own),
        cmocka_unit_test(code_that_a_model_wrote_is_kept_in),
        cmocka_unit_test(the_log_is_long_and_says_nothing_twice_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
