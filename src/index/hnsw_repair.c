/* SPDX-License-Identifier: MIT
 * hnsw_repair.c - repairing the graph around removed nodes. */
#include "index/hnsw_repair.h"

#include "base/huge_pages.h"
#include "base/mem.h"
#include "index/hnsw_offset.h"
#include "index/hnsw_remove.h"
#include "index/hnsw_walk.h"

#include <string.h>

/* The paper has no deletion. A removed node stays at first, as a stepping stone that no search returns. Once there are
 * many (hnsw_repair_step.c), or on request, one pass over the graph lets every node that linked to removed ones choose
 * (algorithm 4) among its living neighbours and those of the removed nodes, as FreshDiskANN does (Singh et al. 2021,
 * arXiv:2105.09613, algorithm 4). Repairing one removal at a time would need to know who links to a node, which in a
 * directed graph is a pass over all links each time.
 * Unlike FreshDiskANN, a node then gets links back from the nodes that it links to: those that linked to it may have
 * been removed. Without this, one node in 5,000 was left with a single link to it, and a search with ef 20 for its own
 * vector missed it. */

enum { PIECE_ROWS = 64, ROUNDS = 4, ANSWERS = 4 };

/* ---- links to removed nodes */

typedef struct repair {
    const cs_hnsw *hnsw;
    uint32_t *links, *upper, *upper_at; /* the new arrays */
    cs_hnsw_scratch **scratch;          /* [threads] */
} repair;

/* Append the living nodes among links to rows [n]; returns the new n. */
static size_t append_living(const cs_hnsw *hnsw, const uint32_t *links, size_t cap, uint32_t self, uint32_t *rows,
                            size_t n)
{
    for (size_t i = 0; i < cap && links[i] != CS_HNSW_NONE; i++)
        if (hnsw->state[links[i]] == CS_HNSW_LIVE && links[i] != self)
            rows[n++] = links[i];
    return n;
}

void cs_hnsw_repair_links(const cs_hnsw *hnsw, uint32_t row, int level, uint32_t *links, cs_hnsw_scratch *scratch)
{
    const size_t cap = cs_hnsw_cap(hnsw, level);
    const uint32_t *old = cs_hnsw_links(hnsw, row, level);
    size_t count = cs_hnsw_link_count(old, cap), n = 0, distinct = 0;
    bool whole = true;
    for (size_t i = 0; i < count; i++)
        whole = whole && hnsw->state[old[i]] == CS_HNSW_LIVE;
    if (whole) {
        memcpy(links, old, cap * sizeof *links);
        return;
    }
    n = append_living(hnsw, old, cap, row, scratch->rows, n);
    for (size_t i = 0; i < count; i++)
        if (hnsw->state[old[i]] != CS_HNSW_LIVE)
            n = append_living(hnsw, cs_hnsw_links(hnsw, old[i], level), cap, row, scratch->rows, n);
    scratch->query.by_distance = hnsw->base.metric == CLIPSEARCH_IP;
    cs_quant_query_row(&hnsw->quant, &scratch->query, row);
    cs_quant_distances(&hnsw->quant, &scratch->query, scratch->rows, n, scratch->distances);
    for (size_t i = 0; i < n; i++)
        scratch->sorted[i] = (cs_hnsw_node){.distance = scratch->distances[i], .row = scratch->rows[i]};
    cs_hnsw_sort(scratch->sorted, n);
    for (size_t i = 0; i < n; i++) /* the same node has the same distance, so copies are neighbours */
        if (distinct == 0 || scratch->sorted[i].row != scratch->sorted[distinct - 1].row)
            scratch->sorted[distinct++] = scratch->sorted[i];
    links[0] = CS_HNSW_NONE;
    cs_hnsw_choose(hnsw, scratch->sorted, distinct, cap, cap, links, scratch);
}

static bool links_to(const uint32_t *links, size_t count, uint32_t row)
{
    for (size_t i = 0; i < count; i++)
        if (links[i] == row)
            return true;
    return false;
}

void cs_hnsw_add_links_back(cs_hnsw *hnsw, uint32_t row)
{
    const uint32_t *links = cs_hnsw_links(hnsw, row, 0);
    const size_t count = cs_hnsw_link_count(links, hnsw->m0);
    size_t answers = 0, spare = 0;
    uint32_t asked[ANSWERS];
    for (size_t i = 0; i < count && answers < ANSWERS; i++) {
        const uint32_t *theirs = cs_hnsw_links(hnsw, links[i], 0);
        const size_t n = cs_hnsw_link_count(theirs, hnsw->m0);
        if (links_to(theirs, n, row))
            answers++;
        else if (n < hnsw->m0 && spare < ANSWERS)
            asked[spare++] = links[i];
    }
    for (size_t i = 0; i < spare && answers < ANSWERS; i++, answers++) {
        uint32_t *theirs = cs_hnsw_links(hnsw, asked[i], 0);
        const size_t n = cs_hnsw_link_count(theirs, hnsw->m0);
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        theirs[n] = row;
        if (n + 1 < hnsw->m0)
            theirs[n + 1] = CS_HNSW_NONE;
        pthread_rwlock_unlock(&hnsw->shared->lock);
    }
}

