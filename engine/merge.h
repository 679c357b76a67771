/* merge.h - the merge loop of byte-pair encoding, for byte-level and SentencePiece vocabularies alike.
 *
 * A piece of text starts as a row of nodes, one per byte or character. As long as a rule knows some pair of neighbours,
 * the pair of lowest rank, the leftmost among equals, becomes one node. Nodes are linked, pairs wait in a heap,
 * outdated pairs are dropped when they come up: O(n log n) for n nodes.
 *
 *     merge_start(&m, n, &f);          then fill m.nodes[i].at, .n, .symbol
 *     merge_run(&m, rule, self, &f);
 *     for (uint32_t i = 0; i != MERGE_END; i = m.nodes[i].next) …
 */
#ifndef KVANT_ENGINE_MERGE_H
#define KVANT_ENGINE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define MERGE_END UINT32_MAX

typedef struct merge_node {
    uint32_t at, n;      /* its bytes in the text; n is 0 once it has been merged into its left neighbour */
    int32_t symbol;      /* what the rules know it by */
    uint32_t prev, next; /* MERGE_END at the ends */
} merge_node;

typedef struct merge_pair {
    uint32_t rank, left, right, n; /* n: bytes of both when the pair was found */
    int32_t symbol;
} merge_pair;

/* Scratch space, kept from piece to piece. All zero at first. */
typedef struct merge {
    merge_node *nodes;
    size_t n, nodes_room;
    merge_pair *heap;
    size_t n_pairs, heap_room;
} merge;

/* Whether two neighbours may become one, at what rank (lowest first), and as what symbol. */
typedef bool (*merge_rule)(const void *self, const merge_node *left, const merge_node *right, uint32_t *rank,
                           int32_t *symbol);

/* Makes room for n nodes, at least 1. */
bool merge_start(merge *m, size_t n, fault *f);

/* Links the nodes and merges until no rule applies. */
bool merge_run(merge *m, merge_rule rule, const void *self, fault *f);

void merge_free(merge *m);

#endif
