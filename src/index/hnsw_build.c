/* SPDX-License-Identifier: MIT
 * hnsw_build.c - algorithm 1 (insert) of Malkov & Yashunin, for batches. */
#include "index/hnsw_build.h"

#include "base/mem.h"
#include "index/hnsw_remove.h"
#include "index/hnsw_repair.h"
#include "index/hnsw_repair_step.h"
#include "index/hnsw_offset.h"
#include "index/hnsw_walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Differences from the paper, and why:
 * 1. Vectors are inserted in batches of at most a BATCH_SHARE-th of the nodes there are. Those of a batch look for
 *    their neighbours in the same unchanging graph, on any number of threads without a lock; then the links back to
 *    them are computed, one target at a time; then all is published at once. So the graph does not depend on the number
 *    of threads, searches go on meanwhile, and a target that gets several links is pruned once.
 * 2. A vector equal to a node's does not become a node; it joins that node's chain. Copies would otherwise fill one
 *    another's links and cut themselves off.
 * 3. The level comes from a hash of seed and id, not from the order of calls. */
enum { BATCH_SHARE = 32, BATCH_MAX = 1024, FIRST_CAPACITY = 64, REPAIR_TIMES = 4, LOOK_FOR_EQUAL = 4 };

/* Once a REPAIR_SHARE-th of the rows holds removed nodes, each insert repairs so many rows: the gradual repair is
 * finished before as many again have been removed and inserted. */
enum { REPAIR_SHARE = 8, REPAIR_ROWS = 8 };

typedef struct item {
    size_t at; /* in the caller's arrays */
    uint32_t row;
    uint32_t same; /* the node with an equal vector, or NONE */
    bool replaced; /* the id is there with another vector */
} item;

typedef struct edge {
    uint32_t target, source;
    int level;
} edge;

typedef struct batch {
    cs_hnsw *hnsw;
    const int64_t *ids;
    const float *vectors;
    size_t count;
    item *items; /* [count] */
    edge *edges; /* by level, target, source */
    size_t edge_count;
    size_t *groups; /* [group_count + 1] where each target's edges begin */
    size_t group_count;
    uint32_t *lists; /* [group_count, m0] the targets' new links */
    cs_hnsw_scratch **scratch;
    unsigned threads;
    size_t rows; /* hnsw->rows once published */
} batch;

/* The finaliser of splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static int level_of(const cs_hnsw *hnsw, int64_t id)
{
    const double u = ((double)(mix(mix(hnsw->seed) ^ (uint64_t)id) >> 11) + 1) * 0x1p-53; /* in (0, 1] */
    const double level = -log(u) * hnsw->level_factor;
    return level < CS_HNSW_LEVELS - 1 ? (int)level : CS_HNSW_LEVELS - 1;
}

static bool equal_vectors(const cs_hnsw *hnsw, uint32_t row, const float *vector)
{
    return memcmp(hnsw->exact + row * hnsw->exact_stride, vector, hnsw->base.dim * sizeof *vector) == 0;
}

/* ---- a batch's own memory */

static void close_batch(batch *b)
{
    for (unsigned t = 0; b->scratch && t < b->threads; t++)
        cs_hnsw_return_scratch(b->hnsw, b->scratch[t]);
    cs_free(b->scratch);
    cs_free(b->items);
    cs_free(b->edges);
    cs_free(b->groups);
    cs_free(b->lists);
}

static bool open_batch(batch *b, size_t most, cs_pool *pool)
{
    const cs_hnsw *hnsw = b->hnsw;
    b->threads = most > 1 ? cs_pool_threads(pool) : 1;
    b->items = cs_alloc_array(most, sizeof *b->items);
    b->scratch = cs_zalloc_array(b->threads, sizeof *b->scratch);
    if (!b->items || !b->scratch)
        return false;
    for (unsigned t = 0; t < b->threads; t++)
        if (!(b->scratch[t] =
                  cs_hnsw_borrow_scratch(hnsw, hnsw->ef_construction, 2 * hnsw->ef_construction + most + hnsw->m0)))
            return false;
    return true;
}

/* ---- choosing the vectors and their rows */

