/* SPDX-License-Identifier: MIT
 * hnsw_search.c - algorithm 5 (search) of Malkov & Yashunin, with filters and re-ranking by the exact vectors. */
#include "index/hnsw_search.h"

#include "index/hnsw_walk.h"
#include "index/topk.h"
#include "kernels/vec.h"

#include <string.h>

/* Differences from the paper, and why (figures: docs/speed-index.md):
 * 1. The walk compares codes; the best of them are re-ranked by the exact vectors: RERANK_TIMES * k + RERANK_MORE of
 *    8-bit ones (the exact 10 best are among the 20 best by codes, quant.h), of halves fewer would do.
 * 2. Filter: the walk ignores it. ef is raised by the share of ids allowed, and the allowed ones are picked out of the
 *    pool. When scanning the codes of the allowed ids costs less than such a walk, they are scanned; also when the walk
 *    found fewer than half of those it should, as with a filter that keeps only ids far from the query.
 * 3. The levels above 0 that have many nodes are walked with an eighth of ef, not with 1, and all nodes so found are
 *    entry points at level 0. With 1 the walk now and then starts among the wrong vectors and finds none of the right
 *    ones: of 1,000 queries of 500,000 vectors 5 at ef 64, while nearly all others found all ten; with several entry
 *    points none. */
enum {
    RERANK_TIMES = 2,
    RERANK_MORE = 12,
    SCAN_RERANK = 8, /* so many times more after a scan, whose rows may all be about equally far */
    WALK_COST = 12,  /* codes a walk compares for each place in its pool: 10 to 14 */
    BLOCK = 64,
    ENTRY_SHARE = 8, /* one entry point per so many of ef, */
    ENTRIES_MOST = 16,
    ENTRIES_LEVEL = 1000, /* found on levels of about so many nodes or more */
    FEW_ALLOWED = 16 /* fewer than one id in so many: finding each by the id map is faster than going over all rows */
};

typedef struct search {
    const cs_hnsw *hnsw;
    const float *query;
    const cs_index_search_params *params;
    cs_hnsw_scratch *scratch;
    size_t keep;   /* candidates to rank */
    size_t count;  /* in the pool of a scan */
    size_t listed; /* rows in scratch->rows */
} search;

static bool is_wanted(const search *s, uint32_t row)
{
    return cs_index_may_find(s->params, s->hnsw->ids[row]);
}

/* Whether the node or a vector equal to it may be a result. */
static bool has_answer(const search *s, uint32_t node)
{
    if (s->hnsw->state[node] != CS_HNSW_LIVE)
        return false;
    if (!s->params->allowed && !s->params->excluded_count)
        return true;
    for (uint32_t row = node; row != CS_HNSW_NONE; row = s->hnsw->next[row])
        if (is_wanted(s, row))
            return true;
    return false;
}

static float exact_score(const search *s, uint32_t row)
{
    const cs_hnsw *hnsw = s->hnsw;
    const float *vector = hnsw->exact + row * hnsw->exact_stride;
    if (hnsw->base.metric == CLIPSEARCH_L2)
        return cs_vec()->l2sq(s->query, vector, hnsw->base.dim);
    float score = cs_vec()->dot(s->query, vector, hnsw->base.dim);
    if (hnsw->base.metric == CLIPSEARCH_COSINE) /* unit vectors are so within rounding */
        score = score > 1.0f ? 1.0f : score < -1.0f ? -1.0f : score;
    return score;
}

