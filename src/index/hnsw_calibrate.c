/* SPDX-License-Identifier: MIT
 * hnsw_calibrate.c - samples, their truth by a scan, and walks with larger and larger ef. */
#include "index/hnsw_calibrate.h"

#include "base/limits.h"
#include "base/mem.h"
#include "index/hnsw_scan.h"
#include "index/hnsw_search.h"
#include "index/topk.h"
#include "kernels/vec.h"

#include <math.h>
#include <string.h>

enum {
    K = CS_HNSW_CALIBRATED_K,
    SAMPLE = 128,     /* near queries: 1,280 neighbours give the recall to about 0.003 */
    FAR_SAMPLE = 256, /* far ones differ more from one another: most find all, and some lose several */
    TRUTH_KEEP = 64,  /* of a scan, re-ranked: the ten nearest are among the 20 nearest by codes (quant.h) */
    EF_LEAST = 16,
    STEP_SHARE = 4,   /* each ef is a quarter larger than the one before */
    CODE_COST = 5,    /* rows that a scan compares in the time that a walk takes for each code: docs/speed-index.md */
    GROWTH_SHARE = 2, /* calibrated again when a half more or a third fewer */
    MIXED = 5         /* vectors in one query that is made */
};

/* What a sample must reach for 0.99 to be likely. */
static const double RECALL[CS_HNSW_KINDS] = {[CS_HNSW_NEAR] = 0.995, [CS_HNSW_FAR] = 0.997};

/* Of the mean's direction in a query that is made, as texts have of that of images: 0.2 / sqrt(0.5). */
static const float MEAN_SHARE = 0.28f;

/* Of the difference of two neighbours: two that lie as far from a vector as from each other are moved by its length. */
static const float MOVED = 0.85f;

/* Queries of one kind. */
typedef struct sample {
    cs_hnsw *hnsw;
    float *vectors; /* [count, dim] */
    int64_t *ids;   /* [count] of the vectors themselves, which are no answers; NULL: none */
    size_t count;
    float *last;      /* [count] score of the last of the true K */
    size_t *have;     /* [count] how many there are, at most K */
    size_t *hits;     /* [count] of the last walk */
    size_t *compared; /* [count] codes that it compared */
    float *edges;     /* [count] as in cs_index_stats */
    size_t ef;        /* of the walks that are being measured */
    clipsearch_status status;
} sample;

static void free_sample(sample *s)
{
    cs_free(s->vectors);
    cs_free(s->ids);
    cs_free(s->last);
    cs_free(s->have);
    cs_free(s->hits);
    cs_free(s->compared);
    cs_free(s->edges);
}

static bool alloc_sample(sample *s, size_t most)
{
    s->vectors = cs_alloc_array(most, s->hnsw->base.dim * sizeof *s->vectors);
    s->last = cs_zalloc_array(most, sizeof *s->last);
    s->have = cs_zalloc_array(most, sizeof *s->have);
    s->hits = cs_zalloc_array(most, sizeof *s->hits);
    s->compared = cs_zalloc_array(most, sizeof *s->compared);
    s->edges = cs_zalloc_array(most, sizeof *s->edges);
    return s->vectors && s->last && s->have && s->hits && s->compared && s->edges;
}

/* ---- queries */

/* The row of the `n`-th of `of` nodes that lie evenly among the rows; NONE when there is none near. */
static uint32_t pick_node(const cs_hnsw *hnsw, size_t n, size_t of)
{
    const size_t first = hnsw->rows * n / of, end = hnsw->rows * (n + 1) / of;
    for (size_t row = first; row < end; row++)
        if (hnsw->state[row] == CS_HNSW_LIVE)
            return (uint32_t)row;
    return CS_HNSW_NONE;
}

static const float *vector_of(const cs_hnsw *hnsw, uint32_t row)
{
    return hnsw->exact + row * hnsw->exact_stride;
}