typedef struct keyed {
    uint64_t key;
    size_t at;
} keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static uint64_t hash_vector(const float *vector, size_t dim)
{
    uint64_t hash = dim;
    for (size_t i = 0; i < dim; i++) {
        uint32_t bits;
        memcpy(&bits, vector + i, sizeof bits);
        hash = (hash ^ bits) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

static int by_place(const void *a, const void *b)
{
    const item *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* List the items of vectors [first, first + count), without those whose id occurs again and those that change
 * nothing. */
static void list_items(batch *b, size_t first, size_t count, keyed *keys)
{
    const cs_hnsw *hnsw = b->hnsw;
    b->count = 0;
    for (size_t i = 0; i < count; i++)
        keys[i] = (keyed){.key = (uint64_t)b->ids[first + i], .at = first + i};
    if (count > 1)
        qsort(keys, count, sizeof *keys, by_key);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && keys[i + 1].key == keys[i].key)
            continue;
        const size_t old = cs_idmap_find(&hnsw->map, hnsw->ids, b->ids[keys[i].at]);
        const float *vector = b->vectors + keys[i].at * hnsw->base.dim;
        if (old != SIZE_MAX && equal_vectors(hnsw, (uint32_t)old, vector))
            continue;
        b->items[b->count++] = (item){.at = keys[i].at, .same = CS_HNSW_NONE, .replaced = old != SIZE_MAX};
    }
    if (b->count > 1)
        qsort(b->items, b->count, sizeof *b->items, by_place);
}

/* Reserve rows for the items and room for their upper links, and copy the vectors. Searches see nothing of it yet. */
static clipsearch_status stage(batch *b, clipsearch_error *err)
{
    cs_hnsw *hnsw = b->hnsw;
    size_t blocks = 0;
    for (size_t i = 0; i < b->count; i++)
        blocks += (size_t)level_of(hnsw, b->ids[b->items[i].at]);
    if (!cs_hnsw_grow_upper(hnsw, blocks))
        return cs_fail_memory(err, "the upper levels of an index");
    blocks = hnsw->upper_count;
    b->rows = hnsw->rows;
    for (size_t i = 0; i < b->count; i++) {
        const int64_t id = b->ids[b->items[i].at];
        uint32_t row = hnsw->free_row;
        if (row != CS_HNSW_NONE)
            hnsw->free_row = hnsw->next[row];
        else
            row = (uint32_t)b->rows++;
        b->items[i].row = row;
        hnsw->ids[row] = id;
        hnsw->next[row] = CS_HNSW_NONE;
        hnsw->levels[row] = (uint8_t)level_of(hnsw, id);
        hnsw->upper_at[row] = (uint32_t)blocks;
        blocks += hnsw->levels[row];
        float *exact = hnsw->exact + row * hnsw->exact_stride;
        memset(exact, 0, hnsw->exact_stride * sizeof *exact);
        memcpy(exact, b->vectors + b->items[i].at * hnsw->base.dim, hnsw->base.dim * sizeof *exact);
    }
    return CLIPSEARCH_OK;
}

/* Undo `stage`, in the opposite order, so that the chain of free rows is as it was. */
static void unstage(batch *b)
{
    cs_hnsw *hnsw = b->hnsw;
    for (size_t i = b->count; i-- > 0;) {
        const uint32_t row = b->items[i].row;
        memset(hnsw->exact + row * hnsw->exact_stride, 0, hnsw->exact_stride * sizeof *hnsw->exact);
        if (row < hnsw->rows) {
            hnsw->next[row] = hnsw->free_row;
            hnsw->free_row = row;
        }
    }
}

/* Of equal vectors within the batch the first one is the node. */
static void find_equals(batch *b, keyed *keys)
{
    const size_t dim = b->hnsw->base.dim;
    for (size_t i = 0; i < b->count; i++)
        keys[i] = (keyed){.key = hash_vector(b->vectors + b->items[i].at * dim, dim), .at = i};
    qsort(keys, b->count, sizeof *keys, by_key);
    for (size_t i = 1; i < b->count; i++) {
        if (keys[i].key != keys[i - 1].key)
            continue;
        const item *before = &b->items[keys[i - 1].at];
        item *now = &b->items[keys[i].at];
        if (equal_vectors(b->hnsw, before->row, b->vectors + now->at * dim))
            now->same = before->same == CS_HNSW_NONE ? before->row : before->same;
    }
}

/* ---- links */

/* Copy the living nodes of the walk's pool to scratch->sorted; returns how many. */
static size_t list_living(const cs_hnsw *hnsw, cs_hnsw_scratch *scratch, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (hnsw->state[scratch->pool[i].row] == CS_HNSW_LIVE)
            scratch->sorted[n++] = scratch->pool[i];
    return n;
}

/* Append the nodes with the best products, from a second walk, to scratch->sorted [count]; then sort all by
 * distance. */
static size_t add_by_product(const cs_hnsw *hnsw, cs_hnsw_node start, size_t count, cs_hnsw_scratch *scratch)
{
    size_t found = 0, n = 0;
    scratch->query.by_distance = false;
    cs_quant_distances(&hnsw->quant, &scratch->query, &start.row, 1, &start.distance);
    scratch->pool[0] = start;
    const size_t walked = cs_hnsw_walk(hnsw, 1, hnsw->ef_construction, 0, scratch);
    for (size_t i = 0; i < walked; i++)
        if (hnsw->state[scratch->pool[i].row] == CS_HNSW_LIVE)
            scratch->rows[found++] = scratch->pool[i].row;
    scratch->query.by_distance = true;
    cs_quant_distances(&hnsw->quant, &scratch->query, scratch->rows, found, scratch->distances);
    for (size_t i = 0; i < found; i++)
        scratch->sorted[count + i] = (cs_hnsw_node){.distance = scratch->distances[i], .row = scratch->rows[i]};
    cs_hnsw_sort(scratch->sorted, count + found);
    for (size_t i = 0; i < count + found; i++) /* the same node has the same distance, so copies are neighbours */
        if (n == 0 || scratch->sorted[i].row != scratch->sorted[n - 1].row)
            scratch->sorted[n++] = scratch->sorted[i];
    return n;
}

static void link_item(void *context, size_t piece, unsigned worker)
{
    batch *b = context;
    const cs_hnsw *hnsw = b->hnsw;
    cs_hnsw_scratch *scratch = b->scratch[worker];
    item *it = &b->items[piece];
    const float *vector = b->vectors + it->at * hnsw->base.dim;
    const int level = hnsw->levels[it->row];
    cs_quant_encode(&hnsw->quant, it->row, vector, &scratch->query);
    if (it->same != CS_HNSW_NONE)
        return;
    for (int l = hnsw->entry == CS_HNSW_NONE ? 0 : hnsw->top + 1; l <= level; l++)
        cs_hnsw_links(hnsw, it->row, l)[0] = CS_HNSW_NONE;
    if (hnsw->entry == CS_HNSW_NONE)
        return;
    const bool ip = hnsw->base.metric == CLIPSEARCH_IP;
    scratch->query.by_distance = ip;
    cs_quant_query_row(&hnsw->quant, &scratch->query, it->row);
    cs_hnsw_descend(hnsw, level, scratch);
    for (int l = level < hnsw->top ? level : hnsw->top; l >= 0; l--) {
        size_t count = cs_hnsw_walk(hnsw, 1, hnsw->ef_construction, l, scratch);
        const cs_hnsw_node start = scratch->pool[0];
        count = list_living(hnsw, scratch, count);
        for (size_t i = 0; l == 0 && i < count && i < LOOK_FOR_EQUAL; i++)
            if (equal_vectors(hnsw, scratch->sorted[i].row, vector)) {
                it->same = scratch->sorted[i].row;
                return;
            }
        if (ip && l == 0)
            count = add_by_product(hnsw, start, count, scratch);
        cs_hnsw_choose(hnsw, scratch->sorted, count, hnsw->m, cs_hnsw_cap(hnsw, l), cs_hnsw_links(hnsw, it->row, l),
                       scratch);
    }
}

static int by_target(const void *a, const void *b)
{
    const edge *x = a, *y = b;
    if (x->level != y->level)
        return x->level - y->level;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return (x->source > y->source) - (x->source < y->source);
}

static bool list_edges(batch *b)
{
    const cs_hnsw *hnsw = b->hnsw;
    size_t most = 0, n = 0;
    for (size_t i = 0; i < b->count; i++)
        most += ((size_t)hnsw->levels[b->items[i].row] + 1) * hnsw->m;
    b->edges = cs_alloc_array(most, sizeof *b->edges);
    b->groups = cs_alloc_array(most + 1, sizeof *b->groups);
    if (!b->edges || !b->groups)
        return false;
    for (size_t i = 0; i < b->count; i++) {
        const uint32_t row = b->items[i].row;
        for (int l = 0; b->items[i].same == CS_HNSW_NONE && l <= hnsw->levels[row]; l++) {
            const uint32_t *links = cs_hnsw_links(hnsw, row, l);
            for (size_t j = 0; j < cs_hnsw_cap(hnsw, l) && links[j] != CS_HNSW_NONE; j++)
                b->edges[n++] = (edge){.target = links[j], .source = row, .level = l};
        }
    }
    qsort(b->edges, n, sizeof *b->edges, by_target);
    b->edge_count = n;
    b->group_count = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || b->edges[i].target != b->edges[i - 1].target || b->edges[i].level != b->edges[i - 1].level)
            b->groups[b->group_count++] = i;
    b->groups[b->group_count] = n;
    b->lists = cs_alloc_array(b->group_count * hnsw->m0, sizeof *b->lists);
    return b->lists != NULL;
}

