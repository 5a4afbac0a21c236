/* SPDX-License-Identifier: MIT
 * flat.c - the exact scan: every vector is compared, block by block, row ranges spread over the threads. */
#include "index/index.h"

#include "base/huge_pages.h"
#include "base/mem.h"
#include "index/idmap.h"
#include "index/topk.h"
#include "kernels/vec.h"

#include <string.h>

enum {
    DIM_MAX = 4096,
    ROW_ALIGN = 16,               /* floats: rows begin on a cache line */
    BLOCK_ROWS = 128,             /* rows scored by one kernel call; the scores fit in half a kilobyte of stack */
    SHARED_PIECE_BYTES = 1 << 18, /* of several queries' pass: it stays in a processor's cache for all of them */
    PIECE_BYTES = 1 << 20, /* rows one thread takes at a time: so many that the cost of taking them does not matter */
    FIRST_CAPACITY = 64
};

typedef struct flat_index {
    cs_index base;
    size_t count, capacity, stride;
    float *rows;  /* [capacity, stride]; floats behind dim are zero */
    int64_t *ids; /* [capacity] */
    cs_idmap map; /* id -> row */
} flat_index;

/* One search, as the threads share it. */
typedef struct scan {
    const flat_index *flat;
    const float *query; /* [dim] */
    const cs_index_search_params *params;
    cs_topk *tops; /* [threads] */
} scan;

/* Several searches in one pass over the rows: each piece is read from memory once and compared with every query. */
typedef struct pass {
    const flat_index *flat;
    scan *scans; /* [count] */
    size_t count;
    size_t piece_rows;
} pass;

static bool nearer_is_higher(const cs_index *index)
{
    return index->metric != CLIPSEARCH_L2;
}

/* ---- changing */

static clipsearch_status set_capacity(flat_index *flat, size_t capacity, clipsearch_error *err)
{
    size_t floats;
    cs_idmap map = {0};
    float *rows = NULL;
    int64_t *ids = NULL;
    if (__builtin_mul_overflow(capacity, flat->stride, &floats))
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%zu vectors of %zu numbers are more than memory can address", capacity,
                       flat->base.dim);
    /* everything new is allocated before anything old is freed: a failure leaves the index as it was */
    rows = cs_alloc_aligned(floats, sizeof *rows);
    ids = cs_alloc_array(capacity, sizeof *ids);
    if (!rows || !ids || !cs_idmap_make(&map, capacity)) {
        cs_free(rows);
        cs_free(ids);
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for an index of %zu vectors of %zu numbers", capacity,
                       flat->base.dim);
    }
    cs_request_huge_pages(rows, floats * sizeof *rows);
    if (flat->count) {
        memcpy(rows, flat->rows, flat->count * flat->stride * sizeof *rows);
        memcpy(ids, flat->ids, flat->count * sizeof *ids);
    }
    for (size_t row = 0; row < flat->count; row++)
        cs_idmap_add(&map, ids, row);
    cs_free(flat->rows);
    cs_free(flat->ids);
    cs_idmap_free(&flat->map);
    flat->rows = rows;
    flat->ids = ids;
    flat->map = map;
    flat->capacity = capacity;
    return CLIPSEARCH_OK;
}

static clipsearch_status flat_reserve(cs_index *index, size_t count, clipsearch_error *err)
{
    flat_index *flat = (flat_index *)index;
    return count <= flat->capacity ? CLIPSEARCH_OK : set_capacity(flat, count, err);
}

static clipsearch_status flat_put(cs_index *index, int64_t id, const float *vector, clipsearch_error *err)
{
    flat_index *flat = (flat_index *)index;
    size_t dim = index->dim;
    size_t row = cs_idmap_find(&flat->map, flat->ids, id);
    if (row == SIZE_MAX) {
        if (flat->count == flat->capacity) {
            size_t capacity = flat->capacity + flat->capacity / 2;
            clipsearch_status status = set_capacity(flat, capacity ? capacity : FIRST_CAPACITY, err);
            if (status)
                return status;
        }
        row = flat->count++;
        flat->ids[row] = id;
        cs_idmap_add(&flat->map, flat->ids, row);
        memset(flat->rows + row * flat->stride + dim, 0, (flat->stride - dim) * sizeof *flat->rows);
    }
    memcpy(flat->rows + row * flat->stride, vector, dim * sizeof *vector);
    return CLIPSEARCH_OK;
}

/* The last row moves into the gap, so that the rows stay contiguous. */
static bool flat_remove(cs_index *index, int64_t id)
{
    flat_index *flat = (flat_index *)index;
    size_t row = cs_idmap_find(&flat->map, flat->ids, id);
    if (row == SIZE_MAX)
        return false;
    cs_idmap_remove(&flat->map, flat->ids, row);
    size_t last = --flat->count;
    if (row != last) {
        cs_idmap_move(&flat->map, flat->ids, last, row);
        flat->ids[row] = flat->ids[last];
        memcpy(flat->rows + row * flat->stride, flat->rows + last * flat->stride, flat->stride * sizeof *flat->rows);
    }
    return true;
}