/* Order nodes (`chains`: each with the vectors equal to it) or single rows by their exact vectors. */
static size_t rank(const search *s, const cs_hnsw_node *nodes, size_t count, bool chains, size_t k, cs_neighbour *out)
{
    const cs_hnsw *hnsw = s->hnsw;
    const cs_index_search_params *params = s->params;
    const bool higher = hnsw->base.metric != CLIPSEARCH_L2;
    cs_topk top = cs_topk_make(out, k, higher);
    for (size_t i = 0; i < count && hnsw->pages; i++)
        if (!cs_hnsw_pages_verify_rows(hnsw->pages, CS_PAGES_EXACT, &nodes[i].row, 1))
            s->scratch->damaged = true;
    for (size_t i = 0; i < count; i++) {
        if (i + 2 < count) {
            const char *ahead = (const char *)(hnsw->exact + nodes[i + 2].row * hnsw->exact_stride);
            for (size_t at = 0; at < hnsw->base.dim * sizeof(float); at += 64)
                __builtin_prefetch(ahead + at);
        }
        const float score = exact_score(s, nodes[i].row);
        if (params->has_limit && !(higher ? score >= params->limit : score <= params->limit))
            continue;
        if (!chains) {
            cs_topk_offer(&top, hnsw->ids[nodes[i].row], score);
            continue;
        }
        for (uint32_t row = nodes[i].row; row != CS_HNSW_NONE; row = hnsw->next[row])
            if (is_wanted(s, row))
                cs_topk_offer(&top, hnsw->ids[row], score);
    }
    if (params->stats)
        params->stats->exact_reranks = count;
    return cs_topk_finish(&top);
}

/* ---- scanning */

static bool is_farther(cs_hnsw_node a, cs_hnsw_node b)
{
    return a.distance != b.distance ? a.distance > b.distance : a.row > b.row;
}

/* The pool is a heap here, the farthest on top, because `keep` may be everything. */
static void scan_add(search *s, cs_hnsw_node node)
{
    cs_hnsw_node *heap = s->scratch->pool;
    size_t hole;
    if (s->count < s->keep) {
        for (hole = s->count++; hole > 0 && is_farther(node, heap[(hole - 1) / 2]); hole = (hole - 1) / 2)
            heap[hole] = heap[(hole - 1) / 2];
    } else {
        if (!is_farther(heap[0], node))
            return;
        hole = 0;
        for (size_t child; (child = 2 * hole + 1) < s->count; hole = child) {
            if (child + 1 < s->count && is_farther(heap[child + 1], heap[child]))
                child++;
            if (!is_farther(heap[child], node))
                break;
            heap[hole] = heap[child];
        }
    }
    heap[hole] = node;
}

static void scan_listed(search *s)
{
    cs_hnsw_scratch *scratch = s->scratch;
    cs_hnsw_pages *pages = cs_hnsw_pages_unverified(s->hnsw->pages);
    if (pages && !cs_hnsw_pages_verify_rows(pages, pages->codes, scratch->rows, s->listed))
        scratch->damaged = true;
    cs_quant_distances(&s->hnsw->quant, &scratch->query, scratch->rows, s->listed, scratch->distances);
    scratch->compared += s->listed;
    for (size_t i = 0; i < s->listed; i++)
        scan_add(s, (cs_hnsw_node){.distance = scratch->distances[i], .row = scratch->rows[i]});
    s->listed = 0;
}

static void scan_row(search *s, size_t row)
{
    s->scratch->rows[s->listed++] = (uint32_t)row;
    if (s->listed == BLOCK)
        scan_listed(s);
}

/* Find the `keep` nearest of all allowed rows by their codes. */
static void scan(search *s)
{
    const cs_hnsw *hnsw = s->hnsw;
    const cs_id_set *allowed = s->params->allowed;
    s->count = s->listed = 0;
    if (allowed && allowed->count < hnsw->rows / FEW_ALLOWED) {
        for (size_t word = 0; word < (allowed->size + 63) / 64; word++)
            for (uint64_t bits = allowed->bits[word]; bits; bits &= bits - 1) {
                const uint64_t i = word * 64 + (uint64_t)__builtin_ctzll(bits);
                const size_t row = cs_idmap_find(&hnsw->map, hnsw->ids, (int64_t)((uint64_t)allowed->first + i));
                if (row != SIZE_MAX && is_wanted(s, (uint32_t)row))
                    scan_row(s, row);
            }
    } else {
        for (size_t row = 0; row < hnsw->rows; row++)
            if ((hnsw->state[row] == CS_HNSW_LIVE || hnsw->state[row] == CS_HNSW_SAME) && is_wanted(s, (uint32_t)row))
                scan_row(s, row);
    }
    scan_listed(s);
}

/* ---- */

/* How large a pool must be for about `ef` of its nodes to be living and allowed. */
static size_t raised_ef(const cs_hnsw *hnsw, size_t ef, size_t allowed)
{
    double share = (double)allowed / (double)hnsw->count;
    share *= (double)hnsw->nodes / (double)(hnsw->nodes + hnsw->dead);
    const double raised = (double)ef / share;
    return raised < (double)hnsw->rows ? (size_t)raised : hnsw->rows;
}

