/* SPDX-License-Identifier: MIT
 * hnsw.c - the HNSW index behind the interface of every index: takes the locks, calls the parts that do the work. */
#include "index/hnsw_graph.h"

#include "base/limits.h"
#include "base/mem.h"
#include "index/hnsw_build.h"
#include "index/hnsw_calibrate.h"
#include "index/hnsw_remove.h"
#include "index/hnsw_repair.h"
#include "index/hnsw_file.h"
#include "index/hnsw_search.h"
#include "index/hnsw_repair_step.h"

#include <math.h>
#include <string.h>

enum {
    DIM_MAX = 4096,
    M_MIN = 4,
    M_MAX = 64,
    EF_CONSTRUCTION_MAX = 4096,
    EF_CONSTRUCTION_DEFAULT = 200,
    EF_MAX = 65536,
    EF_DEFAULT = 64,
    MANY = 256,     /* vectors inserted at once: with so many it pays to check that all can be reached */
    REPAIR_ROWS = 8 /* repaired beside one removal */
};

static clipsearch_status hnsw_reserve(cs_index *index, size_t count, clipsearch_error *err)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    clipsearch_status status = cs_hnsw_copy_to_memory(hnsw, count, err);
    if (status == CLIPSEARCH_OK && count > hnsw->capacity)
        status = cs_hnsw_grow(hnsw, count, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}

static clipsearch_status hnsw_put_many(cs_index *index, const int64_t *ids, const float *vectors, size_t count,
                                       cs_pool *pool, clipsearch_error *err)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    clipsearch_status status = cs_hnsw_copy_to_memory(hnsw, hnsw->rows + count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_hnsw_put_many(hnsw, ids, vectors, count, pool, err);
    if (status == CLIPSEARCH_OK && count >= MANY)
        status = cs_hnsw_link_unreachable(hnsw, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}

static clipsearch_status hnsw_put(cs_index *index, int64_t id, const float *vector, clipsearch_error *err)
{
    return hnsw_put_many(index, &id, vector, 1, NULL, err);
}

static bool hnsw_remove(cs_index *index, int64_t id)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    size_t row = cs_idmap_find(&hnsw->map, hnsw->ids, id);
    if (row != SIZE_MAX && cs_hnsw_copy_to_memory(hnsw, 0, NULL) != CLIPSEARCH_OK)
        row = SIZE_MAX;
    if (row != SIZE_MAX) {
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        cs_hnsw_remove_id(hnsw, row);
        pthread_rwlock_unlock(&hnsw->shared->lock);
        /* more removed nodes than living ones: repairing costs less than walking over them; without memory it waits */
        if (hnsw->dead > MANY && hnsw->dead > hnsw->nodes)
            (void)cs_hnsw_repair_step(hnsw, true, REPAIR_ROWS, NULL);
    }
    pthread_mutex_unlock(&hnsw->shared->writer);
    return row != SIZE_MAX;
}

static clipsearch_status hnsw_vacuum(cs_index *index, cs_pool *pool, clipsearch_error *err)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    clipsearch_status status = cs_hnsw_copy_to_memory(hnsw, 0, err);
    if (status == CLIPSEARCH_OK)
        status = cs_hnsw_repair_all(hnsw, pool, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}

static size_t hnsw_count(const cs_index *index)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    const size_t count = hnsw->count;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return count;
}

static clipsearch_status hnsw_search(const cs_index *index, const float *query, const cs_index_search_params *params,
                                     cs_pool *pool, cs_neighbour *out, size_t *found, clipsearch_error *err)
{
    return cs_hnsw_search((const cs_hnsw *)index, query, params, pool, out, found, err);
}

bool cs_index_hnsw_shares_search(const cs_index *index, const float *query, const cs_index_search_params *params)
{
    return cs_hnsw_shares_search((const cs_hnsw *)index, query, params);
}

/* ---- calibration */

clipsearch_status cs_index_hnsw_calibrate(cs_index *index, const float *queries, size_t count, cs_pool *pool,
                                          clipsearch_error *err)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    clipsearch_status status = cs_hnsw_copy_to_memory(hnsw, 0, err);
    if (status == CLIPSEARCH_OK)
        status = cs_hnsw_calibrate(hnsw, queries, count, pool, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}

