/* Which part of a plan a process runs: by its line, or by what started it. */
#include "app/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const variables[] = {
    "KVANT_SHARD",           "KVANT_SHARDS", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT",
    "SLURM_ARRAY_TASK_STEP", "HQ_TASK_ID",   "PBS_ARRAY_INDEX",     "LSB_JOBINDEX",         "LSB_JOBINDEX_END",
    "LSB_JOBINDEX_STEP",     "PARALLEL_SEQ", "FLUX_TASK_RANK",      "FLUX_JOB_SIZE",
};

static void clear(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
}

/* "A=1 B=2" */
static void set_all(const char *assignments)
{
    char text[256];
    clear();
    snprintf(text, sizeof text, "%s", assignments);
    for (char *next, *word = strtok_r(text, " ", &next); word; word = strtok_r(NULL, " ", &next)) {
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        *equals = '\0';
        setenv(word, equals + 1, 1);
    }
}

/* Every cell belongs to one shard, and their sizes differ by one at most, for all n up to 20. */
static void shards_are_a_partition(void **state)
{
    (void)state;
    for (int n = 1; n <= 20; n++)
        for (size_t cells = 0; cells <= 64; cells++) {
            size_t least = SIZE_MAX, most = 0, sum = 0;
            for (int i = 1; i <= n; i++) {
                char text[32];
                shard s;
                fault f = { 0 };
                snprintf(text, sizeof text, "%d/%d", i, n);
                assert_true(shard_choose(text, 0, &s, &f));
                size_t size = 0;
                for (size_t c = 0; c < cells; c++)
                    size += shard_has(&s, c);
                if (size < least) least = size;
                if (size > most) most = size;
                sum += size;
            }
            assert_int_equal(cells, sum);
            assert_true(most - least <= 1);
            for (size_t c = 0; c < cells; c++) {
                int owners = 0;
                for (int i = 1; i <= n; i++)
                    owners += shard_has(&(shard){ i, n }, c);
                assert_int_equal(1, owners);
            }
        }
}

static void no_shard_is_all_of_it(void **state)
{
    (void)state;
    shard s;
    fault f = { 0 };
    clear();
    assert_true(shard_choose(NULL, 0, &s, &f));
    assert_int_equal(0, s.n);
    for (size_t c = 0; c < 100; c++)
        assert_true(shard_has(&s, c));
}

/* The variables are those the engines' manuals name for array tasks. */
static void engines_say_which_shard_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        int shards; /* --shards */
        int i, n;
    } rows[] = {
        { "KVANT_SHARD=2/8", 0, 2, 8 },
        { "KVANT_SHARD=2 KVANT_SHARDS=8", 0, 2, 8 },
        { "KVANT_SHARD=3", 4, 3, 4 },
        { "KVANT_SHARD=3/4 SLURM_ARRAY_TASK_ID=1", 0, 3, 4 },
        { "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=5 SLURM_ARRAY_TASK_STEP=1", 0, 1, 5 },
        { "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_COUNT=5 SLURM_ARRAY_TASK_STEP=1", 0, 5, 5 },
        { "SLURM_ARRAY_TASK_ID=30 SLURM_ARRAY_TASK_MIN=10 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=10", 0, 3, 3 },
        { "SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_STEP=1", 10, 7, 10 },
        { "HQ_TASK_ID=3", 9, 3, 9 },
        { "HQ_TASK_ID=3 KVANT_SHARDS=9", 0, 3, 9 },
        { "PBS_ARRAY_INDEX=9", 9, 9, 9 },
        { "LSB_JOBINDEX=2 LSB_JOBINDEX_END=6 LSB_JOBINDEX_STEP=1", 0, 2, 6 },
        { "LSB_JOBINDEX=0", 0, 0, 0 },
        { "PARALLEL_SEQ=12", 12, 12, 12 },
        { "FLUX_TASK_RANK=0 FLUX_JOB_SIZE=3", 0, 1, 3 },
        { "FLUX_TASK_RANK=2 FLUX_JOB_SIZE=3", 0, 3, 3 },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        shard s;
        fault f = { 0 };
        set_all(rows[r].set);
        if (!shard_choose(NULL, rows[r].shards, &s, &f)) fail_msg("%s: %s", rows[r].set, f.text);
        if (s.i != rows[r].i || s.n != rows[r].n)
            fail_msg("%s: shard %d of %d, expected %d of %d", rows[r].set, s.i, s.n, rows[r].i, rows[r].n);
    }
    clear();
}