static void repair_piece(void *context, size_t piece, unsigned worker)
{
    const repair *work = context;
    const cs_hnsw *hnsw = work->hnsw;
    const size_t first = piece * PIECE_ROWS;
    const size_t end = first + PIECE_ROWS < hnsw->rows ? first + PIECE_ROWS : hnsw->rows;
    for (size_t row = first; row < end; row++) {
        uint32_t *links = work->links + row * hnsw->m0;
        links[0] = hnsw->state[row] == CS_HNSW_SAME ? hnsw->links[row * hnsw->m0] : CS_HNSW_NONE;
        if (hnsw->state[row] != CS_HNSW_LIVE)
            continue;
        cs_hnsw_repair_links(hnsw, (uint32_t)row, 0, links, work->scratch[worker]);
        for (int l = 1; l <= hnsw->levels[row]; l++)
            cs_hnsw_repair_links(hnsw, (uint32_t)row, l, work->upper + (work->upper_at[row] + (size_t)l - 1) * hnsw->m,
                                 work->scratch[worker]);
    }
}

static void publish_repaired(cs_hnsw *hnsw, const repair *work, size_t upper_count, size_t upper_capacity)
{
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    hnsw->links = work->links;
    hnsw->upper = work->upper;
    hnsw->upper_at = work->upper_at;
    hnsw->upper_count = upper_count;
    hnsw->upper_capacity = upper_capacity;
    hnsw->entry = CS_HNSW_NONE;
    hnsw->top = 0;
    hnsw->dead = 0;
    for (size_t row = hnsw->rows; row-- > 0;)
        if (hnsw->state[row] == CS_HNSW_DEAD) {
            cs_hnsw_free_row(hnsw, (uint32_t)row);
        } else if (hnsw->state[row] == CS_HNSW_LIVE &&
                   (hnsw->entry == CS_HNSW_NONE || hnsw->levels[row] >= hnsw->top)) {
            hnsw->entry = (uint32_t)row;
            hnsw->top = hnsw->levels[row];
        }
    pthread_rwlock_unlock(&hnsw->shared->lock);
}

static clipsearch_status unlink_removed(cs_hnsw *hnsw, cs_pool *pool, clipsearch_error *err)
{
    const unsigned threads = cs_pool_threads(pool);
    uint32_t *old[] = {hnsw->links, hnsw->upper, hnsw->upper_at};
    repair work = {.hnsw = hnsw};
    clipsearch_status status = CLIPSEARCH_OK;
    size_t blocks = 0;
    for (size_t row = 0; row < hnsw->rows; row++)
        blocks += hnsw->state[row] == CS_HNSW_LIVE ? hnsw->levels[row] : 0;
    work.links = cs_alloc_aligned(hnsw->capacity, hnsw->m0 * sizeof *work.links);
    work.upper = cs_alloc_aligned(blocks + CS_HNSW_LEVELS, hnsw->m * sizeof *work.upper);
    work.upper_at = cs_zalloc_array(hnsw->capacity, sizeof *work.upper_at);
    work.scratch = cs_zalloc_array(threads, sizeof *work.scratch);
    bool enough = work.links && work.upper && work.upper_at && work.scratch;
    for (unsigned t = 0; enough && t < threads; t++)
        enough = (work.scratch[t] = cs_hnsw_borrow_scratch(hnsw, 1, cs_hnsw_repair_candidates(hnsw))) != NULL;
    if (!enough) {
        cs_free(work.links);
        cs_free(work.upper);
        cs_free(work.upper_at);
        status = cs_fail_memory(err, "the repaired links of an index");
        goto done;
    }
    cs_request_huge_pages(work.links, hnsw->capacity * hnsw->m0 * sizeof *work.links);
    memset(work.links, 0, hnsw->capacity * hnsw->m0 * sizeof *work.links);
    memset(work.upper, 0, (blocks + CS_HNSW_LEVELS) * hnsw->m * sizeof *work.upper);
    size_t given = 0;
    for (size_t row = 0; row < hnsw->rows; row++)
        if (hnsw->state[row] == CS_HNSW_LIVE) {
            work.upper_at[row] = (uint32_t)given;
            given += hnsw->levels[row];
        }
    cs_pool_run(pool, (hnsw->rows + PIECE_ROWS - 1) / PIECE_ROWS, repair_piece, &work);
    publish_repaired(hnsw, &work, blocks, blocks + CS_HNSW_LEVELS);
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        cs_free(old[i]);
done:
    for (unsigned t = 0; work.scratch && t < threads; t++)
        cs_hnsw_return_scratch(hnsw, work.scratch[t]);
    cs_free(work.scratch);
    return status;
}

