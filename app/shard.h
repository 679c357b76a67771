/* shard.h - which part of a plan this process runs.
 *
 * Shard i of n has the cells whose index, from 0, leaves i-1 when divided by n: the shards of a plan are a partition of
 * it, of sizes that differ by one at most. i counts from 1.
 *
 * Which shard it is comes from the line (--shard I/N), or from the environment of what started the process:
 *
 *     KVANT_SHARD=I/N, or I with KVANT_SHARDS=N
 *     Slurm         SLURM_ARRAY_TASK_ID, with _MIN, _COUNT, _STEP
 *     HyperQueue    HQ_TASK_ID
 *     PBS           PBS_ARRAY_INDEX
 *     LSF           LSB_JOBINDEX, with _END, _STEP
 *     GNU parallel  PARALLEL_SEQ
 *     Flux          FLUX_TASK_RANK, with FLUX_JOB_SIZE
 *
 * Where n is not told it must be said, with --shards N or KVANT_SHARDS. Where N is said, the index is taken as it is
 * (from 1; Flux's from 0), so that single tasks of an array may be started again.
 */
#ifndef KVANT_APP_SHARD_H
#define KVANT_APP_SHARD_H

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"

enum { SHARD_MOST = 1000000 };

typedef struct shard {
    int i, n; /* 0 of 0: all of the plan */
} shard;

bool shard_has(const shard *s, size_t index);

/* given: "I/N", "I", or NULL to look at the environment; shards: N, 0 when not said. Two engines at once, a number that
 * is none, one past n, or no n where one is needed: FAULT_USAGE with what to say instead. */
bool shard_choose(const char *given, int shards, shard *out, fault *f);

/* The file a shard's runs go to: PLAN.jsonl gives PLAN.shard-2-of-9.db. */
bool shard_path(const char *plan, const shard *s, char path[PATH_MAX], fault *f);

/* The words of --emit, one space between. */
const char *shard_engines(void);

/* Writes the line of a shell that starts all n shards of a plan with this engine. */
bool shard_launch(FILE *to, const char *engine, const char *executable, const char *plan, int n, fault *f);

#endif
