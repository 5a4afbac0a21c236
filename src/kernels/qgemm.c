/* SPDX-License-Identifier: MIT
 * qgemm.c - the choice among the tables of integer products; splits a product among threads. */
#include "kernels/gemm_impl.h"
#include "kernels/qgemm_impl.h"

#include <assert.h>

enum { ROW_BLOCK = 96, ROWS_A_PIECE = 4 };

const cs_qgemm_ops *cs_qgemm_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AVX512VNNI
        {CS_CPU_AVX512VNNI, &cs_qgemm_ops_avx512vnni},
#endif
#ifdef CS_HAVE_AVXVNNI
        {CS_CPU_AVXVNNI, &cs_qgemm_ops_avxvnni},
#endif
#ifdef CS_HAVE_AVX2
        {CS_CPU_AVX2, &cs_qgemm_ops_avx2},
#endif
        {CS_CPU_C, &cs_qgemm_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

const cs_qgemm_ops *cs_qgemm_ops_best(void)
{
    return cs_qgemm_ops_for(cs_cpu_best());
}

size_t cs_qgemm_stride(size_t k)
{
    return (k + CS_QGEMM_GROUP - 1) / CS_QGEMM_GROUP * CS_QGEMM_GROUP;
}

/* What the codes of a row leave of its values. Of a row that is no number, no number. */
static void leave_rest(const float *x, size_t k, const uint8_t *codes, const cs_qgemm_row *row, float *rest)
{
    for (size_t i = 0; i < k; i++)
        rest[i] = x[i] - (float)(codes[i] - row->zero) * row->scale;
    for (size_t i = 0; i < row->wide_count; i++)
        rest[row->wide[i].at] = x[row->wide[i].at] - (float)row->wide[i].value * row->scale;
}

void cs_qgemm_quantize_row(const cs_qgemm_ops *ops, const float *x, size_t k, const cs_qgemm_rows *rows, size_t i)
{
    const size_t stride = cs_qgemm_stride(k);
    ops->quantize(x, k, rows->codes + i * stride, &rows->rows[i]);
    if (!rows->rest)
        return;
    float rest[CS_QGEMM_MAX_K];
    leave_rest(x, k, rows->codes + i * stride, &rows->rows[i], rest);
    ops->quantize(rest, k, rows->codes + (rows->rest + i) * stride, &rows->rows[rows->rest + i]);
}

typedef struct quantize_job {
    const cs_qgemm_ops *ops;
    const float *x;
    size_t ldx, m, k;
    const cs_qgemm_rows *rows;
} quantize_job;

static void quantize_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const quantize_job *job = context;
    const size_t begin = piece * ROWS_A_PIECE;
    for (size_t i = begin; i < job->m && i < begin + ROWS_A_PIECE; i++)
        cs_qgemm_quantize_row(job->ops, job->x + i * job->ldx, job->k, job->rows, i);
}

void cs_qgemm_quantize(const float *x, size_t ldx, size_t m, size_t k, const cs_qgemm_rows *rows, cs_pool *pool)
{
    quantize_job job = {.ops = cs_qgemm_ops_best(), .x = x, .ldx = ldx, .m = m, .k = k, .rows = rows};
    cs_pool_run(pool, (m + ROWS_A_PIECE - 1) / ROWS_A_PIECE, quantize_piece, &job);
}

typedef struct multiply_job {
    const cs_qgemm_ops *ops;
    const cs_qgemm_weights *w;
    const cs_qgemm_rows *x;
    cs_gemm_job finish; /* where the sums go and what is done with them */
    size_t row_blocks;
} multiply_job;

/* sums [rows, CS_QGEMM_PANEL] = rows of X, with their rest, by the outputs. */
static void multiply_rows(const cs_qgemm_ops *ops, const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t row,
                          size_t rows, size_t first, size_t outputs, float *sums)
{
    _Alignas(64) float rest[ROW_BLOCK * CS_QGEMM_PANEL];
    ops->multiply(w, x, row, rows, first, outputs, sums, CS_QGEMM_PANEL);
    if (!x->rest)
        return;
    ops->multiply(w, x, x->rest + row, rows, first, outputs, rest, CS_QGEMM_PANEL);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < outputs; j++)
            sums[i * CS_QGEMM_PANEL + j] += rest[i * CS_QGEMM_PANEL + j];
}

static void multiply_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const multiply_job *job = context;
    const size_t first = piece / job->row_blocks * CS_QGEMM_PANEL, row = piece % job->row_blocks * ROW_BLOCK;
    const size_t outputs = job->w->n - first < CS_QGEMM_PANEL ? job->w->n - first : CS_QGEMM_PANEL;
    const size_t rows = job->finish.m - row < ROW_BLOCK ? job->finish.m - row : ROW_BLOCK;
    _Alignas(64) float sums[ROW_BLOCK * CS_QGEMM_PANEL];
    multiply_rows(job->ops, job->w, job->x, row, rows, first, outputs, sums);
    cs_gemm_finish(&job->finish, sums, CS_QGEMM_PANEL, row, rows, first, outputs);
}

void cs_qgemm_with(const cs_qgemm_ops *ops, const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m,
                   const float *bias, cs_activation act, const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    assert(w->k <= CS_QGEMM_MAX_K && ldy >= w->n);
    multiply_job job = {.ops = ops,
                        .w = w,
                        .x = x,
                        .finish = {.m = m, .bias = bias, .act = act, .residual = residual, .y = y, .ldy = ldy},
                        .row_blocks = (m + ROW_BLOCK - 1) / ROW_BLOCK};
    cs_pool_run(pool, (w->n + CS_QGEMM_PANEL - 1) / CS_QGEMM_PANEL * job.row_blocks, multiply_piece, &job);
}

void cs_qgemm(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m, const float *bias, cs_activation act,
              const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    cs_qgemm_with(cs_qgemm_ops_best(), w, x, m, bias, act, residual, y, ldy, pool);
}