/* A vector as another of the same neighbourhood would be: one of the node's, moved as two of its neighbours differ from
 * each other. A stored vector itself is found more easily than a new one, because its links lead to what is near it. */
static void make_near(const cs_hnsw *hnsw, uint32_t row, float *vector)
{
    const size_t dim = hnsw->base.dim;
    const uint32_t *links = cs_hnsw_links(hnsw, row, 0);
    memcpy(vector, vector_of(hnsw, row), dim * sizeof *vector);
    if (cs_hnsw_link_count(links, hnsw->m0) >= 2) {
        const float *one = vector_of(hnsw, links[0]), *two = vector_of(hnsw, links[1]);
        for (size_t d = 0; d < dim; d++)
            vector[d] += MOVED * (one[d] - two[d]);
    }
    if (hnsw->base.metric == CLIPSEARCH_COSINE)
        cs_vec_normalise(vector, dim);
}

static bool take_near(sample *s)
{
    s->ids = cs_alloc_array(SAMPLE, sizeof *s->ids);
    if (!s->ids || !alloc_sample(s, SAMPLE))
        return false;
    for (size_t i = 0; i < SAMPLE; i++) {
        const uint32_t row = pick_node(s->hnsw, i, SAMPLE);
        if (row == CS_HNSW_NONE)
            continue;
        s->ids[s->count] = s->hnsw->ids[row];
        make_near(s->hnsw, row, s->vectors + s->count++ * s->hnsw->base.dim);
    }
    return true;
}

static bool is_finite(const float *vector, size_t dim)
{
    for (size_t d = 0; d < dim; d++)
        if (!isfinite(vector[d]))
            return false;
    return true;
}

/* Questions of two parts, to have more queries than are given: of each the normalised sum with those that are 1, 2, 3
 * and so on places behind it, until the sample is full or there are no more pairs. Among 100,000 vectors they need the
 * ef of single texts or a little more. */
static void add_pairs(sample *s)
{
    const size_t dim = s->hnsw->base.dim, single = s->count, pairs = single * (single - 1) / 2;
    const size_t more = pairs < FAR_SAMPLE - single ? pairs : FAR_SAMPLE - single;
    for (size_t i = 0; i < more; i++) {
        const float *one = s->vectors + i % single * dim;
        const float *two = s->vectors + (i % single + 1 + i / single) % single * dim;
        float *query = s->vectors + s->count++ * dim;
        for (size_t d = 0; d < dim; d++)
            query[d] = (one[d] + two[d]) / 2;
        if (s->hnsw->base.metric == CLIPSEARCH_COSINE)
            cs_vec_normalise(query, dim);
    }
}

/* Every second of the queries that are given, and pairs of them; the others are left for checks. */
static bool take_far(sample *s, const float *queries, size_t count)
{
    const size_t dim = s->hnsw->base.dim, halves = (count + 1) / 2, most = halves < FAR_SAMPLE ? halves : FAR_SAMPLE;
    if (!alloc_sample(s, FAR_SAMPLE))
        return false;
    for (size_t i = 0; i < most; i++) {
        const float *query = queries + halves * i / most * 2 * dim;
        if (!is_finite(query, dim))
            continue;
        memcpy(s->vectors + s->count++ * dim, query, dim * sizeof *query);
    }
    if (s->count)
        add_pairs(s);
    return true;
}

static void compute_mean(const sample *s, float *mean)
{
    const size_t dim = s->hnsw->base.dim;
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = 0; i < s->count; i++)
        for (size_t d = 0; d < dim; d++)
            mean[d] += s->vectors[i * dim + d] / (float)s->count;
}

/* What lies off the vectors' distribution and still asks for some of them: what several have beside the mean, added.
 * Texts, too, ask for several things that few images show together. */
