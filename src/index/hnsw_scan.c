/* SPDX-License-Identifier: MIT
 * hnsw_scan.c - scans codes in the order in which they lie, piece by piece; each thread keeps its own nearest rows. */
#include "index/hnsw_scan.h"

#include "base/mem.h"

#include <math.h>

enum {
    BLOCK = 64,            /* rows compared by one call */
    PIECE_BYTES = 1 << 17, /* taken by a thread at once: it stays in the processor's cache for all queries */
    FEW_ALLOWED = 16 /* fewer than one id in so many: finding each by the id map is faster than going over all rows */
};

/* What one thread has. */
typedef struct worker {
    cs_hnsw_scan_query *queries; /* [count] */
    size_t compared;
    bool damaged;
} worker;

typedef struct scan {
    const cs_hnsw *hnsw;
    const cs_index_search_params *params;
    cs_hnsw_pages *pages; /* NULL: nothing has to be verified */
    bool filtered;
    bool by_id;         /* the allowed ids are few: a piece is a part of their set, not of the rows */
    size_t piece;       /* rows, or words of the set */
    size_t count, keep; /* queries; rows kept for each */
    worker *workers;    /* [threads] */
} scan;

static inline bool is_farther(cs_hnsw_node a, cs_hnsw_node b)
{
    return a.distance != b.distance ? a.distance > b.distance : a.row > b.row;
}

/* `keep` may be everything, so this is a heap and no sorted list. */
static void add(cs_hnsw_scan_query *to, size_t keep, cs_hnsw_node node)
{
    cs_hnsw_node *heap = to->nodes;
    size_t hole;
    if (to->count < keep) {
        for (hole = to->count++; hole > 0 && is_farther(node, heap[(hole - 1) / 2]); hole = (hole - 1) / 2)
            heap[hole] = heap[(hole - 1) / 2];
    } else {
        if (!is_farther(heap[0], node))
            return;
        hole = 0;
        for (size_t child; (child = 2 * hole + 1) < to->count; hole = child) {
            if (child + 1 < to->count && is_farther(heap[child + 1], heap[child]))
                child++;
            if (!is_farther(heap[child], node))
                break;
            heap[hole] = heap[child];
        }
    }
    heap[hole] = node;
}

/* Compare rows [first, first + count), count <= BLOCK, with every query. Free and removed rows have codes too: they are
 * left out when they are near enough, which is seldom. */
static void compare_run(const scan *s, worker *w, size_t first, size_t count)
{
    float distances[BLOCK];
    const uint8_t *state = s->hnsw->state + first;
    const size_t row_bytes = s->hnsw->quant.row_bytes;
    if (s->pages && !cs_hnsw_pages_verify_bytes(s->pages, s->pages->codes, first * row_bytes, count * row_bytes))
        w->damaged = true;
    w->compared += count;
    for (size_t q = 0; q < s->count; q++) {
        cs_hnsw_scan_query *to = &w->queries[q];
        cs_quant_distances_run(&s->hnsw->quant, to->query, (uint32_t)first, count, distances);
        float limit = to->count < s->keep ? INFINITY : to->nodes[0].distance;
        for (size_t i = 0; i < count; i++)
            if (distances[i] <= limit && (state[i] == CS_HNSW_LIVE || state[i] == CS_HNSW_SAME)) {
                add(to, s->keep, (cs_hnsw_node){.distance = distances[i], .row = (uint32_t)(first + i)});
                limit = to->count < s->keep ? INFINITY : to->nodes[0].distance;
            }
    }
}

/* Compare rows [count <= BLOCK] with every query. */
static void compare_rows(const scan *s, worker *w, const uint32_t *rows, size_t count)
{
    float distances[BLOCK];
    if (s->pages && !cs_hnsw_pages_verify_rows(s->pages, s->pages->codes, rows, count))
        w->damaged = true;
    w->compared += count;
    for (size_t q = 0; q < s->count; q++) {
        cs_hnsw_scan_query *to = &w->queries[q];
        cs_quant_distances(&s->hnsw->quant, to->query, rows, count, distances);
        for (size_t i = 0; i < count; i++)
            if (to->count < s->keep || distances[i] <= to->nodes[0].distance)
                add(to, s->keep, (cs_hnsw_node){.distance = distances[i], .row = rows[i]});
    }
}

static inline bool is_wanted(const scan *s, size_t row)
{
    return (s->hnsw->state[row] == CS_HNSW_LIVE || s->hnsw->state[row] == CS_HNSW_SAME) &&
           cs_index_may_find(s->params, s->hnsw->ids[row]);
}

static void scan_rows(const scan *s, worker *w, size_t first, size_t end)
{
    uint32_t rows[BLOCK];
    size_t listed = 0;
    for (size_t row = first; row < end && !s->filtered; row += BLOCK)
        compare_run(s, w, row, end - row < BLOCK ? end - row : BLOCK);
    for (size_t row = first; row < end && s->filtered; row++) {
        rows[listed] = (uint32_t)row;
        listed += is_wanted(s, row);
        if (listed == BLOCK) {
            compare_rows(s, w, rows, listed);
            listed = 0;
        }
    }
    compare_rows(s, w, rows, listed);
}

