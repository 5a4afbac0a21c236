/* SPDX-License-Identifier: MIT
 * gemm.c - splits a matrix product among threads; adds bias, activation and residual while a piece is in the cache. */
#include "kernels/gemm_impl.h"

#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* A piece's sums are kept on the stack: 96 rows of the widest panel are 24 KiB. */
enum { ROW_BLOCK = 96, MAX_PANEL = 64, SCRATCH_ALIGNMENT = 64 };

const cs_gemm_ops *cs_gemm_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_gemm_ops_avx512},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_gemm_ops_avx2},
#endif
#ifdef CS_HAVE_NEON
        {CS_CPU_NEON, &cs_gemm_ops_neon},
#endif
        {CS_CPU_C, &cs_gemm_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_gemm_ops *cs_gemm_ops_best(void)
{
    const cs_cpu_flags level = cs_cpu_best();
    const cs_gemm_ops *blas = level == CS_CPU_C ? cs_gemm_blas() : NULL;
    return blas ? blas : cs_gemm_ops_for(level);
}

static void activate(const cs_act_ops *ops, cs_activation act, float *x, size_t n)
{
    if (act == CS_ACT_QUICK_GELU)
        ops->quick_gelu(x, n);
    else if (act == CS_ACT_GELU)
        ops->gelu(x, n);
}

void cs_gemm_finish(const cs_gemm_job *job, float *sums, size_t lds, size_t row, size_t rows, size_t first,
                    size_t outputs)
{
    const cs_act_ops *ops = cs_act();
    const float *bias = job->bias ? job->bias + first : NULL;
    for (size_t i = 0; i < rows; i++) {
        const size_t at = (row + i) * job->ldy + first;
        const float *residual = job->residual ? job->residual + at : NULL;
        float *sum = sums + i * lds, *y = job->y + at;
        if (residual && job->act != CS_ACT_NONE) { /* it is added last, and may lie in y */
            if (bias)
                ops->add(sum, bias, NULL, outputs, sum);
            activate(ops, job->act, sum, outputs);
            ops->add(sum, residual, NULL, outputs, y);
            continue;
        }
        if (bias)
            ops->add(sum, bias, residual, outputs, y);
        else if (residual)
            ops->add(sum, residual, NULL, outputs, y);
        else if (y != sum)
            memcpy(y, sum, outputs * sizeof *y);
        activate(ops, job->act, y, outputs);
    }
}

void cs_gemm_activate(const cs_gemm_job *job, size_t row, size_t rows, size_t first, size_t outputs)
{
    const cs_act_ops *ops = cs_act();
    for (size_t i = 0; job->act != CS_ACT_NONE && i < rows; i++)
        activate(ops, job->act, job->y + (row + i) * job->ldy + first, outputs);
}

/* What the same thread reads next, probably: a thread's pieces are neighbours. The share of rows [row, row + rows). */
static cs_gemm_ahead panel_after(const cs_gemm_job *job, size_t panel, size_t row, size_t rows)
{
    const cs_gemm_weights *w = job->w;
    const size_t first = (panel + 1) * job->ops->panel;
    if (first + job->ops->panel > w->n)
        return (cs_gemm_ahead){0};
    const size_t size = w->packed ? sizeof *w->packed : cs_dtype_size(w->dtype);
    const void *from = w->packed ? w->packed : w->rows;
    const size_t bytes = job->ops->panel * w->k * size, begin = bytes / job->m * row,
                 end = bytes / job->m * (row + rows);
    return (cs_gemm_ahead){.at = (const char *)from + first * w->k * size + begin, .bytes = end - begin};
}

static void run_piece(void *context, size_t piece, unsigned worker)
{
    const cs_gemm_job *job = context;
    const cs_gemm_ops *ops = job->ops;
    const cs_gemm_weights *w = job->w;
    const size_t panel = piece / job->row_blocks, first = panel * ops->panel;
    const size_t outputs = w->n - first < ops->panel ? w->n - first : ops->panel;
    const size_t begin = piece % job->row_blocks * job->row_block;
    const size_t end = job->m - begin < job->row_block ? job->m : begin + job->row_block;
    _Alignas(64) float sums[ROW_BLOCK * MAX_PANEL];
    if (job->xt) {
        (job->m <= 8 ? ops->multiply_8 : ops->multiply_rows)(w, first, outputs, job->xt, job->m, sums, ops->panel);
        cs_gemm_finish(job, sums, ops->panel, 0, job->m, first, outputs);
        return;
    }
    if (!w->packed && w->k && job->m <= ROW_BLOCK && ops->multiply_stored) {
        ops->multiply_stored(w, panel, job->x, job->ldx, job->m, job->scratch + worker * job->scratch_each, sums,
                             ops->panel);
        cs_gemm_finish(job, sums, ops->panel, 0, job->m, first, outputs);
        return;
    }
    const float *packed = w->packed ? w->packed + panel * ops->panel * w->k : NULL;
    if (!packed) {
        float *own = job->scratch + worker * job->scratch_each;
        ops->pack(w, panel, 1, own);
        packed = own;
    }
    for (size_t i = begin; i < end; i += ROW_BLOCK) {
        size_t rows = end - i < ROW_BLOCK ? end - i : ROW_BLOCK;
        ops->multiply(job->x + i * job->ldx, job->ldx, rows, w->k, packed, outputs, panel_after(job, panel, i, rows),
                      sums, ops->panel);
        cs_gemm_finish(job, sums, ops->panel, i, rows, first, outputs);
    }
}

/* Transpose x into the layout that multiply_rows expects. */
static void transpose(const float *x, size_t ldx, size_t m, size_t k, float *xt)
{
    const size_t lanes = m <= 8 ? 8 : 16;
    for (size_t i = 0; i < (m + lanes - 1) / lanes * lanes; i++) {
        float *to = xt + i / lanes * lanes * k + i % lanes;
        for (size_t kk = 0; kk < k; kk++)
            to[kk * lanes] = i < m ? x[i * ldx + kk] : 0;
    }
}

void cs_gemm_with(const cs_gemm_ops *ops, const cs_gemm_weights *w, const float *x, size_t ldx, size_t m,
                  const float *bias, cs_activation act, const float *residual, float *y, size_t ldy, float *scratch,
                  cs_pool *pool)
{
    cs_gemm_job job = {.ops = ops,
                       .w = w,
                       .x = x,
                       .ldx = ldx,
                       .m = m,
                       .bias = bias,
                       .act = act,
                       .residual = residual,
                       .y = y,
                       .ldy = ldy,
                       .scratch = scratch,
                       .scratch_each = ops->scratch(w->k),
                       .row_block = w->packed ? ROW_BLOCK : m};
    if (m == 0 || w->n == 0)
        return;
    assert(x && y && (w->packed || (w->rows && scratch)));
    assert(ldx >= w->k && ldy >= w->n);
    assert(w->packed || (uintptr_t)scratch % SCRATCH_ALIGNMENT == 0);
    if (ops == &cs_gemm_ops_blas) {
        cs_gemm_blas_run(&job);
        return;
    }
    assert(ops->panel <= MAX_PANEL);
    if (!w->packed && m <= ops->few) {
        transpose(x, ldx, m, w->k, scratch);
        job.xt = scratch;
    }
    job.row_blocks = (m + job.row_block - 1) / job.row_block;
    cs_pool_run(pool, (w->n + ops->panel - 1) / ops->panel * job.row_blocks, run_piece, &job);
}

void cs_gemm(const cs_gemm_weights *w, const float *x, size_t ldx, size_t m, const float *bias, cs_activation act,
             const float *residual, float *y, size_t ldy, float *scratch, cs_pool *pool)
{
    cs_gemm_with(cs_gemm_ops_best(), w, x, ldx, m, bias, act, residual, y, ldy, scratch, pool);
}

size_t cs_gemm_scratch(size_t k)
{
    return cs_gemm_ops_best()->scratch(k);
}

typedef struct pack_job {
    const cs_gemm_ops *ops;
    const cs_gemm_weights *w;
    float *packed;
} pack_job;

static void pack_piece(void *context, size_t piece, unsigned worker)
{
    const pack_job *job = context;
    (void)worker;
    job->ops->pack(job->w, piece, 1, job->packed + piece * job->ops->panel * job->w->k);
}

clipsearch_status cs_gemm_pack_with(const cs_gemm_ops *ops, cs_gemm_weights *w, cs_pool *pool, clipsearch_error *err)
{
    if (w->packed)
        return CLIPSEARCH_OK;
    assert(w->rows);
    float *packed = cs_alloc_large(ops->packed_size(w->n, w->k), sizeof *packed);
    if (!packed)
        return cs_fail_memory(err, "a packed weight matrix");
    pack_job job = {ops, w, packed};
    cs_pool_run(pool, (w->n + ops->panel - 1) / ops->panel, pack_piece, &job);
    w->packed = packed;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_gemm_pack(cs_gemm_weights *w, cs_pool *pool, clipsearch_error *err)
{
    return cs_gemm_pack_with(cs_gemm_ops_best(), w, pool, err);
}

void cs_gemm_unpack(cs_gemm_weights *w)
{
    cs_free(w->packed);
    w->packed = NULL;
}