/* Find the entry points at level 0, into the pool, nearest first; returns how many. */
static size_t descend(const cs_hnsw *hnsw, size_t ef, cs_hnsw_scratch *scratch)
{
    const size_t most = ef / ENTRY_SHARE > ENTRIES_MOST ? ENTRIES_MOST : ef / ENTRY_SHARE;
    size_t starts = 1;
    int level = 0;
    for (size_t nodes = hnsw->nodes / hnsw->m; most > 1 && level < hnsw->top && nodes >= ENTRIES_LEVEL;
         nodes /= hnsw->m)
        level++;
    cs_hnsw_descend(hnsw, level, scratch);
    for (int l = level; l > 0; l--)
        starts = cs_hnsw_walk(hnsw, starts, most, l, scratch);
    return starts;
}

/* Walk, and move the nodes to rank to the front of the pool; false when they are too few. */
static bool walk(search *s, size_t ef, size_t pool, size_t k)
{
    cs_hnsw_scratch *scratch = s->scratch;
    const size_t starts = descend(s->hnsw, ef, scratch);
    const size_t count = cs_hnsw_walk(s->hnsw, starts, pool, 0, scratch);
    size_t answers = 0;
    s->count = 0;
    for (size_t i = 0; i < count; i++)
        if (has_answer(s, scratch->pool[i].row)) {
            answers++;
            if (s->count < s->keep)
                scratch->pool[s->count++] = scratch->pool[i];
        }
    /* copies of one vector count as one node here */
    return answers >= k && answers >= ef / 2;
}

static clipsearch_status search_locked(search *s, size_t k, size_t allowed, cs_neighbour *out, size_t *found,
                                       clipsearch_error *err)
{
    const cs_hnsw *hnsw = s->hnsw;
    size_t ef = s->params->ef ? s->params->ef : hnsw->ef;
    ef = ef < k ? k : ef;
    const size_t excluded = s->params->excluded_count;
    const size_t pool = raised_ef(hnsw, ef, allowed > excluded ? allowed - excluded : 1);
    bool graph = hnsw->nodes > 0 && pool < allowed / WALK_COST;
    /* k is at most the number of ids, so nothing here overflows */
    size_t keep = hnsw->quant.kind == CS_QUANT_F32 ? k : RERANK_TIMES * k + RERANK_MORE;
    size_t scan_keep = hnsw->quant.kind == CS_QUANT_F32 ? k : keep * SCAN_RERANK;
    scan_keep = scan_keep > allowed ? allowed : scan_keep;
    s->keep = keep > allowed ? allowed : keep;
    s->scratch = cs_hnsw_borrow_scratch(hnsw, graph && pool > scan_keep ? pool : scan_keep, BLOCK);
    if (!s->scratch)
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for a search of %zu neighbours", k);
    s->scratch->query.by_distance = false;
    cs_quant_query_vector(&hnsw->quant, &s->scratch->query, s->query);
    graph = graph && walk(s, ef, pool, k);
    if (!graph) {
        s->keep = scan_keep;
        scan(s);
    }
    *found = rank(s, s->scratch->pool, s->count, graph, k, out);
    if (s->params->stats) {
        s->params->stats->graph = graph;
        s->params->stats->distances = s->scratch->compared;
        s->params->stats->expanded = s->scratch->expanded;
    }
    clipsearch_status status = CLIPSEARCH_OK;
    if (s->scratch->damaged || (cs_hnsw_pages_unverified(hnsw->pages) && !cs_hnsw_pages_verify_more(hnsw->pages))) {
        *found = 0;
        status = cs_hnsw_pages_fail(hnsw->pages, err);
    }
    cs_hnsw_return_scratch(hnsw, s->scratch);
    return status;
}

clipsearch_status cs_hnsw_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params,
                                 cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    search s = {.hnsw = hnsw, .query = query, .params = params};
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    size_t allowed = hnsw->count;
    if (params->allowed && params->allowed->count < allowed)
        allowed = params->allowed->count;
    const size_t k = params->k < allowed ? params->k : allowed;
    if (k)
        status = search_locked(&s, k, allowed, out, found, err);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return status;
}