/* Rows of the ids in words [first, end) of the allowed set. */
static void scan_ids(const scan *s, worker *w, size_t first, size_t end)
{
    const cs_hnsw *hnsw = s->hnsw;
    const cs_id_set *allowed = s->params->allowed;
    uint32_t rows[BLOCK];
    size_t listed = 0;
    for (size_t word = first; word < end; word++)
        for (uint64_t bits = allowed->bits[word]; bits; bits &= bits - 1) {
            const uint64_t i = word * 64 + (uint64_t)__builtin_ctzll(bits);
            const size_t row = cs_idmap_find(&hnsw->map, hnsw->ids, (int64_t)((uint64_t)allowed->first + i));
            if (row == SIZE_MAX || !cs_index_may_find(s->params, hnsw->ids[row]))
                continue;
            rows[listed++] = (uint32_t)row;
            if (listed == BLOCK) {
                compare_rows(s, w, rows, listed);
                listed = 0;
            }
        }
    compare_rows(s, w, rows, listed);
}

static size_t count_units(const scan *s)
{
    return s->by_id ? (s->params->allowed->size + 63) / 64 : s->hnsw->rows;
}

static void scan_piece(void *context, size_t piece, unsigned thread)
{
    const scan *s = context;
    const size_t units = count_units(s), first = piece * s->piece;
    const size_t end = units - first < s->piece ? units : first + s->piece;
    (s->by_id ? scan_ids : scan_rows)(s, &s->workers[thread], first, end);
}

/* Each thread's own heaps in one piece of memory; the first thread's are the caller's. */
static bool make_workers(scan *s, cs_hnsw_scan_query *queries, unsigned threads, cs_hnsw_scan_query **own,
                         cs_hnsw_node **nodes)
{
    size_t heaps, places;
    if (__builtin_mul_overflow((size_t)threads - 1, s->count, &heaps) ||
        __builtin_mul_overflow(heaps, s->keep, &places))
        return false;
    if (threads == 1) { /* and nothing is allocated */
        s->workers[0].queries = queries;
        return true;
    }
    s->workers = cs_zalloc_array(threads, sizeof *s->workers);
    *own = cs_zalloc_array(heaps, sizeof **own);
    *nodes = cs_alloc_array(places, sizeof **nodes);
    if (!s->workers || !*own || !*nodes)
        return false;
    s->workers[0].queries = queries;
    for (size_t h = 0; h < heaps; h++)
        (*own)[h] = (cs_hnsw_scan_query){.query = queries[h % s->count].query, .nodes = *nodes + h * s->keep};
    for (unsigned t = 1; t < threads; t++)
        s->workers[t].queries = *own + (t - 1) * s->count;
    return true;
}

bool cs_hnsw_scan(const cs_hnsw *hnsw, const cs_index_search_params *params, cs_hnsw_scan_query *queries, size_t count,
                  size_t keep, cs_pool *pool, size_t *compared, bool *damaged)
{
    const cs_id_set *allowed = params->allowed;
    scan s = {.hnsw = hnsw,
              .params = params,
              .pages = cs_hnsw_pages_unverified(hnsw->pages),
              .filtered = allowed || params->excluded_count,
              .by_id = allowed && allowed->count < hnsw->rows / FEW_ALLOWED,
              .count = count,
              .keep = keep};
    const size_t bytes = (allowed ? allowed->count : hnsw->count) * hnsw->quant.row_bytes;
    cs_hnsw_scan_query *own = NULL;
    cs_hnsw_node *nodes = NULL;
    if (bytes / CS_HNSW_SCAN_SHARED_BYTES * count == 0)
        pool = NULL;
    const unsigned threads = cs_pool_threads(pool);
    for (size_t q = 0; q < count; q++)
        queries[q].count = 0;
    const size_t units = count_units(&s), each = PIECE_BYTES / hnsw->quant.row_bytes + BLOCK;
    /* of a set's words few rows come each: fewer, larger pieces */
    s.piece = s.by_id ? units / (4 * (size_t)threads) + 1 : each;
    worker alone = {0};
    s.workers = &alone;
    const bool good = make_workers(&s, queries, threads, &own, &nodes);
    if (good) {
        cs_pool_run(pool, (units + s.piece - 1) / s.piece, scan_piece, &s);
        for (unsigned t = 0; t < threads; t++) {
            *compared += s.workers[t].compared;
            *damaged = *damaged || s.workers[t].damaged;
            for (size_t q = 0; q < count && t; q++)
                for (size_t i = 0; i < s.workers[t].queries[q].count; i++)
                    add(&queries[q], keep, s.workers[t].queries[q].nodes[i]);
        }
    }
    if (s.workers != &alone)
        cs_free(s.workers);
    cs_free(own);
    cs_free(nodes);
    return good;
}
