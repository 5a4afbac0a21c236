/* SPDX-License-Identifier: MIT
 * hnsw_graph.c - the memory of an HNSW index: arrays that grow, and scratch. */
#include "index/hnsw_graph.h"

#include "base/huge_pages.h"
#include "base/mem.h"
#include "index/hnsw_calibrate.h"

#include <string.h>

/* A zeroed, aligned array with the first `used` of `old`'s items; NULL when out of memory. */
static void *grow_array(const void *old, size_t used, size_t count, size_t size)
{
    char *array = cs_alloc_aligned(count, size);
    if (!array)
        return NULL;
    cs_request_huge_pages(array, count * size);
    if (used)
        memcpy(array, old, used * size);
    memset(array + used * size, 0, (count - used) * size);
    return array;
}

static bool grow_arrays(const cs_hnsw *old, cs_hnsw *grown, size_t capacity)
{
    const size_t rows = old->rows;
    const bool i8 = old->quant.kind == CS_QUANT_I8, ip = old->base.metric == CLIPSEARCH_IP;
    grown->capacity = capacity;
    grown->exact = grow_array(old->exact, rows, capacity, old->exact_stride * sizeof *grown->exact);
    grown->links = grow_array(old->links, rows, capacity, old->m0 * sizeof *grown->links);
    grown->state = grow_array(old->state, rows, capacity, sizeof *grown->state);
    grown->levels = grow_array(old->levels, rows, capacity, sizeof *grown->levels);
    grown->upper_at = grow_array(old->upper_at, rows, capacity, sizeof *grown->upper_at);
    grown->next = grow_array(old->next, rows, capacity, sizeof *grown->next);
    grown->ids = grow_array(old->ids, rows, capacity, sizeof *grown->ids);
    grown->quant.terms = i8 ? grow_array(old->quant.terms, rows, capacity, sizeof *grown->quant.terms) : NULL;
    grown->quant.squares = ip ? grow_array(old->quant.squares, rows, capacity, sizeof *grown->quant.squares) : NULL;
    grown->quant.rows = old->quant.kind == CS_QUANT_F32
                            ? grown->exact
                            : grow_array(old->quant.rows, rows, capacity, old->quant.row_bytes);
    grown->map = (cs_idmap){0};
    return grown->exact && grown->links && grown->state && grown->levels && grown->upper_at && grown->next &&
           grown->ids && grown->quant.rows && (!i8 || grown->quant.terms) && (!ip || grown->quant.squares) &&
           cs_idmap_make(&grown->map, capacity);
}

static void free_row_arrays(cs_hnsw *hnsw)
{
    if (hnsw->quant.kind != CS_QUANT_F32)
        cs_free(hnsw->quant.rows);
    cs_free(hnsw->quant.terms);
    cs_free(hnsw->quant.squares);
    cs_free(hnsw->exact);
    cs_free(hnsw->links);
    cs_free(hnsw->state);
    cs_free(hnsw->levels);
    cs_free(hnsw->upper_at);
    cs_free(hnsw->next);
    cs_free(hnsw->ids);
    cs_idmap_free(&hnsw->map);
}

/* Not the whole struct: the part that every kind of index has in common is read without a lock. */
static void use_arrays(cs_hnsw *hnsw, const cs_hnsw *grown)
{
    hnsw->capacity = grown->capacity;
    hnsw->exact = grown->exact;
    hnsw->quant = grown->quant;
    hnsw->links = grown->links;
    hnsw->state = grown->state;
    hnsw->levels = grown->levels;
    hnsw->upper_at = grown->upper_at;
    hnsw->next = grown->next;
    hnsw->ids = grown->ids;
    hnsw->map = grown->map;
}

static clipsearch_status fail_capacity(const cs_hnsw *hnsw, size_t capacity, clipsearch_status status,
                                       clipsearch_error *err)
{
    if (status == CLIPSEARCH_E_LIMIT)
        return cs_fail(err, status, "%zu vectors are more than the %d a graph can hold", capacity, CS_HNSW_MAX_ROWS);
    return cs_fail(err, status, "out of memory for an index of %zu vectors of %zu numbers", capacity, hnsw->base.dim);
}

static void fill_map(const cs_hnsw *from, cs_hnsw *grown)
{
    for (size_t row = 0; row < from->rows; row++)
        if (from->state[row] == CS_HNSW_LIVE || from->state[row] == CS_HNSW_SAME)
            cs_idmap_add(&grown->map, grown->ids, row);
}

