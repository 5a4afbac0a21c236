/* SPDX-License-Identifier: MIT
 * hnsw_walk.c - algorithms 2 (search a layer) and 4 (choose neighbours) of Malkov & Yashunin. */
#include "index/hnsw_walk.h"

#include <string.h>

/* Differences from the paper, and why (the whole is measured in docs/speed-index.md; these three were not measured one
 * by one):
 * 1. One sorted pool of ef nodes instead of a heap of candidates and one of results: a candidate that falls out of the
 *    ef best would never be followed, so one array holds both; at ef <= 256 moving a few cache lines is cheaper than
 *    two heaps.
 * 2. All links of a node are collected first and scored by one call, which prefetches rows: the waits for memory, most
 *    of a walk's time, overlap.
 * 3. When algorithm 4 chooses a node, it drops all remaining candidates nearer to it than to the base, instead of
 *    asking for each candidate whether a chosen one is nearer: the same comparisons and the same choice, but one left
 *    side against many rows, which is what the kernels do well.
 * 4. Inner products of vectors of unequal length are no metric: a long vector is nearer to most candidates than the
 *    base is and algorithm 4 would leave the base few links, while a short one is near to nothing, and nothing would
 *    lead to it. There a new node's candidates come from two walks, one by distance and one by product; a quarter of
 *    its links is chosen by distance (every node can be reached, a copy is recognised), the others by product, and
 *    keepPrunedConnections fills up. 10,000 vectors of 48, ef 40: recall .945 when the vectors were linked as if lifted
 *    to one length (Bachrach et al. 2014), .982 by products alone without keepPrunedConnections, .935 of them after
 *    three quarters were removed and the graph repaired; .993 and 1.000 as it is now. For the other metrics
 *    keepPrunedConnections costs more than it brings (docs/speed-index.md). */

#define FOLLOWED 0x80000000u
enum { LINE = 64, SPARE_SHARE = 8, BY_DISTANCE_SHARE = 4 };

static inline void prefetch(const void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += LINE)
        __builtin_prefetch((const char *)at + i);
}

void cs_hnsw_descend(const cs_hnsw *hnsw, int level, cs_hnsw_scratch *scratch)
{
    cs_hnsw_node best = {.row = hnsw->entry};
    cs_hnsw_pages *pages = cs_hnsw_pages_unverified(hnsw->pages);
    if (pages && !cs_hnsw_pages_verify_rows(pages, pages->codes, &best.row, 1))
        scratch->damaged = true;
    cs_quant_distances(&hnsw->quant, &scratch->query, &best.row, 1, &best.distance);
    scratch->compared++;
    for (int l = hnsw->top; l > level; l--)
        for (bool moved = true; moved;) {
            const uint32_t *links = cs_hnsw_links(hnsw, best.row, l);
            const size_t count = cs_hnsw_link_count(links, hnsw->m);
            moved = false;
            if (pages && !cs_hnsw_pages_verify_rows(pages, pages->codes, links, count))
                scratch->damaged = true;
            cs_quant_distances(&hnsw->quant, &scratch->query, links, count, scratch->distances);
            scratch->compared += count;
            for (size_t i = 0; i < count; i++)
                if (scratch->distances[i] < best.distance) {
                    best = (cs_hnsw_node){.distance = scratch->distances[i], .row = links[i]};
                    moved = true;
                }
        }
    scratch->pool[0] = best;
}

/* Insert a node into the sorted pool [count] of at most ef, after those equally far; returns its position. The caller
 * has checked that it belongs there. */
static inline size_t pool_add(cs_hnsw_node *pool, size_t *count, size_t ef, cs_hnsw_node node)
{
    size_t low = 0, high = *count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (pool[middle].distance <= node.distance)
            low = middle + 1;
        else
            high = middle;
    }
    const size_t kept = *count < ef ? *count : ef - 1;
    memmove(pool + low + 1, pool + low, (kept - low) * sizeof *pool);
    pool[low] = node;
    *count = kept + 1;
    return low;
}