static bool make_far(sample *s, const sample *near, const float *mean)
{
    const size_t dim = s->hnsw->base.dim;
    const bool l2 = s->hnsw->base.metric == CLIPSEARCH_L2;
    if (!alloc_sample(s, SAMPLE))
        return false;
    for (size_t i = 0; i < near->count; i++) {
        float *query = s->vectors + s->count++ * dim;
        double square = 0, mean_square = 0;
        for (size_t d = 0; d < dim; d++) {
            query[d] = -MIXED * mean[d];
            for (size_t m = 0; m < MIXED; m++)
                query[d] += near->vectors[(i + m * (2 * i + 11)) % near->count * dim + d];
            square += (double)query[d] * query[d];
            mean_square += (double)mean[d] * mean[d];
        }
        const float scale = square > 0 && !l2 ? (float)(1 / sqrt(square)) : 1;
        const float of_mean = l2 ? 1 : mean_square > 0 ? (float)(MEAN_SHARE / sqrt(mean_square)) : 0;
        for (size_t d = 0; d < dim; d++)
            query[d] = query[d] * scale + mean[d] * of_mean;
        if (s->hnsw->base.metric == CLIPSEARCH_COSINE)
            cs_vec_normalise(query, dim);
    }
    return true;
}

/* ---- truth */

/* Keep of a scan's nodes what recall is measured by. */
static void rank_truth(sample *s, size_t q, const cs_hnsw_scan_query *found)
{
    cs_neighbour best[K];
    const cs_hnsw *hnsw = s->hnsw;
    cs_topk top = cs_topk_make(best, K, hnsw->base.metric != CLIPSEARCH_L2);
    for (size_t i = 0; i < found->count; i++) {
        const uint32_t row = found->nodes[i].row;
        if (!s->ids || hnsw->ids[row] != s->ids[q])
            cs_topk_offer(&top, hnsw->ids[row], cs_hnsw_exact_score(hnsw, s->vectors + q * hnsw->base.dim, row));
    }
    s->have[q] = cs_topk_finish(&top);
    if (s->have[q])
        s->last[q] = best[s->have[q] - 1].score;
}

static bool find_truth(sample *s, cs_pool *pool)
{
    const cs_hnsw *hnsw = s->hnsw;
    const cs_index_search_params all = {0};
    size_t compared = 0, made = 0;
    bool damaged = false;
    cs_quant_query *queries = cs_zalloc_array(s->count, sizeof *queries);
    cs_hnsw_scan_query *scans = cs_zalloc_array(s->count, sizeof *scans);
    cs_hnsw_node *nodes = cs_alloc_array(s->count * TRUTH_KEEP, sizeof *nodes);
    bool good = queries && scans && nodes;
    for (; good && made < s->count; made += good) {
        good = cs_quant_query_make(&hnsw->quant, &queries[made]);
        if (!good)
            break;
        cs_quant_query_vector(&hnsw->quant, &queries[made], s->vectors + made * hnsw->base.dim);
        scans[made] = (cs_hnsw_scan_query){.query = &queries[made], .nodes = nodes + made * TRUTH_KEEP};
    }
    good = good && cs_hnsw_scan(hnsw, &all, scans, s->count, TRUTH_KEEP, pool, &compared, &damaged);
    for (size_t q = 0; good && q < s->count; q++)
        rank_truth(s, q, &scans[q]);
    for (size_t q = 0; q < made; q++)
        cs_quant_query_free(&queries[q]);
    cs_free(queries);
    cs_free(scans);
    cs_free(nodes);
    return good;
}

/* ---- walks */

static void walk_one(void *context, size_t q, unsigned thread)
{
    sample *s = context;
    const cs_hnsw *hnsw = s->hnsw;
    cs_neighbour found[K];
    cs_index_stats stats;
    size_t count = 0;
    (void)thread;
    if (s->hits[q] == s->have[q]) /* a larger ef finds as many */
        return;
    const cs_index_search_params params = {
        .k = K, .ef = s->ef, .excluded = s->ids ? &s->ids[q] : NULL, .excluded_count = s->ids != NULL, .stats = &stats};
    if (cs_hnsw_search(hnsw, s->vectors + q * hnsw->base.dim, &params, NULL, found, &count, NULL) != CLIPSEARCH_OK) {
        __atomic_store_n(&s->status, CLIPSEARCH_E_MEMORY, __ATOMIC_RELAXED);
        return;
    }
    s->hits[q] = 0;
    s->edges[q] = stats.edge;
    s->compared[q] = stats.distances;
    for (size_t i = 0; i < count; i++)
        s->hits[q] += hnsw->base.metric == CLIPSEARCH_L2 ? found[i].score <= s->last[q] : found[i].score >= s->last[q];
}

