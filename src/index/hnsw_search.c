/* SPDX-License-Identifier: MIT
 * hnsw_search.c - algorithm 5 (search) of Malkov & Yashunin, with filters and re-ranking by the exact vectors. */
#include "index/hnsw_search.h"

#include "index/hnsw_scan.h"
#include "index/hnsw_walk.h"
#include "index/topk.h"
#include "kernels/vec.h"

#include <math.h>
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
 *    points none.
 * 4. A calibrated index (hnsw_calibrate.h) knows two kinds of queries: near, as images among images are, and far, as
 *    texts are, whose nearest images lie far from the query and often far from one another. Each kind has its own ef,
 *    or is answered by a scan of all codes where that costs less. A query is far if it lies on the texts' side of the
 *    axis between the two, or if a walk for near queries finds its nearest farther away than those of near queries. */
enum {
    RERANK_TIMES = 2,
    RERANK_MORE = 12,
    SCAN_RERANK = 8,     /* so many times more after a scan with a filter, whose rows may all be about equally far, */
    SCAN_ALL_RERANK = 2, /* and after one of all rows */
    WALK_COST = 12,      /* codes a walk compares for each place in its pool: 10 to 14 */
    MORE_PLACES = 2,     /* of ef, for each neighbour above those that the calibration asked for */
    ENTRY_SHARE = 8,     /* one entry point per so many of ef, */
    ENTRIES_MOST = 16,
    ENTRIES_LEVEL = 1000 /* found on levels of about so many nodes or more */
};