bool cs_index_hnsw_calibration_is_due(const cs_index *index)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    const bool due = cs_hnsw_calibration_is_due(hnsw);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return due;
}

clipsearch_status cs_index_hnsw_copy_queries(const cs_index *index, float **queries, size_t *count,
                                             clipsearch_error *err)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    *queries = NULL;
    *count = hnsw->calibration.query_count;
    if (*count && !(*queries = cs_alloc_array(*count, hnsw->base.dim * sizeof **queries)))
        status = cs_fail_memory(err, "the queries of an index");
    if (*queries)
        memcpy(*queries, hnsw->calibration.queries, *count * hnsw->base.dim * sizeof **queries);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return status;
}

/* ---- files */

clipsearch_status cs_index_hnsw_copy_to_memory(cs_index *index, size_t count, clipsearch_error *err)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    pthread_mutex_lock(&hnsw->shared->writer);
    clipsearch_status status = cs_hnsw_copy_to_memory(hnsw, count, err);
    pthread_mutex_unlock(&hnsw->shared->writer);
    return status;
}

clipsearch_status cs_index_hnsw_verify(const cs_index *index, clipsearch_error *err)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    clipsearch_status status =
        !hnsw->pages || cs_hnsw_pages_verify_all(hnsw->pages) ? CLIPSEARCH_OK : cs_hnsw_pages_fail(hnsw->pages, err);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return status;
}

void cs_index_hnsw_describe(const cs_index *index, cs_hnsw_info *facts)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    *facts = (cs_hnsw_info){.options = {.m = hnsw->m,
                                        .ef_construction = hnsw->ef_construction,
                                        .ef = hnsw->ef,
                                        .codes = hnsw->quant.kind,
                                        .seed = hnsw->seed},
                            .vectors = hnsw->count,
                            .rows = hnsw->rows,
                            .nodes = hnsw->nodes,
                            .removed = hnsw->dead,
                            .file_bytes = hnsw->pages ? hnsw->pages->map.size : 0,
                            .calibrated = hnsw->calibration.count,
                            .near_ef = hnsw->calibration.ef[CS_HNSW_NEAR],
                            .far_ef = hnsw->calibration.ef[CS_HNSW_FAR],
                            .queries = hnsw->calibration.query_count};
    pthread_rwlock_unlock(&hnsw->shared->lock);
}

bool cs_index_hnsw_has_id(const cs_index *index, int64_t id)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    const bool has = cs_idmap_find(&hnsw->map, hnsw->ids, id) != SIZE_MAX;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return has;
}

clipsearch_status cs_index_hnsw_copy_vector(const cs_index *index, int64_t id, float *vector, bool *found,
                                            clipsearch_error *err)
{
    const cs_hnsw *hnsw = (const cs_hnsw *)index;
    clipsearch_status status = CLIPSEARCH_OK;
    pthread_rwlock_rdlock(&hnsw->shared->lock);
    const size_t row = cs_idmap_find(&hnsw->map, hnsw->ids, id);
    *found = row != SIZE_MAX;
    if (*found && hnsw->pages && !cs_hnsw_pages_verify_rows(hnsw->pages, CS_PAGES_EXACT, &(uint32_t){(uint32_t)row}, 1))
        status = cs_hnsw_pages_fail(hnsw->pages, err);
    else if (*found)
        memcpy(vector, hnsw->exact + row * hnsw->exact_stride, hnsw->base.dim * sizeof *vector);
    pthread_rwlock_unlock(&hnsw->shared->lock);
    return status;
}

/* ---- opening and closing */

static void close_shared(cs_hnsw_shared *shared)
{
    for (cs_hnsw_scratch *scratch = shared->scratch, *next; scratch; scratch = next) {
        next = scratch->next;
        cs_hnsw_free_scratch(scratch);
    }
    pthread_rwlock_destroy(&shared->lock);
    pthread_mutex_destroy(&shared->writer);
    pthread_mutex_destroy(&shared->scratch_lock);
    cs_free(shared);
}