/* The copies are made while searches go on; only the change of pointers makes them wait. */
clipsearch_status cs_hnsw_grow(cs_hnsw *hnsw, size_t capacity, clipsearch_error *err)
{
    if (capacity > CS_HNSW_MAX_ROWS)
        return fail_capacity(hnsw, capacity, CLIPSEARCH_E_LIMIT, err);
    cs_hnsw grown = *hnsw, old = *hnsw;
    if (!grow_arrays(hnsw, &grown, capacity)) {
        free_row_arrays(&grown);
        return fail_capacity(hnsw, capacity, CLIPSEARCH_E_MEMORY, err);
    }
    fill_map(hnsw, &grown);
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    use_arrays(hnsw, &grown);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    free_row_arrays(&old);
    return CLIPSEARCH_OK;
}

bool cs_hnsw_grow_upper(cs_hnsw *hnsw, size_t blocks)
{
    if (hnsw->upper_count + blocks <= hnsw->upper_capacity)
        return true;
    const size_t capacity = hnsw->upper_count + blocks + hnsw->upper_count / 2 + CS_HNSW_LEVELS;
    uint32_t *upper = grow_array(hnsw->upper, hnsw->upper_count, capacity, hnsw->m * sizeof *upper), *old = hnsw->upper;
    if (!upper)
        return false;
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    hnsw->upper = upper;
    hnsw->upper_capacity = capacity;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    cs_free(old);
    return true;
}

void cs_hnsw_free_arrays(cs_hnsw *hnsw)
{
    free_row_arrays(hnsw);
    cs_free(hnsw->upper);
    cs_free(hnsw->quant.offset);
    cs_free(hnsw->retiring.bits);
    cs_hnsw_free_calibration(&hnsw->calibration);
}

/* ---- from a file into memory */

void cs_hnsw_clear_arrays(cs_hnsw *hnsw)
{
    hnsw->quant.rows = NULL;
    hnsw->quant.terms = NULL;
    hnsw->quant.squares = NULL;
    hnsw->quant.offset = NULL;
    hnsw->exact = NULL;
    hnsw->links = NULL;
    hnsw->state = NULL;
    hnsw->levels = NULL;
    hnsw->upper_at = NULL;
    hnsw->upper = NULL;
    hnsw->next = NULL;
    hnsw->ids = NULL;
    hnsw->map = (cs_idmap){0};
    hnsw->calibration.axis = NULL;
    hnsw->calibration.queries = NULL;
}

/* The links that changes follow without further checks; the upper levels were checked when the file was opened. */
static bool links_are_right(const cs_hnsw *hnsw)
{
    bool right = true;
    size_t same = 0; /* vectors on the chain of the node that they name */
    for (size_t row = 0; row < hnsw->rows && right; row++) {
        const uint32_t *links = hnsw->links + row * hnsw->m0;
        if (hnsw->state[row] == CS_HNSW_LIVE)
            for (uint32_t next = hnsw->next[row]; next != CS_HNSW_NONE && right; next = hnsw->next[next], same++)
                right = hnsw->links[next * hnsw->m0] == row;
        if (hnsw->state[row] == CS_HNSW_LIVE || hnsw->state[row] == CS_HNSW_DEAD)
            for (size_t i = 0; i < hnsw->m0 && links[i] != CS_HNSW_NONE && right; i++)
                right = links[i] < hnsw->rows &&
                        (hnsw->state[links[i]] == CS_HNSW_LIVE || hnsw->state[links[i]] == CS_HNSW_DEAD);
    }
    return right && same == hnsw->count - hnsw->nodes;
}

static bool copy_arrays(const cs_hnsw *mapped, cs_hnsw *grown, size_t capacity)
{
    const bool i8 = mapped->quant.kind == CS_QUANT_I8;
    const size_t dim = mapped->base.dim, count = mapped->calibration.query_count;
    const cs_hnsw_calibration *calibration = &mapped->calibration;
    cs_hnsw_clear_arrays(grown);
    if (calibration->axis)
        grown->calibration.axis = grow_array(calibration->axis, dim, dim, sizeof *calibration->axis);
    if (count)
        grown->calibration.queries = grow_array(calibration->queries, count, count, dim * sizeof *calibration->queries);
    if ((calibration->axis && !grown->calibration.axis) || (count && !grown->calibration.queries))
        return false;
    grown->upper_capacity = mapped->upper_count + CS_HNSW_LEVELS;
    grown->upper =
        grow_array(mapped->upper, mapped->upper_count, grown->upper_capacity, mapped->m * sizeof *grown->upper);
    grown->quant.offset = i8 ? grow_array(mapped->quant.offset, dim, dim, sizeof *grown->quant.offset) : NULL;
    return grow_arrays(mapped, grown, capacity) && grown->upper && (!i8 || grown->quant.offset);
}

