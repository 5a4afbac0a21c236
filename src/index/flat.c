/* SPDX-License-Identifier: MIT
 * flat.c - the exact scan: every vector is compared, block by block, row ranges spread over the threads. */
#include "index/index.h"

#include "base/mem.h"
#include "index/idmap.h"
#include "index/huge_pages.h"
#include "index/topk.h"
#include "kernels/vec.h"

#include <string.h>

enum {
    DIM_MAX = 4096,
    ROW_ALIGN = 16,        /* floats: rows begin on a cache line */
    BLOCK_ROWS = 128,      /* rows scored by one kernel call; the scores fit in half a kilobyte of stack */
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
    size_t piece_rows;
} scan;

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
    cs_index_request_huge_pages(rows, floats * sizeof *rows);
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

static void scan_piece(void *context, size_t piece, unsigned worker)
{
    const scan *search = context;
    const flat_index *flat = search->flat;
    const cs_vec_ops *vec = cs_vec();
    float scores[BLOCK_ROWS];
    size_t row = piece * search->piece_rows;
    size_t end = flat->count - row < search->piece_rows ? flat->count : row + search->piece_rows;
    while (row < end) {
        size_t n = allowed_run(search, &row, end);
        const float *rows = flat->rows + row * flat->stride;
        if (n && flat->base.metric == CLIPSEARCH_L2)
            vec->l2sq_many(search->query, rows, flat->stride, n, flat->base.dim, scores);
        else if (n)
            vec->dot_many(search->query, rows, flat->stride, n, flat->base.dim, scores);
        offer_block(search, &search->tops[worker], row, n, scores);
        row += n;
    }
}

/* One thread: no memory is taken, the heap is the caller's `out`. More: each other thread has a heap of its own, in all
 * (threads - 1) * min(k, count) neighbours of 16 bytes, offered to the first one's at the end. Scores are bit-equal
 * whatever the block, and the order of neighbours is total, so the result does not depend on the threads. */
static clipsearch_status flat_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                     cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    const flat_index *flat = (const flat_index *)index;
    bool higher = nearer_is_higher(index);
    size_t most = params->allowed && params->allowed->count < flat->count ? params->allowed->count : flat->count;
    size_t k = params->k < most ? params->k : most;
    size_t piece_rows = PIECE_BYTES / (flat->stride * sizeof *flat->rows);
    size_t pieces = flat->count / piece_rows + (flat->count % piece_rows != 0);
    if (k == 0)
        return CLIPSEARCH_OK;
    if (params->stats)
        params->stats->distances =
            params->allowed && params->allowed->count < flat->count ? params->allowed->count : flat->count;
    unsigned threads = cs_pool_threads(pool);
    cs_topk first = cs_topk_make(out, k, higher);
    scan search = {.flat = flat, .query = query, .params = params, .tops = &first, .piece_rows = piece_rows};
    if (threads == 1 || pieces == 1) {
        for (size_t piece = 0; piece < pieces; piece++)
            scan_piece(&search, piece, 0);
        *found = cs_topk_finish(&first);
        return CLIPSEARCH_OK;
    }

    size_t others;
    cs_topk *tops = cs_alloc_array(threads, sizeof *tops);
    cs_neighbour *heaps =
        __builtin_mul_overflow((size_t)threads - 1, k, &others) ? NULL : cs_alloc_array(others, sizeof *heaps);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!tops || !heaps) {
        status =
            cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for a search of %zu neighbours on %u threads", k, threads);
        goto done;
    }
    tops[0] = first;
    for (unsigned t = 1; t < threads; t++)
        tops[t] = cs_topk_make(heaps + (t - 1) * k, k, higher);
    search.tops = tops;
    cs_pool_run(pool, pieces, scan_piece, &search);
    for (unsigned t = 1; t < threads; t++)
        for (size_t i = 0; i < tops[t].count; i++)
            cs_topk_offer(&tops[0], tops[t].heap[i].id, tops[t].heap[i].score);
    *found = cs_topk_finish(&tops[0]);
done:
    cs_free(heaps);
    cs_free(tops);
    return status;
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
