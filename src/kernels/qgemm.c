/* SPDX-License-Identifier: MIT
 * qgemm.c - the choice among the tables of integer products. */
#include "kernels/panels_run.h"
#include "kernels/qgemm_impl.h"

#include <assert.h>

enum { ROWS_A_PIECE = 4 };

const cs_qgemm_ops *cs_qgemm_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AMX
        {CS_CPU_AMX, &cs_qgemm_ops_amx},
#endif
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

void cs_qgemm_quantize_row(const cs_qgemm_ops *ops, const float *x, size_t k, const cs_qgemm_rows *rows, size_t i)
{
    const size_t stride = cs_qgemm_stride(k);
    float rest[CS_QGEMM_MAX_K];
    const int32_t most = cs_qgemm_most(rows->rest);
    ops->quantize(x, k, most, rows->codes + i * stride, &rows->rows[i], rows->rest ? rest : NULL);
    if (rows->rest)
        ops->quantize(rest, k, most, rows->codes + (rows->rest + i) * stride, &rows->rows[rows->rest + i], NULL);
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

typedef struct product {
    const cs_qgemm_ops *ops;
    const cs_qgemm_weights *w;
    const cs_qgemm_rows *x;
} product;

/* Products that are not final: of rows in two steps, or with a residual that comes after the activation. */
static void sum_panel(const product *p, size_t row, size_t rows, size_t first, size_t outputs, size_t next, float *sums)
{
    cs_qgemm_output to = {.y = sums, .ldy = CS_PANEL};
    p->ops->multiply(p->w, p->x, row, rows, first, outputs, next, &to);
    to.residual = sums;
    if (p->x->rest)
        p->ops->multiply(p->w, p->x, p->x->rest + row, rows, first, outputs, first, &to);
}

static void write_panel(const void *context, const cs_gemm_job *finish, size_t row, size_t rows, size_t first,
                        size_t outputs, size_t next)
{
    const product *p = context;
    const size_t at = row * finish->ldy + first;
    if (p->x->rest || (finish->residual && finish->act != CS_ACT_NONE)) {
        _Alignas(64) float sums[CS_PANEL_ROWS * CS_PANEL];
        sum_panel(p, row, rows, first, outputs, next, sums);
        cs_gemm_finish(finish, sums, CS_PANEL, row, rows, first, outputs);
        return;
    }
    const cs_qgemm_output to = {.bias = finish->bias ? finish->bias + first : NULL,
                                .residual = finish->residual ? finish->residual + at : NULL,
                                .y = finish->y + at,
                                .ldy = finish->ldy};
    p->ops->multiply(p->w, p->x, row, rows, first, outputs, next, &to);
    cs_gemm_activate(finish, row, rows, first, outputs);
}

void cs_qgemm_with(const cs_qgemm_ops *ops, const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m,
                   const float *bias, cs_activation act, const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    assert(w->k <= CS_QGEMM_MAX_K && ldy >= w->n);
    const product p = {.ops = ops, .w = w, .x = x};
    const cs_gemm_job finish = {.m = m, .bias = bias, .act = act, .residual = residual, .y = y, .ldy = ldy};
    cs_panels_run(write_panel, &p, w->n, &finish, pool);
}

void cs_qgemm(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t m, const float *bias, cs_activation act,
              const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    cs_qgemm_with(cs_qgemm_ops_best(), w, x, m, bias, act, residual, y, ldy, pool);
}