clipsearch_status cs_hnsw_copy_to_memory(cs_hnsw *hnsw, size_t capacity, clipsearch_error *err)
{
    cs_hnsw_pages *pages = hnsw->pages;
    if (!pages)
        return CLIPSEARCH_OK;
    if (!cs_hnsw_pages_verify_all(pages))
        return cs_hnsw_pages_fail(pages, err);
    if (!links_are_right(hnsw))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: a link leads to a row that holds no node", pages->path);
    capacity = capacity < hnsw->rows ? hnsw->rows : capacity;
    if (capacity > CS_HNSW_MAX_ROWS)
        return fail_capacity(hnsw, capacity, CLIPSEARCH_E_LIMIT, err);
    cs_hnsw grown = *hnsw;
    if (!copy_arrays(hnsw, &grown, capacity)) {
        cs_hnsw_free_arrays(&grown);
        return fail_capacity(hnsw, capacity, CLIPSEARCH_E_MEMORY, err);
    }
    fill_map(hnsw, &grown);
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    use_arrays(hnsw, &grown);
    hnsw->upper = grown.upper;
    hnsw->upper_capacity = grown.upper_capacity;
    hnsw->calibration = grown.calibration;
    hnsw->pages = NULL;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    cs_hnsw_pages_close(pages);
    return CLIPSEARCH_OK;
}

/* ---- scratch */

void cs_hnsw_free_scratch(cs_hnsw_scratch *scratch)
{
    if (!scratch)
        return;
    cs_quant_query_free(&scratch->query);
    cs_quant_query_free(&scratch->row_query);
    cs_free(scratch->visited.bits);
    cs_free(scratch->pool);
    cs_free(scratch->sorted);
    cs_free(scratch->pruned);
    cs_free(scratch->rows);
    cs_free(scratch->distances);
    cs_free(scratch);
}

/* Replace *array by a fresh one; its contents are not kept. */
static bool replace_array(void *array, size_t count, size_t size)
{
    void *grown = cs_alloc_array(count, size), *old;
    if (!grown)
        return false;
    memcpy(&old, array, sizeof old);
    cs_free(old);
    memcpy(array, &grown, sizeof grown);
    return true;
}

static bool fit_scratch(const cs_hnsw *hnsw, cs_hnsw_scratch *scratch, size_t ef, size_t sort)
{
    const size_t words = cs_visited_words(hnsw->capacity);
    if (scratch->visited.words < words) {
        if (!replace_array(&scratch->visited.bits, words, sizeof *scratch->visited.bits))
            return false;
        scratch->visited.words = words;
    }
    if (scratch->pool_capacity < ef) {
        if (!replace_array(&scratch->pool, ef + 1, sizeof *scratch->pool))
            return false;
        scratch->pool_capacity = ef;
    }
    sort = sort < hnsw->m0 ? hnsw->m0 : sort;
    if (scratch->sort_capacity < sort) {
        if (!replace_array(&scratch->sorted, sort, sizeof *scratch->sorted) ||
            !replace_array(&scratch->pruned, sort, sizeof *scratch->pruned) ||
            !replace_array(&scratch->rows, sort, sizeof *scratch->rows) ||
            !replace_array(&scratch->distances, sort, sizeof *scratch->distances))
            return false;
        scratch->sort_capacity = sort;
    }
    return true;
}

cs_hnsw_scratch *cs_hnsw_borrow_scratch(const cs_hnsw *hnsw, size_t ef, size_t sort)
{
    cs_hnsw_shared *shared = hnsw->shared;
    pthread_mutex_lock(&shared->scratch_lock);
    cs_hnsw_scratch *scratch = shared->scratch;
    if (scratch)
        shared->scratch = scratch->next;
    pthread_mutex_unlock(&shared->scratch_lock);
    if (!scratch) {
        scratch = cs_zalloc_array(1, sizeof *scratch);
        if (!scratch || !cs_quant_query_make(&hnsw->quant, &scratch->query) ||
            !cs_quant_query_make(&hnsw->quant, &scratch->row_query)) {
            cs_hnsw_free_scratch(scratch);
            return NULL;
        }
    }
    if (!fit_scratch(hnsw, scratch, ef, sort)) {
        cs_hnsw_free_scratch(scratch);
        return NULL;
    }
    scratch->compared = scratch->expanded = 0;
    scratch->damaged = false;
    return scratch;
}

void cs_hnsw_return_scratch(const cs_hnsw *hnsw, cs_hnsw_scratch *scratch)
{
    if (!scratch)
        return;
    pthread_mutex_lock(&hnsw->shared->scratch_lock);
    scratch->next = hnsw->shared->scratch;
    hnsw->shared->scratch = scratch;
    pthread_mutex_unlock(&hnsw->shared->scratch_lock);
}