/* Walk for all queries that have not found all. *codes: how many codes a walk compares on average. */
static double measure_recall(sample *s, cs_pool *pool, size_t *codes)
{
    size_t hits = 0, wanted = 0, compared = 0, walked = 0;
    memset(s->compared, 0, s->count * sizeof *s->compared);
    cs_pool_run(pool, s->count, walk_one, s);
    for (size_t q = 0; q < s->count; q++) {
        hits += s->hits[q] < s->have[q] ? s->hits[q] : s->have[q];
        wanted += s->have[q];
        compared += s->compared[q];
        walked += s->compared[q] != 0;
    }
    *codes = walked ? compared / walked : 0;
    return wanted ? (double)hits / (double)wanted : 1;
}

/* *chosen: the first ef of the ladder that finds enough, or 0 when a scan costs less. */
static clipsearch_status choose_ef(sample *s, double least, cs_pool *pool, size_t *chosen)
{
    const cs_hnsw *hnsw = s->hnsw;
    size_t codes = 0;
    *chosen = 0;
    for (s->ef = hnsw->ef < EF_LEAST ? EF_LEAST : hnsw->ef; s->ef < hnsw->count; s->ef += s->ef / STEP_SHARE) {
        const double recall = measure_recall(s, pool, &codes);
        if (s->status != CLIPSEARCH_OK)
            return s->status;
        if (codes > hnsw->count / CODE_COST)
            return CLIPSEARCH_OK;
        if (recall >= least) {
            *chosen = s->ef;
            return CLIPSEARCH_OK;
        }
    }
    return CLIPSEARCH_OK;
}

/* ---- what separates the kinds */

/* The largest, or with `second` the largest but one, so that one odd vector counts for nothing. */
static float find_largest(const float *numbers, size_t count, bool second)
{
    float largest = -INFINITY, next = -INFINITY;
    for (size_t i = 0; i < count; i++)
        if (numbers[i] > largest) {
            next = largest;
            largest = numbers[i];
        } else if (numbers[i] > next) {
            next = numbers[i];
        }
    return second && next > -INFINITY ? next : largest;
}

/* Products of a sample with the axis into sides [count], and their least. */
static float project(const sample *s, const float *axis, float *sides)
{
    float least = INFINITY;
    for (size_t i = 0; i < s->count; i++) {
        sides[i] = cs_vec()->dot(s->vectors + i * s->hnsw->base.dim, axis, s->hnsw->base.dim);
        least = sides[i] < least ? sides[i] : least;
    }
    return least;
}

/* Axis and limit. Between the kinds if they lie apart; of queries that were made only the near ones are like those that
 * will be asked, so that the limit is as far behind them as they are wide. */
static void find_axis(const sample *near, const sample *far, bool given, float *mean, cs_hnsw_calibration *to)
{
    float sides[FAR_SAMPLE];
    const size_t dim = near->hnsw->base.dim;
    if (given)
        compute_mean(far, to->axis);
    else
        memset(to->axis, 0, dim * sizeof *to->axis);
    for (size_t d = 0; d < dim; d++)
        to->axis[d] -= mean[d];
    const float far_least = project(far, to->axis, sides), near_least = project(near, to->axis, sides);
    const float largest = find_largest(sides, near->count, false);
    if (near->hnsw->base.metric == CLIPSEARCH_IP || near->count == 0 || far->count == 0)
        to->far_side = INFINITY; /* products grow with the length of a query, which says nothing */
    else if (!given)
        to->far_side = largest + (largest - near_least);
    else
        to->far_side = far_least > largest ? (far_least + largest) / 2 : find_largest(sides, near->count, true);
}

