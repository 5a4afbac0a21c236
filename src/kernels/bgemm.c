/* SPDX-License-Identifier: MIT
 * bgemm.c - the choice among the tables of products in bf16. */
#include "kernels/bgemm_impl.h"
#include "kernels/panels_run.h"

#include <assert.h>

enum { ROWS_A_PIECE = 8 };

const cs_bgemm_ops *cs_bgemm_ops_for(cs_cpu_flags flags)
{
    static const cs_cpu_choice choices[] = {
#ifdef CS_HAVE_AMX
        {CS_CPU_AVX512BF16 | CS_CPU_AMX, &cs_bgemm_ops_amx},
#endif
#ifdef CS_HAVE_AVX512BF16
        {CS_CPU_AVX512 | CS_CPU_AVX512BF16, &cs_bgemm_ops_avx512bf16},
#endif
#ifdef CS_HAVE_AVX512
        {CS_CPU_AVX512, &cs_bgemm_ops_avx512},
#endif
        {CS_CPU_C, &cs_bgemm_ops_c},
    };
    return cs_cpu_choose(choices, flags);
}

bool cs_bgemm_is_fast(void)
{
    return cs_cpu_best() & CS_CPU_AVX512BF16;
}

/* Where vdpbf16ps is slow, more rows than these are multiplied as floats: for fewer widening the weights takes longer
 * than it saves (a text of 5 tokens 10.2 against 5.7 ms). */
enum { FEW_ROWS = 16 };

static const cs_bgemm_ops *best(size_t rows)
{
    const cs_cpu_flags flags = cs_cpu_best();
    if (!cs_bgemm_is_fast())
        return &cs_bgemm_ops_c;
    const bool as_floats = rows > FEW_ROWS && cs_cpu_bf16_is_slow() && !(flags & CS_CPU_AMX);
    return cs_bgemm_ops_for(as_floats ? flags & ~(cs_cpu_flags)CS_CPU_AVX512BF16 : flags);
}

size_t cs_bgemm_stride(size_t k)
{
    return (k + CS_BGEMM_PAIR - 1) / CS_BGEMM_PAIR * CS_BGEMM_PAIR;
}

static void round_row(const cs_bgemm_ops *ops, const float *x, size_t k, uint16_t *row)
{
    if (k % CS_BGEMM_PAIR)
        row[k] = 0;
    ops->round(x, k, row);
}

void cs_bgemm_round_row(const float *x, size_t k, uint16_t *row)
{
    round_row(best(1), x, k, row);
}

typedef struct round_job {
    const cs_bgemm_ops *ops;
    const float *x;
    size_t ldx, m, k;
    uint16_t *rows;
} round_job;

static void round_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const round_job *job = context;
    const size_t begin = piece * ROWS_A_PIECE;
    for (size_t i = begin; i < job->m && i < begin + ROWS_A_PIECE; i++)
        round_row(job->ops, job->x + i * job->ldx, job->k, job->rows + i * cs_bgemm_stride(job->k));
}

void cs_bgemm_round(const float *x, size_t ldx, size_t m, size_t k, uint16_t *rows, cs_pool *pool)
{
    round_job job = {.ops = best(1), .x = x, .ldx = ldx, .m = m, .k = k, .rows = rows};
    cs_pool_run(pool, (m + ROWS_A_PIECE - 1) / ROWS_A_PIECE, round_piece, &job);
}

typedef struct product {
    const cs_bgemm_ops *ops;
    const cs_bgemm_weights *w;
    const uint16_t *x;
} product;

static void write_panel(const void *context, const cs_gemm_job *finish, size_t row, size_t rows, size_t first,
                        size_t outputs, size_t next)
{
    const product *p = context;
    _Alignas(64) float sums[CS_PANEL_ROWS * CS_PANEL];
    p->ops->multiply(p->w, p->x + row * cs_bgemm_stride(p->w->k), rows, first, outputs, next, sums);
    cs_gemm_finish(finish, sums, CS_PANEL, row, rows, first, outputs);
}

void cs_bgemm_with(const cs_bgemm_ops *ops, const cs_bgemm_weights *w, const uint16_t *x, size_t m, const float *bias,
                   cs_activation act, const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    assert(ldy >= w->n);
    const product p = {.ops = ops, .w = w, .x = x};
    const cs_gemm_job finish = {.m = m, .bias = bias, .act = act, .residual = residual, .y = y, .ldy = ldy};
    cs_panels_run(write_panel, &p, w->n, &finish, pool);
}

void cs_bgemm(const cs_bgemm_weights *w, const uint16_t *x, size_t m, const float *bias, cs_activation act,
              const float *residual, float *y, size_t ldy, cs_pool *pool)
{
    cs_bgemm_with(best(m), w, x, m, bias, act, residual, y, ldy, pool);
}