static void what_does_not_say_it_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *set, *given;
        int shards;
        const char *says;
    } rows[] = {
        { "", "0/3", 0, "count from 1" },
        { "", "4/3", 0, "shard 4 of 3" },
        { "", "2", 0, "--shards N" },
        { "", "2/", 0, "not I/N" },
        { "", "/3", 0, "not I/N" },
        { "", "-1/3", 0, "not I/N" },
        { "", "1/3x", 0, "not I/N" },
        { "", "1/3", 4, "there are 4" },
        { "", "1/0", 0, "0 shards" },
        { "", "99999999999999999999/3", 0, "not I/N" },
        { "KVANT_SHARD=nonsense", NULL, 0, "KVANT_SHARD" },
        { "KVANT_SHARDS=many", "1", 0, "KVANT_SHARDS" },
        { "PARALLEL_SEQ=2", NULL, 0, "GNU parallel" },
        { "HQ_TASK_ID=2", NULL, 0, "--shards N" },
        { "PBS_ARRAY_INDEX=10", NULL, 9, "shard 10 of 9" },
        { "SLURM_ARRAY_TASK_ID=two", NULL, 0, "\"two\"" },
        { "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_STEP=1", NULL, 0,
          "shard 5 of 2" },
        { "SLURM_ARRAY_TASK_ID=6 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_STEP=2", NULL, 0,
          "not one of" },
        { "SLURM_ARRAY_TASK_ID=1 PARALLEL_SEQ=2", NULL, 4, "both" },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        shard s;
        fault f = { 0 };
        set_all(rows[r].set);
        if (shard_choose(rows[r].given, rows[r].shards, &s, &f)) fail_msg("row %zu is taken", r);
        assert_int_equal(FAULT_USAGE, f.code);
        if (!strstr(f.text, rows[r].says)) fail_msg("row %zu: no \"%s\" in: %s", r, rows[r].says, f.text);
    }
    clear();
}

static void a_shard_has_a_file_beside_its_plan(void **state)
{
    (void)state;
    char path[PATH_MAX];
    fault f = { 0 };
    assert_true(shard_path("/p/bits.jsonl", &(shard){ 2, 9 }, path, &f));
    assert_string_equal("/p/bits.shard-2-of-9.db", path);
    assert_true(shard_path("plan", &(shard){ 1, 1 }, path, &f));
    assert_string_equal("plan.shard-1-of-1.db", path);
    char endless[PATH_MAX + 8];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_false(shard_path(endless, &(shard){ 1, 1 }, path, &f));
}

/* What is printed is what a shell reads back: blanks and quotes in paths included. */
static void launch_lines_survive_the_shell(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    fault f = { 0 };
    FILE *to = open_memstream(&text, &n);
    assert_true(shard_launch(to, "slurm", "/bin/kvant", "/my plans/it's.jsonl", 4, &f));
    assert_true(shard_launch(to, "hq", "/bin/kvant", "/p.jsonl", 4, &f));
    assert_false(shard_launch(to, "abacus", "/bin/kvant", "/p.jsonl", 4, &f));
    fclose(to);
    assert_string_equal("sbatch --array=1-4 --signal=B:TERM@60 --wrap "
                        "'exec /bin/kvant sweep --from '\\''/my plans/it'\\''\\'\\'''\\''s.jsonl'\\'''\n"
                        "hq submit --array 1-4 -- /bin/kvant sweep --from /p.jsonl --shards 4\n",
                        text);
    assert_non_null(strstr(f.text, "slurm hq"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_a_partition),
        cmocka_unit_test(no_shard_is_all_of_it),
        cmocka_unit_test(engines_say_which_shard_it_is),
        cmocka_unit_test(what_does_not_say_it_is_refused),
        cmocka_unit_test(a_shard_has_a_file_beside_its_plan),
        cmocka_unit_test(launch_lines_survive_the_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