/* ---- */

static clipsearch_status measure(cs_hnsw_calibration *made, sample kinds[CS_HNSW_KINDS], const float *queries,
                                 cs_pool *pool, float *mean)
{
    sample *near = &kinds[CS_HNSW_NEAR], *far = &kinds[CS_HNSW_FAR];
    clipsearch_status status = CLIPSEARCH_OK;
    if (!take_near(near))
        return CLIPSEARCH_E_MEMORY;
    compute_mean(near, mean);
    if (queries && !take_far(far, queries, made->query_count))
        return CLIPSEARCH_E_MEMORY;
    const bool given = far->count > 0;
    if (!given) {
        free_sample(far);
        *far = (sample){.hnsw = near->hnsw};
        if (!make_far(far, near, mean))
            return CLIPSEARCH_E_MEMORY;
    }
    for (int kind = 0; kind < CS_HNSW_KINDS && status == CLIPSEARCH_OK; kind++)
        status = find_truth(&kinds[kind], pool) ? choose_ef(&kinds[kind], RECALL[kind], pool, &made->ef[kind])
                                                : CLIPSEARCH_E_MEMORY;
    find_axis(near, far, given, mean, made);
    made->far_distance = made->ef[CS_HNSW_NEAR] ? find_largest(near->edges, near->count, true) : INFINITY;
    return status;
}

bool cs_hnsw_calibration_is_due(const cs_hnsw *hnsw)
{
    const size_t then = hnsw->calibration.count, now = hnsw->count;
    return now && (now > then + then / GROWTH_SHARE || then > now + now / GROWTH_SHARE);
}

void cs_hnsw_free_calibration(cs_hnsw_calibration *calibration)
{
    cs_free(calibration->axis);
    cs_free(calibration->queries);
    *calibration = (cs_hnsw_calibration){0};
}

clipsearch_status cs_hnsw_calibrate(cs_hnsw *hnsw, const float *queries, size_t count, cs_pool *pool,
                                    clipsearch_error *err)
{
    const size_t dim = hnsw->base.dim;
    const cs_hnsw_calibration *old = &hnsw->calibration;
    if (!queries || !count) {
        queries = old->queries;
        count = old->query_count;
    }
    if (hnsw->nodes == 0)
        return CLIPSEARCH_OK;
    count = count < CS_MAX_QUERIES ? count : CS_MAX_QUERIES;
    cs_hnsw_calibration made = {.count = hnsw->count, .query_count = count}, before;
    sample kinds[CS_HNSW_KINDS] = {{.hnsw = hnsw}, {.hnsw = hnsw}};
    float *mean = cs_alloc_aligned(dim, sizeof *mean);
    made.axis = cs_alloc_aligned(dim, sizeof *made.axis);
    made.queries = count ? cs_alloc_array(count, dim * sizeof *made.queries) : NULL;
    clipsearch_status status = mean && made.axis && (made.queries || !count) ? CLIPSEARCH_OK : CLIPSEARCH_E_MEMORY;
    if (status == CLIPSEARCH_OK && count)
        memcpy(made.queries, queries, count * dim * sizeof *queries);
    if (status == CLIPSEARCH_OK)
        status = measure(&made, kinds, made.queries, pool, mean);
    free_sample(&kinds[0]);
    free_sample(&kinds[1]);
    cs_free(mean);
    if (status != CLIPSEARCH_OK) {
        cs_hnsw_free_calibration(&made);
        return cs_fail_memory(err, "the calibration of an index");
    }
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    before = hnsw->calibration;
    hnsw->calibration = made;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    cs_hnsw_free_calibration(&before);
    return CLIPSEARCH_OK;
}