typedef struct search {
    const cs_hnsw *hnsw;
    const float *query;
    const cs_index_search_params *params;
    cs_hnsw_scratch *scratch;
    size_t k, allowed; /* neighbours to find; ids that may be found */
    size_t keep;       /* candidates to rank */
    size_t count;      /* of them in the pool */
    float edge;        /* distance of the walk's CS_HNSW_EDGE-th nearest */
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

float cs_hnsw_exact_score(const cs_hnsw *hnsw, const float *query, uint32_t row)
{
    const float *vector = hnsw->exact + row * hnsw->exact_stride;
    if (hnsw->base.metric == CLIPSEARCH_L2)
        return cs_vec()->l2sq(query, vector, hnsw->base.dim);
    float score = cs_vec()->dot(query, vector, hnsw->base.dim);
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
        const float score = cs_hnsw_exact_score(hnsw, s->query, nodes[i].row);
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
static bool walk(search *s, size_t ef, size_t pool)
{
    cs_hnsw_scratch *scratch = s->scratch;
    cs_hnsw_pages *unverified = cs_hnsw_pages_unverified(s->hnsw->pages);
    if (unverified && (!cs_hnsw_pages_verify_most(unverified, CS_PAGES_LINKS, pool) ||
                       !cs_hnsw_pages_verify_most(unverified, unverified->codes, pool * WALK_COST)))
        scratch->damaged = true;
    const size_t starts = descend(s->hnsw, ef, scratch);
    const size_t count = cs_hnsw_walk(s->hnsw, starts, pool, 0, scratch);
    size_t answers = 0;
    s->count = 0;
    s->edge = count < CS_HNSW_EDGE ? INFINITY : scratch->pool[CS_HNSW_EDGE - 1].distance;
    for (size_t i = 0; i < count; i++)
        if (has_answer(s, scratch->pool[i].row)) {
            answers++;
            if (s->count < s->keep)
                scratch->pool[s->count++] = scratch->pool[i];
        }
    /* copies of one vector count as one node here */
    return answers >= s->k && answers >= ef / 2;
}

/* ---- which way */

static bool is_chosen_by_kind(const search *s)
{
    return s->hnsw->calibration.count && !s->params->ef;
}

/* On the far side of the axis. */
static bool is_far_side(const search *s)
{
    const cs_hnsw_calibration *c = &s->hnsw->calibration;
    return is_chosen_by_kind(s) && c->axis && cs_vec()->dot(s->query, c->axis, s->hnsw->base.dim) > c->far_side;
}

/* By inner products a query's length does not matter, but distances grow with it. */
static float edge_of(const cs_hnsw *hnsw, const float *query, float distance)
{
    if (hnsw->base.metric != CLIPSEARCH_IP)
        return distance;
    const float length = sqrtf(cs_vec()->dot(query, query, hnsw->base.dim));
    return length > 0 ? distance / length : distance;
}

/* Candidates that a walk keeps; 0: do not walk. */
static size_t choose_ef(const search *s, bool far)
{
    const cs_hnsw *hnsw = s->hnsw;
    const cs_hnsw_calibration *c = &hnsw->calibration;
    size_t ef = s->params->ef ? s->params->ef : hnsw->ef;
    if (is_chosen_by_kind(s)) {
        double calibrated = c->ef[far];
        if (calibrated == 0)
            return 0;
        if (hnsw->count > c->count)
            calibrated *= (double)hnsw->count / (double)c->count;
        if (s->k > CS_HNSW_CALIBRATED_K)
            calibrated += (double)(s->k - CS_HNSW_CALIBRATED_K) * MORE_PLACES;
        if (calibrated > (double)ef)
            ef = calibrated < (double)hnsw->rows ? (size_t)calibrated : hnsw->rows;
    }
    return ef < s->k ? s->k : ef;
}

/* The pool of such a walk, or 0 when a scan costs less. */
static size_t choose_pool(const search *s, size_t ef)
{
    const cs_hnsw *hnsw = s->hnsw;
    const size_t excluded = s->params->excluded_count, allowed = s->allowed;
    if (ef == 0 || hnsw->nodes == 0)
        return 0;
    const size_t pool = raised_ef(hnsw, ef, allowed > excluded ? allowed - excluded : 1);
    /* for searches of all rows the calibration has compared the costs */
    return (is_chosen_by_kind(s) && !s->params->allowed) || pool < allowed / WALK_COST ? pool : 0;
}

/* Walk for a near query, unless it is far; then, when it turns out to be far, walk for a far one. False: scan. */
static bool walk_by_kind(search *s, bool far, const size_t pools[2], const size_t efs[2])
{
    if (!far) {
        if (!pools[0] || !walk(s, efs[0], pools[0]))
            return false;
        if (!is_chosen_by_kind(s) || !(edge_of(s->hnsw, s->query, s->edge) > s->hnsw->calibration.far_distance))
            return true;
    }
    return pools[1] && walk(s, efs[1], pools[1]);
}

static bool scan(search *s, cs_pool *pool)
{
    cs_hnsw_scratch *scratch = s->scratch;
    cs_hnsw_scan_query query = {.query = &scratch->query, .nodes = scratch->pool};
    const bool good = cs_hnsw_scan(s->hnsw, s->params, &query, 1, s->keep, pool, &scratch->compared, &scratch->damaged);
    s->count = query.count;
    return good;
}

static clipsearch_status search_locked(search *s, cs_pool *pool, cs_neighbour *out, size_t *found,
                                       clipsearch_error *err)
{
    const cs_hnsw *hnsw = s->hnsw;
    const size_t k = s->k;
    const bool far = is_far_side(s);
    const size_t efs[2] = {choose_ef(s, false), choose_ef(s, true)};
    const size_t pools[2] = {choose_pool(s, efs[0]), choose_pool(s, efs[1])};
    /* k is at most the number of ids, so nothing here overflows */
    const size_t keep = hnsw->quant.kind == CS_QUANT_F32 ? k : RERANK_TIMES * k + RERANK_MORE;
    size_t scan_keep =
               hnsw->quant.kind == CS_QUANT_F32 ? k : keep * (s->params->allowed ? SCAN_RERANK : SCAN_ALL_RERANK),
           places = scan_keep;
    scan_keep = scan_keep > s->allowed ? s->allowed : scan_keep;
    s->keep = keep > s->allowed ? s->allowed : keep;
    for (int kind = far; kind < 2; kind++)
        places = pools[kind] > places ? pools[kind] : places;
    s->scratch = cs_hnsw_borrow_scratch(hnsw, places, 0);
    if (!s->scratch)
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for a search of %zu neighbours", k);
    s->scratch->query.by_distance = false;
    cs_quant_query_vector(&hnsw->quant, &s->scratch->query, s->query);
    const bool graph = walk_by_kind(s, far, pools, efs);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!graph) {
        s->keep = scan_keep;
        if (!scan(s, pool))
            status = cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for a search of %zu neighbours", k);
    }
    if (status == CLIPSEARCH_OK)
        *found = rank(s, s->scratch->pool, s->count, graph, k, out);
    if (s->params->stats) {
        s->params->stats->graph = graph;
        s->params->stats->distances = s->scratch->compared;
        s->params->stats->expanded = s->scratch->expanded;
        s->params->stats->edge = graph ? edge_of(hnsw, s->query, s->edge) : INFINITY;
    }
    if (s->scratch->damaged || (cs_hnsw_pages_unverified(hnsw->pages) && !cs_hnsw_pages_verify_more(hnsw->pages))) {
        *found = 0;
        status = cs_hnsw_pages_fail(hnsw->pages, err);
    }
    cs_hnsw_return_scratch(hnsw, s->scratch);
    return status;
}

/* A search for `params`, of k neighbours; k is 0 for an empty index. */
static search make_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params)
{
    search s = {.hnsw = hnsw, .query = query, .params = params, .allowed = hnsw->count, .edge = INFINITY};
    if (params->allowed && params->allowed->count < s.allowed)
        s.allowed = params->allowed->count;
    s.k = params->k < s.allowed ? params->k : s.allowed;
    return s;
}

clipsearch_status cs_hnsw_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params,
                                 cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    search s = make_search(hnsw, query, params);
    if (s.k)
        status = search_locked(&s, pool, out, found, err);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return status;
}

bool cs_hnsw_shares_search(const cs_hnsw *hnsw, const float *query, const cs_index_search_params *params)
{
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    const search s = make_search(hnsw, query, params);
    const bool large = s.allowed * hnsw->quant.row_bytes >= CS_HNSW_SCAN_SHARED_BYTES;
    const bool scans = s.k && large && !choose_pool(&s, choose_ef(&s, is_far_side(&s)));
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return scans;
}