size_t cs_hnsw_walk(const cs_hnsw *hnsw, size_t starts, size_t ef, int level, cs_hnsw_scratch *scratch)
{
    cs_hnsw_node *pool = scratch->pool;
    const cs_quant *quant = &hnsw->quant;
    const size_t cap = cs_hnsw_cap(hnsw, level);
    size_t count = starts, next = 0;
    cs_hnsw_pages *pages = cs_hnsw_pages_unverified(hnsw->pages);
    cs_visited_clear(&scratch->visited, hnsw->capacity);
    for (size_t i = 0; i < starts; i++)
        cs_visited_add(&scratch->visited, pool[i].row);
    while (next < count) {
        const uint32_t *links = cs_hnsw_links(hnsw, pool[next].row, level);
        if (pages && level == 0 && !cs_hnsw_pages_verify_rows(pages, CS_PAGES_LINKS, &pool[next].row, 1)) {
            scratch->damaged = true;
            break;
        }
        pool[next].row |= FOLLOWED;
        scratch->expanded++;
        size_t fresh = 0;
        /* NONE ends the list, and so does an impossible row of a malicious file */
        for (size_t i = 0; i < cap && links[i] < hnsw->capacity; i++) {
            scratch->rows[fresh] = links[i];
            fresh += cs_visited_add(&scratch->visited, links[i]);
        }
        if (pages && !cs_hnsw_pages_verify_rows(pages, pages->codes, scratch->rows, fresh)) {
            scratch->damaged = true;
            break;
        }
        /* the first rows now, the others by the kernel; and the links of the node that is next unless a nearer one is
         * found */
        for (size_t i = 0; i < fresh && i < 4; i++)
            prefetch(cs_quant_row(quant, scratch->rows[i]), quant->row_bytes);
        size_t after = next + 1;
        while (after < count && pool[after].row & FOLLOWED)
            after++;
        if (after < count)
            prefetch(cs_hnsw_links(hnsw, pool[after].row, level), cap * sizeof *links);
        cs_quant_distances(quant, &scratch->query, scratch->rows, fresh, scratch->distances);
        scratch->compared += fresh;
        next = after;
        for (size_t i = 0; i < fresh; i++) {
            if (count == ef && !(scratch->distances[i] < pool[ef - 1].distance))
                continue;
            size_t place =
                pool_add(pool, &count, ef, (cs_hnsw_node){.distance = scratch->distances[i], .row = scratch->rows[i]});
            if (place <= next)
                next = place;
        }
        while (next < count && pool[next].row & FOLLOWED)
            next++;
    }
    for (size_t i = 0; i < count; i++)
        pool[i].row &= ~FOLLOWED;
    return count;
}

static inline bool is_before(cs_hnsw_node a, cs_hnsw_node b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
}

/* Shell sort with Ciura's gaps: it sorts a node's links, sometimes a few hundred, and allocates nothing. */
void cs_hnsw_sort(cs_hnsw_node *nodes, size_t count)
{
    static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < count; i++) {
            const cs_hnsw_node node = nodes[i];
            size_t j = i;
            for (; j >= gaps[g] && is_before(node, nodes[j - gaps[g]]); j -= gaps[g])
                nodes[j] = nodes[j - gaps[g]];
            nodes[j] = node;
        }
}

/* Choose links among candidates [*count], nearest first by distance or product, until there are `enough`; the
 * candidates that are left stay in their array. scratch->pruned [as many]. */
static void choose_diverse(const cs_hnsw *hnsw, cs_hnsw_node *candidates, size_t *count, size_t enough,
                           bool by_distance, uint32_t *links, size_t *chosen, cs_hnsw_scratch *scratch)
{
    size_t left = *count, dropped = 0;
    scratch->row_query.by_distance = by_distance;
    while (left && *chosen < enough) {
        const uint32_t row = candidates[0].row;
        size_t kept = 0;
        links[(*chosen)++] = row;
        for (size_t i = 1; i < left; i++)
            scratch->rows[i - 1] = candidates[i].row;
        cs_quant_query_row(&hnsw->quant, &scratch->row_query, row);
        cs_quant_distances(&hnsw->quant, &scratch->row_query, scratch->rows, left - 1, scratch->distances);
        scratch->compared += left - 1;
        for (size_t i = 1; i < left; i++)
            if (scratch->distances[i - 1] < candidates[i].distance)
                scratch->pruned[dropped++] = candidates[i];
            else
                candidates[kept++] = candidates[i];
        left = kept;
    }
    memcpy(candidates + left, scratch->pruned, dropped * sizeof *candidates);
    *count = left + dropped;
}

/* Difference 4: a quarter by distance, then by product, then the best products of the rest. Some room is left, so that
 * other nodes can be linked to later. */
static size_t choose_for_products(const cs_hnsw *hnsw, cs_hnsw_node *candidates, size_t count, size_t most,
                                  uint32_t *links, cs_hnsw_scratch *scratch)
{
    const size_t full = most - most / SPARE_SHARE;
    size_t chosen = 0;
    choose_diverse(hnsw, candidates, &count, most / BY_DISTANCE_SHARE, true, links, &chosen, scratch);
    for (size_t i = 0; i < count; i++)
        candidates[i].distance =
            (candidates[i].distance - hnsw->quant.squares[candidates[i].row] - scratch->query.square) / 2;
    cs_hnsw_sort(candidates, count);
    choose_diverse(hnsw, candidates, &count, full, false, links, &chosen, scratch);
    cs_hnsw_sort(candidates, count);
    for (size_t i = 0; i < count && chosen < full; i++)
        links[chosen++] = candidates[i].row;
    return chosen;
}

void cs_hnsw_choose(const cs_hnsw *hnsw, cs_hnsw_node *candidates, size_t count, size_t most, size_t cap,
                    uint32_t *links, cs_hnsw_scratch *scratch)
{
    size_t chosen = 0;
    if (hnsw->base.metric == CLIPSEARCH_IP)
        chosen = choose_for_products(hnsw, candidates, count, most, links, scratch);
    else
        choose_diverse(hnsw, candidates, &count, most, false, links, &chosen, scratch);
    if (chosen < cap)
        links[chosen] = CS_HNSW_NONE;
}
