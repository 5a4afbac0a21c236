/* SPDX-License-Identifier: MIT
 * hnsw_offset.c - the offset of 8-bit codes. */
#include "index/hnsw_offset.h"

#include "base/huge_pages.h"
#include "base/mem.h"

#include <string.h>

/* FEW: fewer vectors have no useful mean. SAMPLE: so many have nearly the mean of all. AT_ONCE: quantizing so many
 * takes some hundredths of a second; more are quantized again only beside a batch of at least a SHARE-th of them, whose
 * own work is greater. */
enum { FEW = 32, SAMPLE = 16384, AT_ONCE = 32768, SHARE = 64 };

typedef struct requantization {
    const cs_hnsw *hnsw;
    cs_quant quant;
    cs_quant_query *scratch; /* [threads] */
} requantization;

enum { PIECE_ROWS = 256 };

static void requantize_piece(void *context, size_t piece, unsigned worker)
{
    const requantization *work = context;
    const cs_hnsw *hnsw = work->hnsw;
    const size_t end = (piece + 1) * PIECE_ROWS < hnsw->rows ? (piece + 1) * PIECE_ROWS : hnsw->rows;
    for (size_t row = piece * PIECE_ROWS; row < end; row++)
        if (hnsw->state[row] != CS_HNSW_FREE)
            cs_quant_encode(&work->quant, row, hnsw->exact + row * hnsw->exact_stride, &work->scratch[worker]);
}

/* mean [dim] of about SAMPLE of vectors [count, stride]; of the index's own vectors only those that are in use. */
static void compute_mean(const cs_hnsw *hnsw, const float *vectors, size_t count, size_t stride, bool own, double *sums,
                         float *mean)
{
    const size_t dim = hnsw->base.dim, step = count / SAMPLE + 1;
    size_t n = 0;
    memset(sums, 0, dim * sizeof *sums);
    for (size_t row = 0; row < count; row += step) {
        if (own && hnsw->state[row] != CS_HNSW_LIVE && hnsw->state[row] != CS_HNSW_SAME)
            continue;
        n++;
        for (size_t i = 0; i < dim; i++)
            sums[i] += vectors[row * stride + i];
    }
    for (size_t i = 0; i < dim; i++)
        mean[i] = n ? (float)(sums[i] / (double)n) : 0;
}

/* New arrays are filled while searches use the old ones; then the pointers change. */
static clipsearch_status quantize_again(cs_hnsw *hnsw, const float *mean, cs_pool *pool, clipsearch_error *err)
{
    const unsigned threads = cs_pool_threads(pool);
    requantization work = {.hnsw = hnsw, .quant = hnsw->quant};
    const cs_quant old = hnsw->quant;
    clipsearch_status status = CLIPSEARCH_OK;
    work.quant.rows = cs_alloc_aligned(hnsw->capacity, work.quant.row_bytes);
    work.quant.terms = cs_zalloc_array(hnsw->capacity, sizeof *work.quant.terms);
    work.quant.offset = cs_alloc_array(hnsw->base.dim, sizeof *work.quant.offset);
    work.scratch = cs_zalloc_array(threads, sizeof *work.scratch);
    bool enough = work.quant.rows && work.quant.terms && work.quant.offset && work.scratch;
    for (unsigned t = 0; enough && t < threads; t++)
        enough = cs_quant_query_make(&work.quant, &work.scratch[t]);
    if (!enough) {
        cs_free(work.quant.rows);
        cs_free(work.quant.terms);
        cs_free(work.quant.offset);
        status = cs_fail_memory(err, "new codes of an index");
        goto done;
    }
    cs_request_huge_pages(work.quant.rows, hnsw->capacity * work.quant.row_bytes);
    memset(work.quant.rows, 0, hnsw->capacity * work.quant.row_bytes);
    cs_quant_set_offset(&work.quant, mean);
    cs_pool_run(pool, (hnsw->rows + PIECE_ROWS - 1) / PIECE_ROWS, requantize_piece, &work);
    pthread_rwlock_wrlock(&hnsw->shared->lock);
    hnsw->quant = work.quant;
    pthread_rwlock_unlock(&hnsw->shared->lock);
    cs_free(old.rows);
    cs_free(old.terms);
    cs_free(old.offset);
done:
    for (unsigned t = 0; work.scratch && t < threads; t++)
        cs_quant_query_free(&work.scratch[t]);
    cs_free(work.scratch);
    return status;
}

clipsearch_status cs_hnsw_update_offset(cs_hnsw *hnsw, const float *vectors, size_t count, cs_pool *pool,
                                        clipsearch_error *err)
{
    const size_t dim = hnsw->base.dim, have = hnsw->rows ? hnsw->count : count;
    if (hnsw->quant.kind != CS_QUANT_I8 || have < FEW || have < 2 * hnsw->offset_count)
        return CLIPSEARCH_OK;
    if (hnsw->rows > AT_ONCE && count < hnsw->rows / SHARE)
        return CLIPSEARCH_OK;
    double *sums = cs_alloc_array(dim, sizeof *sums);
    float *mean = cs_alloc_array(dim, sizeof *mean);
    clipsearch_status status = CLIPSEARCH_OK;
    if (!sums || !mean) {
        status = cs_fail_memory(err, "the mean of an index");
    } else if (hnsw->rows) {
        compute_mean(hnsw, hnsw->exact, hnsw->rows, hnsw->exact_stride, true, sums, mean);
        status = quantize_again(hnsw, mean, pool, err);
    } else {
        compute_mean(hnsw, vectors, count, dim, false, sums, mean);
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        cs_quant_set_offset(&hnsw->quant, mean);
        pthread_rwlock_unlock(&hnsw->shared->lock);
    }
    if (status == CLIPSEARCH_OK)
        hnsw->offset_count = have;
    cs_free(sums);
    cs_free(mean);
    return status;
}
