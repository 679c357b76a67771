#include "engine/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/utf8.h"

enum { MOST_PATTERNS = 4 };

typedef struct pre_family {
    const char *patterns[MOST_PATTERNS];
    bool whole_tokens, adds_bos;
} pre_family;

/* Case-insensitive suffixes are spelled out: caseless matching would also take the long s (U+017F) for an s. */
#define SUFFIX        "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
#define GPT2          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"
#define SPACES        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define MARKS         " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
#define WORDS(digits) SUFFIX "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits "|" MARKS SPACES
/* A letter that is not a lower-case (upper-case) ASCII one: [^\P{L}a-z] is llama.cpp's (?=\p{L})[^a-z] as one class. */
#define CASED(suffix)                                                                                                  \
    "[^\\r\\n\\p{L}\\p{N}]?[^\\P{L}a-z]*[^\\P{L}A-Z]+" suffix "|[^\\r\\n\\p{L}\\p{N}]?[^\\P{L}a-z]+[^\\P{L}A-Z]*" suffix
#define SLASHED_MARKS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"

static const pre_family plain = { .patterns = { "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" } };
static const pre_family gpt2 = { .patterns = { GPT2 } };
static const pre_family digits = { .patterns = { "\\p{N}", GPT2 } };
static const pre_family falcon = { .patterns = { "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]" } };
static const pre_family llama3 = { .patterns = { WORDS("\\p{N}{1,3}") }, .whole_tokens = true, .adds_bos = true };
static const pre_family triple = { .patterns = { WORDS("\\p{N}{1,3}") } };
static const pre_family qwen2 = { .patterns = { WORDS("\\p{N}") } };
static const pre_family qwen35 = { .patterns = { SUFFIX "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"
                                                        " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES } };
static const pre_family tekken = { .patterns = { CASED("") "|\\p{N}|" SLASHED_MARKS SPACES },
                                   .whole_tokens = true,
                                   .adds_bos = true };
static const pre_family gpt4o = { .patterns = { CASED("(?:" SUFFIX ")?") "|\\p{N}{1,3}|" SLASHED_MARKS SPACES } };

static const struct {
    const char *name;
    const pre_family *family;
} names[] = {
    { "default", &plain },     { "gpt-2", &gpt2 },       { "gpt2", &gpt2 },
    { "phi-2", &gpt2 },        { "mpt", &gpt2 },         { "olmo", &gpt2 },
    { "jais", &gpt2 },         { "exaone4", &gpt2 },     { "trillion", &gpt2 },
    { "smollm", &digits },     { "starcoder", &digits }, { "refact", &digits },
    { "command-r", &digits },  { "codeshell", &digits }, { "exaone", &digits },
    { "minerva-7b", &digits }, { "falcon", &falcon },    { "llama-bpe", &llama3 },
    { "llama3", &llama3 },     { "llama-v3", &llama3 },  { "falcon3", &llama3 },
    { "falcon-h1", &llama3 },  { "pixtral", &llama3 },   { "lfm2", &llama3 },
    { "dbrx", &triple },       { "smaug-bpe", &triple }, { "chatglm-bpe", &triple },
    { "glm4", &triple },       { "qwen2", &qwen2 },      { "deepseek-r1-qwen", &qwen2 },
    { "stablelm2", &qwen2 },   { "megrez", &qwen2 },     { "hunyuan", &qwen2 },
    { "qwen35", &qwen35 },     { "tekken", &tekken },    { "gpt-4o", &gpt4o },
    { "llama4", &gpt4o },
};

enum { N_NAMES = sizeof names / sizeof *names };

struct pretokenizer {
    const char *name;
    const pre_family *family;
    pcre2_code *codes[MOST_PATTERNS];
    int n_codes;
};

static bool refuse_name(gguf_string name, fault *f)
{
    char known[512], shown[GGUF_SHOWN];
    size_t n = 0;
    for (int i = 0; i < N_NAMES && n < sizeof known; i++)
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? " " : "", names[i].name);
    return fault_set(f, FAULT_INPUT, "pre-tokenizer \"%s\" is not known (known: %s)", gguf_shown(name, shown), known);
}

static pcre2_code *compile(const char *pattern, fault *f)
{
    int error;
    PCRE2_SIZE where;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error, &where, NULL);
    if (!code) {
        fault_set(f, FAULT_INTERNAL, "pre-tokenizer pattern %s: PCRE2 error %d at %zu", pattern, error, where);
        return NULL;
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where it cannot, the interpreter gives the same matches */
    return code;
}

pretokenizer *pretokenizer_open(gguf_string name, fault *f)
{
    int row = 0;
    while (row < N_NAMES && !(strlen(names[row].name) == name.n && memcmp(names[row].name, name.bytes, name.n) == 0))
        row++;
    if (row == N_NAMES) {
        refuse_name(name, f);
        return NULL;
    }
    pretokenizer *p = calloc(1, sizeof *p);
    if (!p) {
        fault_memory(f, "the pre-tokenizer");
        return NULL;
    }
    p->name = names[row].name;
    p->family = names[row].family;
    for (; p->n_codes < MOST_PATTERNS && p->family->patterns[p->n_codes]; p->n_codes++) {
        p->codes[p->n_codes] = compile(p->family->patterns[p->n_codes], f);
        if (!p->codes[p->n_codes]) {
            pretokenizer_close(p);
            return NULL;
        }
    }
    return p;
}

void pretokenizer_close(pretokenizer *p)
{
    if (!p) return;
    for (int i = 0; i < p->n_codes; i++)
        pcre2_code_free(p->codes[i]);
    free(p);
}

const char *pretokenizer_name(const pretokenizer *p)
{
    return p->name;
}

bool pretokenizer_whole_tokens(const pretokenizer *p)
{
    return p->family->whole_tokens;
}

bool pretokenizer_adds_bos(const pretokenizer *p)
{
    return p->family->adds_bos;
}

/* Cuts the piece text[start … end) by one pattern. */
static bool cut(const pcre2_code *code, pcre2_match_data *match, const char *text, size_t start, size_t end,
                token_list *ends, fault *f)
{
    const PCRE2_SPTR piece = (PCRE2_SPTR)text + start;
    const size_t n = end - start;
    size_t at = 0;
    while (at < n) {
        const int found = pcre2_match(code, piece, n, at, PCRE2_NO_UTF_CHECK, match, NULL);
        if (found == PCRE2_ERROR_NOMATCH) break;
        if (found < 0)
            return fault_set(f, FAULT_INTERNAL, "pre-tokenizer: PCRE2 error %d at byte %zu of a piece of %zu", found,
                             at, n);
        const PCRE2_SIZE *span = pcre2_get_ovector_pointer(match);
        if (span[0] > at && !token_list_push(ends, (int32_t)(start + span[0]), f)) return false;
        if (!token_list_push(ends, (int32_t)(start + span[1]), f)) return false;
        at = span[1]; /* no pattern matches nothing, so this advances */
    }
    return at == n || token_list_push(ends, (int32_t)end, f);
}

/* Cuts text into runs of characters and runs of bytes that are none. invalid gets, for every run, whether it is the
 * latter. */
static bool cut_runs(const char *text, size_t n, token_list *ends, token_list *invalid, fault *f)
{
    size_t at = 0;
    while (at < n) {
        uint32_t point;
        size_t length, end = at;
        const bool bad = utf8_decode(text + at, n - at, &point) == 0;
        while (end < n && ((length = utf8_decode(text + end, n - end, &point)) == 0) == bad)
            end += bad ? 1 : length;
        if (!token_list_push(ends, (int32_t)end, f) || !token_list_push(invalid, bad, f)) return false;
        at = end;
    }
    return true;
}

/* Applies all patterns to the characters text[start … end): each to the pieces in `from`, into `to`. */
static bool cut_run(const pretokenizer *p, pcre2_match_data *match, const char *text, size_t start, size_t end,
                    token_list *ends, fault *f)
{
    token_list from = { 0 }, to = { 0 };
    bool ok = token_list_push(&from, (int32_t)end, f);
    for (int c = 0; ok && c < p->n_codes; c++) {
        size_t at = start;
        to.n = 0;
        for (size_t i = 0; ok && i < from.n; at = (size_t)from.at[i++])
            ok = cut(p->codes[c], match, text, at, (size_t)from.at[i], &to, f);
        const token_list swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; ok && i < from.n; i++)
        ok = token_list_push(ends, from.at[i], f);
    free(from.at);
    free(to.at);
    return ok;
}

bool pretokenizer_split(const pretokenizer *p, const char *text, size_t n, token_list *ends, fault *f)
{
    token_list runs = { 0 }, invalid = { 0 };
    pcre2_match_data *match = pcre2_match_data_create(8, NULL);
    bool ok = match || fault_memory(f, "the pre-tokenizer");
    ok = ok && cut_runs(text, n, &runs, &invalid, f);
    size_t start = 0;
    for (size_t i = 0; ok && i < runs.n; start = (size_t)runs.at[i++])
        ok = invalid.at[i] ? token_list_push(ends, runs.at[i], f)
                           : cut_run(p, match, text, start, (size_t)runs.at[i], ends, f);
    pcre2_match_data_free(match);
    free(runs.at);
    free(invalid.at);
    return ok;
}