/* ---- nodes that no path leads to */

/* Mark all nodes that level-0 links lead to from `row`, which is not marked yet. queue [rows]. */
static void mark_reachable(const cs_hnsw *hnsw, uint32_t row, cs_visited *reached, uint32_t *queue)
{
    size_t first = 0, last = 0;
    cs_visited_add(reached, row);
    queue[last++] = row;
    while (first < last) {
        const uint32_t *links = cs_hnsw_links(hnsw, queue[first++], 0);
        for (size_t i = 0; i < hnsw->m0 && links[i] != CS_HNSW_NONE; i++)
            if (cs_visited_add(reached, links[i]))
                queue[last++] = links[i];
    }
}

/* Add a link to `row` to the nearest living node that can be reached and has a link to spare; when none has, replace
 * the last link of the nearest one. */
static bool link_from_reachable(cs_hnsw *hnsw, uint32_t row, const cs_visited *reached, cs_hnsw_scratch *scratch)
{
    uint32_t nearest = CS_HNSW_NONE, *links = NULL;
    size_t at = hnsw->m0;
    scratch->query.by_distance = hnsw->base.metric == CLIPSEARCH_IP;
    cs_quant_query_row(&hnsw->quant, &scratch->query, row);
    cs_hnsw_descend(hnsw, 0, scratch);
    const size_t count = cs_hnsw_walk(hnsw, 1, hnsw->ef_construction, 0, scratch);
    for (size_t i = 0; i < count && at == hnsw->m0; i++) {
        const uint32_t candidate = scratch->pool[i].row;
        if (hnsw->state[candidate] != CS_HNSW_LIVE || !cs_visited_has(reached, candidate))
            continue;
        if (nearest == CS_HNSW_NONE)
            nearest = candidate;
        links = cs_hnsw_links(hnsw, candidate, 0);
        at = cs_hnsw_link_count(links, hnsw->m0);
    }
    if (nearest == CS_HNSW_NONE)
        return false;
    if (at == hnsw->m0) {
        links = cs_hnsw_links(hnsw, nearest, 0);
        at--;
    }
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    links[at] = row;
    if (at + 1 < hnsw->m0)
        links[at + 1] = CS_HNSW_NONE;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return true;
}

clipsearch_status cs_hnsw_link_unreachable(cs_hnsw *hnsw, clipsearch_error *err)
{
    const size_t words = cs_visited_words(hnsw->rows);
    if (hnsw->entry == CS_HNSW_NONE)
        return CLIPSEARCH_OK;
    cs_visited reached = {.bits = cs_alloc_array(words, sizeof *reached.bits), .words = words};
    uint32_t *queue = cs_alloc_array(hnsw->rows, sizeof *queue);
    cs_hnsw_scratch *scratch = cs_hnsw_borrow_scratch(hnsw, hnsw->ef_construction, 0);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!reached.bits || !queue || !scratch) {
        status = cs_fail_memory(err, "finding the nodes that no path leads to");
        goto done;
    }
    bool again = true;
    for (int round = 0; round < ROUNDS && again; round++) { /* a replaced link may have been the only one to its node */
        again = false;
        cs_visited_clear(&reached, hnsw->rows);
        mark_reachable(hnsw, hnsw->entry, &reached, queue);
        for (size_t row = 0; row < hnsw->rows; row++)
            if (hnsw->state[row] == CS_HNSW_LIVE && !cs_visited_has(&reached, (uint32_t)row) &&
                link_from_reachable(hnsw, (uint32_t)row, &reached, scratch)) {
                mark_reachable(hnsw, (uint32_t)row, &reached, queue);
                again = true;
            }
    }
done:
    cs_hnsw_return_scratch(hnsw, scratch);
    cs_free(queue);
    cs_free(reached.bits);
    return status;
}

clipsearch_status cs_hnsw_repair_all(cs_hnsw *hnsw, cs_pool *pool, clipsearch_error *err)
{
    clipsearch_status status = cs_hnsw_update_offset(hnsw, NULL, hnsw->rows, pool, err);
    if (status == CLIPSEARCH_OK && hnsw->dead) {
        cs_free(hnsw->retiring.bits); /* a gradual repair that had begun is finished here */
        hnsw->retiring = (cs_visited){0};
        status = unlink_removed(hnsw, pool, err);
        for (size_t row = 0; row < hnsw->rows && status == CLIPSEARCH_OK; row++)
            if (hnsw->state[row] == CS_HNSW_LIVE)
                cs_hnsw_add_links_back(hnsw, (uint32_t)row);
    }
    return status ? status : cs_hnsw_link_unreachable(hnsw, err);
}