/* The new links of one target: the old ones and those back to the batch; if they are too many, algorithm 4 chooses. */
static void link_back(void *context, size_t piece, unsigned worker)
{
    batch *b = context;
    const cs_hnsw *hnsw = b->hnsw;
    cs_hnsw_scratch *scratch = b->scratch[worker];
    const edge *edges = b->edges + b->groups[piece];
    const size_t added = b->groups[piece + 1] - b->groups[piece], cap = cs_hnsw_cap(hnsw, edges->level);
    const uint32_t *old = cs_hnsw_links(hnsw, edges->target, edges->level);
    uint32_t *links = b->lists + piece * hnsw->m0;
    size_t count = cs_hnsw_link_count(old, cap);
    if (count + added <= cap) {
        memcpy(links, old, count * sizeof *links);
        for (size_t i = 0; i < added; i++)
            links[count++] = edges[i].source;
        if (count < cap)
            links[count] = CS_HNSW_NONE;
        return;
    }
    memcpy(scratch->rows, old, count * sizeof *old);
    for (size_t i = 0; i < added; i++)
        scratch->rows[count++] = edges[i].source;
    scratch->query.by_distance = hnsw->base.metric == CLIPSEARCH_IP;
    cs_quant_query_row(&hnsw->quant, &scratch->query, edges->target);
    cs_quant_distances(&hnsw->quant, &scratch->query, scratch->rows, count, scratch->distances);
    for (size_t i = 0; i < count; i++)
        scratch->sorted[i] = (cs_hnsw_node){.distance = scratch->distances[i], .row = scratch->rows[i]};
    cs_hnsw_sort(scratch->sorted, count);
    cs_hnsw_choose(hnsw, scratch->sorted, count, cap, cap, links, scratch);
}