static size_t flat_count(const cs_index *index)
{
    return ((const flat_index *)index)->count;
}

/* ---- searching */

/* Offer rows [first, first + count) with the kernel's scores. */
static void offer_block(const scan *search, cs_topk *top, size_t first, size_t count, const float *scores)
{
    const flat_index *flat = search->flat;
    bool cosine = flat->base.metric == CLIPSEARCH_COSINE, higher = top->nearer_is_higher;
    bool has_limit = search->params->has_limit;
    float limit = search->params->limit;
    for (size_t i = 0; i < count; i++) {
        float score = scores[i];
        if (cosine) /* unit vectors are so within rounding: an image found by itself scores 1, not 1.0000001 */
            score = score > 1.0f ? 1.0f : score < -1.0f ? -1.0f : score;
        if (!cs_topk_would_keep(top, score))
            continue;
        if (!has_limit || (higher ? score >= limit : score <= limit))
            cs_topk_offer(top, flat->ids[first + i], score);
    }
}

/* Move *row, below `end`, to the next row that is allowed, and return how many from there on are: at most BLOCK_ROWS, 0
 * at the end. For rows that are not allowed only the id is read, not the vector. */
static size_t allowed_run(const scan *search, size_t *row, size_t end)
{
    const cs_index_search_params *params = search->params;
    const int64_t *ids = search->flat->ids;
    if (!params->allowed && !params->excluded_count)
        return end - *row < BLOCK_ROWS ? end - *row : BLOCK_ROWS;
    while (*row < end && !cs_index_may_find(params, ids[*row]))
        ++*row;
    size_t n = 0;
    while (n < BLOCK_ROWS && *row + n < end && cs_index_may_find(params, ids[*row + n]))
        n++;
    return n;
}

static void scan_rows(const scan *search, size_t row, size_t end, cs_topk *top)
{
    const flat_index *flat = search->flat;
    const cs_vec_ops *vec = cs_vec();
    float scores[BLOCK_ROWS];
    while (row < end) {
        size_t n = allowed_run(search, &row, end);
        const float *rows = flat->rows + row * flat->stride;
        if (n && flat->base.metric == CLIPSEARCH_L2)
            vec->l2sq_many(search->query, rows, flat->stride, n, flat->base.dim, scores);
        else if (n)
            vec->dot_many(search->query, rows, flat->stride, n, flat->base.dim, scores);
        offer_block(search, top, row, n, scores);
        row += n;
    }
}

static void scan_piece(void *context, size_t piece, unsigned worker)
{
    const pass *p = context;
    size_t row = piece * p->piece_rows;
    size_t end = p->flat->count - row < p->piece_rows ? p->flat->count : row + p->piece_rows;
    cs_stop_asked(); /* has an effect on the thread of the call */
    for (size_t i = 0; i < p->count; i++)
        if (!cs_stop_is_set(p->scans[i].params->stop))
            scan_rows(&p->scans[i], row, end, &p->scans[i].tops[worker]);
}

/* How many rows a search may find. */
static size_t count_findable(const flat_index *flat, const cs_index_search_params *params)
{
    return params->allowed && params->allowed->count < flat->count ? params->allowed->count : flat->count;
}

static size_t clamp_k(const flat_index *flat, const cs_index_search_params *params)
{
    const size_t most = count_findable(flat, params);
    return params->k < most ? params->k : most;
}

static size_t count_pieces(const flat_index *flat, size_t piece_rows)
{
    return flat->count / piece_rows + (flat->count % piece_rows != 0);
}

/* The memory of a pass: for each query a heap a thread, of which the first is the query's own result. */
static bool alloc_heaps(const flat_index *flat, const cs_flat_query *queries, size_t count, unsigned threads,
                        cs_topk **tops, cs_neighbour **heaps)
{
    size_t places = 0, all;
    bool fits = !__builtin_mul_overflow(count, (size_t)threads, &all);
    for (size_t i = 0; i < count && fits; i++)
        fits = !__builtin_add_overflow(places, clamp_k(flat, &queries[i].params), &places);
    fits = fits && !__builtin_mul_overflow(places, (size_t)threads - 1, &places);
    *tops = fits ? cs_alloc_array(all, sizeof **tops) : NULL;
    *heaps = fits ? cs_alloc_array(places, sizeof **heaps) : NULL;
    return *tops && *heaps;
}

/* Prepare the scan of one query; `heaps` has (threads - 1) * k places for it. */
static void begin_scan(const flat_index *flat, cs_flat_query *query, unsigned threads, cs_topk *tops,
                       cs_neighbour *heaps, scan *search)
{
    const size_t k = clamp_k(flat, &query->params);
    const bool higher = nearer_is_higher(&flat->base);
    *search = (scan){.flat = flat, .query = query->query, .params = &query->params, .tops = tops};
    tops[0] = cs_topk_make(query->out, k, higher);
    for (unsigned t = 1; t < threads; t++)
        tops[t] = cs_topk_make(heaps + (t - 1) * k, k, higher);
    if (query->params.stats && k)
        query->params.stats->distances = count_findable(flat, &query->params);
}

