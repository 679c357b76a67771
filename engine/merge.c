#include "engine/merge.h"

#include <stdlib.h>

static bool before(const merge_pair *a, const merge_pair *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->left < b->left;
}

static bool heap_push(merge *m, merge_pair pair, fault *f)
{
    if (m->n_pairs == m->heap_room) {
        const size_t room = 2 * m->heap_room + 64;
        merge_pair *heap = realloc(m->heap, room * sizeof *heap);
        if (!heap) return fault_memory(f, "the merges of a text");
        m->heap = heap;
        m->heap_room = room;
    }
    size_t i = m->n_pairs++;
    for (; i > 0 && before(&pair, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = pair;
    return true;
}

static merge_pair heap_pop(merge *m)
{
    const merge_pair top = m->heap[0], last = m->heap[--m->n_pairs];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= m->n_pairs) break;
        if (child + 1 < m->n_pairs && before(&m->heap[child + 1], &m->heap[child])) child++;
        if (!before(&m->heap[child], &last)) break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = last;
    return top;
}

static bool consider(merge *m, merge_rule rule, const void *self, uint32_t left, uint32_t right, fault *f)
{
    if (left == MERGE_END || right == MERGE_END) return true;
    const merge_node *a = &m->nodes[left], *b = &m->nodes[right];
    merge_pair pair = { .left = left, .right = right, .n = a->n + b->n };
    return !rule(self, a, b, &pair.rank, &pair.symbol) || heap_push(m, pair, f);
}

bool merge_start(merge *m, size_t n, fault *f)
{
    if (n > m->nodes_room) {
        const size_t room = n + n / 2 + 64;
        merge_node *nodes = n < MERGE_END ? realloc(m->nodes, room * sizeof *nodes) : NULL;
        if (!nodes) return fault_memory(f, "the characters of a text");
        m->nodes = nodes;
        m->nodes_room = room;
    }
    m->n = n;
    m->n_pairs = 0;
    return true;
}

bool merge_run(merge *m, merge_rule rule, const void *self, fault *f)
{
    const uint32_t n = (uint32_t)m->n;
    for (uint32_t i = 0; i < n; i++) {
        m->nodes[i].prev = i ? i - 1 : MERGE_END;
        m->nodes[i].next = i + 1 < n ? i + 1 : MERGE_END;
    }
    for (uint32_t i = 1; i < n; i++)
        if (!consider(m, rule, self, i - 1, i, f)) return false;

    while (m->n_pairs) {
        const merge_pair pair = heap_pop(m);
        merge_node *left = &m->nodes[pair.left], *right = &m->nodes[pair.right];
        /* A node only grows or vanishes, so equal lengths mean that neither changed since the pair was found. */
        if (left->n == 0 || right->n == 0 || left->n + right->n != pair.n) continue;
        left->n += right->n;
        left->symbol = pair.symbol;
        left->next = right->next;
        right->n = 0;
        if (right->next != MERGE_END) m->nodes[right->next].prev = pair.left;
        if (!consider(m, rule, self, left->prev, pair.left, f)) return false;
        if (!consider(m, rule, self, pair.left, left->next, f)) return false;
    }
    return true;
}

void merge_free(merge *m)
{
    free(m->nodes);
    free(m->heap);
    *m = (merge){ 0 };
}