/* ---- publishing: from here on nothing can fail */

/* Append an item whose vector equals a node's to the node's chain; a node that just lost its last id becomes LIVE
 * again. */
static void publish_equal(cs_hnsw *hnsw, const item *it)
{
    /* its equal in the batch may itself equal a node, or may have revived one */
    uint32_t node = it->same;
    if (hnsw->state[node] == CS_HNSW_SAME)
        node = hnsw->links[node * hnsw->m0];
    if (hnsw->state[node] == CS_HNSW_DEAD) {
        hnsw->state[node] = CS_HNSW_LIVE;
        hnsw->nodes++;
        hnsw->dead--;
        hnsw->ids[node] = hnsw->ids[it->row];
        hnsw->state[it->row] = CS_HNSW_SAME; /* for the others of the batch until all are in */
        hnsw->links[it->row * hnsw->m0] = node;
        cs_idmap_add(&hnsw->map, hnsw->ids, node);
        return;
    }
    hnsw->state[it->row] = CS_HNSW_SAME;
    hnsw->links[it->row * hnsw->m0] = node;
    hnsw->next[it->row] = hnsw->next[node];
    hnsw->next[node] = it->row;
    cs_idmap_add(&hnsw->map, hnsw->ids, it->row);
}

static void publish_node(cs_hnsw *hnsw, const item *it)
{
    cs_idmap_add(&hnsw->map, hnsw->ids, it->row);
    hnsw->state[it->row] = CS_HNSW_LIVE;
    hnsw->nodes++;
    if (hnsw->entry == CS_HNSW_NONE || hnsw->levels[it->row] > hnsw->top) {
        hnsw->entry = it->row;
        hnsw->top = hnsw->levels[it->row];
    }
}