static void hnsw_close(cs_index *index)
{
    cs_hnsw *hnsw = (cs_hnsw *)index;
    if (hnsw->pages)
        cs_hnsw_pages_close(hnsw->pages);
    else
        cs_hnsw_free_arrays(hnsw);
    if (hnsw->shared)
        close_shared(hnsw->shared);
    cs_free(hnsw);
}

static const cs_index_ops hnsw_ops = {
    .name = "hnsw",
    .reserve = hnsw_reserve,
    .put = hnsw_put,
    .remove = hnsw_remove,
    .count = hnsw_count,
    .search = hnsw_search,
    .close = hnsw_close,
    .put_many = hnsw_put_many,
    .vacuum = hnsw_vacuum,
};

/* Without preference for writers a stream of searches would block them for ever. */
static cs_hnsw_shared *open_shared(void)
{
    cs_hnsw_shared *shared = cs_zalloc_array(1, sizeof *shared);
    pthread_rwlockattr_t attributes;
    if (!shared)
        return NULL;
    pthread_rwlockattr_init(&attributes);
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    pthread_rwlock_init(&shared->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    pthread_mutex_init(&shared->writer, NULL);
    pthread_mutex_init(&shared->scratch_lock, NULL);
    return shared;
}

static size_t value_or(size_t value, size_t or_default)
{
    return value ? value : or_default;
}

void cs_hnsw_options_set_defaults(cs_hnsw_options *options)
{
    options->m = value_or(options->m, CS_DEFAULT_M);
    options->ef_construction = value_or(options->ef_construction, EF_CONSTRUCTION_DEFAULT);
    options->ef = value_or(options->ef, EF_DEFAULT);
}

clipsearch_status cs_index_hnsw_open(size_t dim, clipsearch_metric metric, const cs_hnsw_options *given,
                                     cs_index **index, clipsearch_error *err)
{
    cs_hnsw_options filled = *given;
    const cs_hnsw_options *options = &filled;
    *index = NULL;
    cs_hnsw_options_set_defaults(&filled);
    const size_t m = filled.m, ef = filled.ef, ef_construction = filled.ef_construction;
    if (dim < 1 || dim > DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a vector has %zu numbers; an index holds vectors of 1 to %d", dim,
                       DIM_MAX);
    if (metric != CLIPSEARCH_COSINE && metric != CLIPSEARCH_IP && metric != CLIPSEARCH_L2)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "unknown metric %d", (int)metric);
    if (m < M_MIN || m > M_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "M is %zu; %d to %d are allowed", m, M_MIN, M_MAX);
    if (ef_construction < m || ef_construction > EF_CONSTRUCTION_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "ef_construction is %zu; M, here %zu, to %d are allowed",
                       ef_construction, m, EF_CONSTRUCTION_MAX);
    if (ef > EF_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "ef is %zu; 1 to %d are allowed", ef, EF_MAX);
    if (options->codes < CS_QUANT_F32 || options->codes > CS_QUANT_BF16)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "unknown kind of codes %d", (int)options->codes);
    cs_hnsw *hnsw = cs_zalloc_array(1, sizeof *hnsw);
    if (!hnsw)
        return cs_fail_memory(err, "an index");
    hnsw->base = (cs_index){.ops = &hnsw_ops, .dim = dim, .metric = metric};
    hnsw->m = m;
    hnsw->m0 = 2 * m;
    hnsw->ef = ef;
    hnsw->ef_construction = ef_construction;
    hnsw->level_factor = 1 / log((double)m);
    hnsw->seed = options->seed;
    hnsw->free_row = hnsw->entry = CS_HNSW_NONE;
    hnsw->quant = cs_quant_make(options->codes, metric, dim);
    hnsw->exact_stride = cs_quant_make(CS_QUANT_F32, metric, dim).stride;
    hnsw->quant.offset = options->codes == CS_QUANT_I8 ? cs_zalloc_array(dim, sizeof *hnsw->quant.offset) : NULL;
    hnsw->shared = open_shared();
    if (!hnsw->shared || (options->codes == CS_QUANT_I8 && !hnsw->quant.offset)) {
        hnsw_close(&hnsw->base);
        return cs_fail_memory(err, "an index");
    }
    *index = &hnsw->base;
    return CLIPSEARCH_OK;
}