static size_t finish_scan(scan *search, unsigned threads)
{
    for (unsigned t = 1; t < threads; t++)
        for (size_t i = 0; i < search->tops[t].count; i++)
            cs_topk_offer(&search->tops[0], search->tops[t].heap[i].id, search->tops[t].heap[i].score);
    return cs_topk_finish(&search->tops[0]);
}

/* Each thread has heaps of its own, offered to the first one's at the end. Scores are bit-equal whatever the block, and
 * the order of neighbours is total, so the results depend neither on the threads nor on the other queries. */
clipsearch_status cs_index_flat_search_many(const cs_index *index, cs_flat_query *queries, size_t count, cs_pool *pool,
                                            clipsearch_error *err)
{
    const flat_index *flat = (const flat_index *)index;
    const size_t piece_rows = (count > 1 ? SHARED_PIECE_BYTES : PIECE_BYTES) / (flat->stride * sizeof *flat->rows);
    const unsigned threads = cs_pool_threads(pool);
    cs_topk *tops = NULL;
    cs_neighbour *heaps = NULL;
    pass p = {.flat = flat, .count = count, .piece_rows = piece_rows};
    p.scans = cs_alloc_array(count, sizeof *p.scans);
    if (!p.scans || !alloc_heaps(flat, queries, count, threads, &tops, &heaps)) {
        cs_free(p.scans);
        cs_free(tops);
        cs_free(heaps);
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for %zu searches on %u threads", count, threads);
    }
    cs_neighbour *heap = heaps;
    for (size_t i = 0; i < count; i++) {
        begin_scan(flat, &queries[i], threads, tops + i * threads, heap, &p.scans[i]);
        heap += (threads - 1) * clamp_k(flat, &queries[i].params);
    }
    cs_pool_run(pool, count_pieces(flat, piece_rows), scan_piece, &p);
    for (size_t i = 0; i < count; i++)
        queries[i].found = finish_scan(&p.scans[i], threads);
    cs_free(p.scans);
    cs_free(tops);
    cs_free(heaps);
    return CLIPSEARCH_OK;
}

/* One thread: no memory is taken, the heap is the caller's `out`. */
static clipsearch_status flat_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                     cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    const flat_index *flat = (const flat_index *)index;
    const size_t piece_rows = PIECE_BYTES / (flat->stride * sizeof *flat->rows);
    cs_flat_query one = {.query = query, .params = *params, .out = out};
    if (clamp_k(flat, params) == 0)
        return CLIPSEARCH_OK;
    if (cs_pool_threads(pool) > 1 && count_pieces(flat, piece_rows) > 1) {
        clipsearch_status status = cs_index_flat_search_many(index, &one, 1, pool, err);
        *found = one.found;
        return status;
    }
    cs_topk top;
    scan search;
    begin_scan(flat, &one, 1, &top, NULL, &search);
    scan_rows(&search, 0, flat->count, &top);
    *found = finish_scan(&search, 1);
    return CLIPSEARCH_OK;
}

/* ---- opening and closing */

static void flat_close(cs_index *index)
{
    flat_index *flat = (flat_index *)index;
    cs_idmap_free(&flat->map);
    cs_free(flat->ids);
    cs_free(flat->rows);
    cs_free(flat);
}

static const cs_index_ops flat_ops = {
    .name = "flat",
    .reserve = flat_reserve,
    .put = flat_put,
    .remove = flat_remove,
    .count = flat_count,
    .search = flat_search,
    .close = flat_close,
};

clipsearch_status cs_index_flat_open(size_t dim, clipsearch_metric metric, cs_index **index, clipsearch_error *err)
{
    *index = NULL;
    if (dim < 1 || dim > DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a vector has %zu numbers; an index holds vectors of 1 to %d", dim,
                       DIM_MAX);
    if (metric != CLIPSEARCH_COSINE && metric != CLIPSEARCH_IP && metric != CLIPSEARCH_L2)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "unknown metric %d", (int)metric);
    flat_index *flat = cs_zalloc_array(1, sizeof *flat);
    if (!flat)
        return cs_fail_memory(err, "an index");
    flat->base = (cs_index){.ops = &flat_ops, .dim = dim, .metric = metric};
    flat->stride = (dim + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    *index = &flat->base;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_index_flat_copy(const cs_index *index, cs_index **copy, clipsearch_error *err)
{
    const flat_index *from = (const flat_index *)index;
    clipsearch_status status = cs_index_flat_open(index->dim, index->metric, copy, err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(*copy, from->count, err);
    if (status != CLIPSEARCH_OK) {
        cs_index_close(copy);
        return status;
    }
    flat_index *to = (flat_index *)*copy;
    if (from->count) {
        memcpy(to->rows, from->rows, from->count * from->stride * sizeof *to->rows);
        memcpy(to->ids, from->ids, from->count * sizeof *to->ids);
    }
    for (size_t row = 0; row < from->count; row++)
        cs_idmap_add(&to->map, to->ids, row);
    to->count = from->count;
    return CLIPSEARCH_OK;
}