static void publish(batch *b)
{
    cs_hnsw *hnsw = b->hnsw;
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    for (size_t g = 0; g < b->group_count; g++) {
        const edge *first = b->edges + b->groups[g];
        memcpy(cs_hnsw_links(hnsw, first->target, first->level), b->lists + g * hnsw->m0,
               cs_hnsw_cap(hnsw, first->level) * sizeof *b->lists);
    }
    hnsw->rows = b->rows;
    for (size_t i = 0; i < b->count; i++)
        hnsw->upper_count += hnsw->levels[b->items[i].row];
    hnsw->count += b->count;
    for (size_t i = 0; i < b->count; i++)
        if (b->items[i].replaced)
            cs_hnsw_remove_id(hnsw, cs_idmap_find(&hnsw->map, hnsw->ids, b->ids[b->items[i].at]));
    for (size_t i = 0; i < b->count; i++) /* nodes before the vectors on their chains */
        if (b->items[i].same == CS_HNSW_NONE)
            publish_node(hnsw, &b->items[i]);
    for (size_t i = 0; i < b->count; i++)
        if (b->items[i].same != CS_HNSW_NONE)
            publish_equal(hnsw, &b->items[i]);
    for (size_t i = 0; i < b->count; i++) /* rows whose id went to a revived node */
        if (cs_idmap_find(&hnsw->map, hnsw->ids, hnsw->ids[b->items[i].row]) != b->items[i].row)
            cs_hnsw_free_row(hnsw, b->items[i].row);
    pthread_rwlock_unlock(&hnsw->shared->lock);
}

/* ---- */

/* Make room for `more` rows: free ones, or new ones. */
static clipsearch_status make_room(cs_hnsw *hnsw, size_t more, cs_pool *pool, clipsearch_error *err)
{
    size_t room, want;
    /* with so many removed nodes around, a new node would find few living neighbours, or none */
    if (hnsw->dead > REPAIR_TIMES * hnsw->nodes) {
        clipsearch_status status = cs_hnsw_repair_all(hnsw, pool, err);
        if (status)
            return status;
    }
    room = hnsw->capacity - hnsw->rows;
    for (uint32_t row = hnsw->free_row; row != CS_HNSW_NONE && room < more; row = hnsw->next[row])
        room++;
    if (room >= more)
        return CLIPSEARCH_OK;
    if (__builtin_add_overflow(hnsw->rows, more, &want))
        want = SIZE_MAX;
    else if (more < hnsw->rows / 2)
        want = hnsw->rows + hnsw->rows / 2;
    return cs_hnsw_grow(hnsw, want < FIRST_CAPACITY ? FIRST_CAPACITY : want, err);
}

static clipsearch_status put_batch(cs_hnsw *hnsw, const int64_t *ids, const float *vectors, size_t first, size_t count,
                                   cs_pool *pool, clipsearch_error *err)
{
    batch b = {.hnsw = hnsw, .ids = ids, .vectors = vectors};
    keyed *keys = NULL;
    clipsearch_status status = make_room(hnsw, count, pool, err);
    if (status)
        return status;
    keys = cs_alloc_array(count, sizeof *keys);
    if (!keys || !open_batch(&b, count, pool)) {
        status = cs_fail_memory(err, "inserting vectors into an index");
        goto done;
    }
    list_items(&b, first, count, keys);
    status = stage(&b, err);
    if (status)
        goto done;
    if (b.count > 1)
        find_equals(&b, keys);
    cs_pool_run(b.threads > 1 ? pool : NULL, b.count, link_item, &b);
    if (!list_edges(&b)) {
        unstage(&b);
        status = cs_fail_memory(err, "the links of an index");
        goto done;
    }
    cs_pool_run(b.threads > 1 ? pool : NULL, b.group_count, link_back, &b);
    publish(&b);
done:
    close_batch(&b);
    cs_free(keys);
    return status;
}

clipsearch_status cs_hnsw_put_many(cs_hnsw *hnsw, const int64_t *ids, const float *vectors, size_t count, cs_pool *pool,
                                   clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (count > 1)
        status = make_room(hnsw, count, pool, err);
    for (size_t done = 0; done < count && status == CLIPSEARCH_OK;) {
        size_t n = hnsw->nodes / BATCH_SHARE;
        n = n < 1 ? 1 : n > BATCH_MAX ? BATCH_MAX : n;
        n = n > count - done ? count - done : n;
        status = cs_hnsw_update_offset(hnsw, vectors, count, pool, err);
        if (status == CLIPSEARCH_OK)
            status = cs_hnsw_repair_step(hnsw, hnsw->dead > FIRST_CAPACITY && hnsw->dead >= hnsw->rows / REPAIR_SHARE,
                                         n * REPAIR_ROWS, err);
        if (status == CLIPSEARCH_OK)
            status = put_batch(hnsw, ids, vectors, done, n, pool, err);
        done += n;
    }
    return status;
}
