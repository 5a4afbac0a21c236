/* SPDX-License-Identifier: MIT
 * hnsw_offset.c - the offset of 8-bit codes. */
#include "index/hnsw_offset.h"

#include "base/huge_pages.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* FEW: fewer vectors have no useful mean. SAMPLE: so many have nearly the mean of all. AT_ONCE: quantizing so many
 * takes some hundredths of a second; more are quantized again only beside a batch of at least a SHARE-th of them, whose
 * own work is greater. LONGER: times the median of the lengths. */
enum { FEW = 32, SAMPLE = 16384, AT_ONCE = 32768, SHARE = 64, LONGER = 4 };

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

/* What a mean is computed in. */
typedef struct mean {
    double *sums;    /* [dim] */
    double *lengths; /* [SAMPLE] */
    float *numbers;  /* [dim], the mean */
} mean;

/* About SAMPLE of the vectors [count, stride]; of the index's own only those that are in use. */
typedef struct sample {
    const cs_hnsw *hnsw;
    const float *vectors;
    size_t count, stride, step;
    bool own;
} sample;

static bool is_in_use(const sample *s, size_t row)
{
    return !s->own || s->hnsw->state[row] == CS_HNSW_LIVE || s->hnsw->state[row] == CS_HNSW_SAME;
}

static double length_of(const float *vector, size_t dim)
{
    double square = 0;
    for (size_t i = 0; i < dim; i++)
        square += (double)vector[i] * vector[i];
    return sqrt(square);
}

static int compare_lengths(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The length from which on a vector counts as one of this length. A few that are very much longer than the others would
 * otherwise be the mean, and the codes of the others, which are what is left beside it, all the same. */
static double find_longest(const sample *s, size_t dim, double *lengths)
{
    size_t n = 0;
    for (size_t row = 0; row < s->count; row += s->step)
        if (is_in_use(s, row))
            lengths[n++] = length_of(s->vectors + row * s->stride, dim);
    if (n == 0)
        return 0;
    qsort(lengths, n, sizeof *lengths, compare_lengths);
    return LONGER * lengths[n / 2];
}

static void compute_mean(const sample *s, mean *m)
{
    const size_t dim = s->hnsw->base.dim;
    const double longest = find_longest(s, dim, m->lengths);
    size_t n = 0;
    memset(m->sums, 0, dim * sizeof *m->sums);
    for (size_t row = 0; row < s->count; row += s->step) {
        if (!is_in_use(s, row))
            continue;
        const float *vector = s->vectors + row * s->stride;
        const double length = length_of(vector, dim), share = length > longest ? longest / length : 1;
        n++;
        for (size_t i = 0; i < dim; i++)
            m->sums[i] += share * vector[i];
    }
    for (size_t i = 0; i < dim; i++)
        m->numbers[i] = n ? (float)(m->sums[i] / (double)n) : 0;
}

/* New arrays are filled while searches use the old ones; then the pointers change. */
static clipsearch_status quantize_again(cs_hnsw *hnsw, const float *offset, cs_pool *pool, clipsearch_error *err)
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
    cs_quant_set_offset(&work.quant, offset);
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
    const bool own = hnsw->rows > 0;
    const size_t rows = own ? hnsw->rows : count;
    const sample some = {.hnsw = hnsw,
                         .vectors = own ? hnsw->exact : vectors,
                         .count = rows,
                         .stride = own ? hnsw->exact_stride : dim,
                         .step = rows / SAMPLE + 1,
                         .own = own};
    mean m = {.sums = cs_alloc_array(dim, sizeof *m.sums),
              .lengths = cs_alloc_array(SAMPLE, sizeof *m.lengths),
              .numbers = cs_alloc_array(dim, sizeof *m.numbers)};
    clipsearch_status status = CLIPSEARCH_OK;
    if (!m.sums || !m.lengths || !m.numbers) {
        status = cs_fail_memory(err, "the mean of an index");
    } else {
        compute_mean(&some, &m);
    }
    if (status == CLIPSEARCH_OK && own) {
        status = quantize_again(hnsw, m.numbers, pool, err);
    } else if (status == CLIPSEARCH_OK) {
        pthread_rwlock_wrlock(&hnsw->shared->lock);
        cs_quant_set_offset(&hnsw->quant, m.numbers);
        pthread_rwlock_unlock(&hnsw->shared->lock);
    }
    if (status == CLIPSEARCH_OK)
        hnsw->offset_count = have;
    cs_free(m.sums);
    cs_free(m.lengths);
    cs_free(m.numbers);
    return status;
}
