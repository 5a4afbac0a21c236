/* SPDX-License-Identifier: MIT
 * layernorm.c - spreads the rows over the threads. */
#include "nn/layernorm.h"

#include "base/mem.h"
#include "kernels/act.h"
#include "nn/floats.h"

enum { ROWS_A_PIECE = 8 }; /* a piece of a few microseconds, so that fetching it costs next to nothing */

typedef struct job {
    const cs_layernorm *norm;
    const float *x; /* [rows, width] */
    float *y;       /* [rows, width] */
    size_t rows;
    const cs_act_ops *ops;
    const cs_qgemm_rows *coded; /* NULL: the rows are not quantized */
    const cs_qgemm_ops *quantize;
} job;

clipsearch_status cs_layernorm_open(cs_layernorm *norm, const cs_matrix *weight, const cs_matrix *bias, float eps,
                                    clipsearch_error *err)
{
    *norm = (cs_layernorm){.width = weight->columns, .eps = eps};
    clipsearch_status status = cs_floats_copy(weight, &norm->gamma, err);
    if (status == CLIPSEARCH_OK)
        status = cs_floats_copy(bias, &norm->beta, err);
    if (status != CLIPSEARCH_OK)
        cs_layernorm_close(norm);
    return status;
}

void cs_layernorm_close(cs_layernorm *norm)
{
    cs_free(norm->gamma);
    cs_free(norm->beta);
    *norm = (cs_layernorm){0};
}

static void normalise_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const job *j = context;
    size_t width = j->norm->width, first = piece * ROWS_A_PIECE;
    size_t end = first + ROWS_A_PIECE < j->rows ? first + ROWS_A_PIECE : j->rows;
    for (size_t row = first; row < end; row++) {
        float *y = j->y + row * width;
        j->ops->layernorm(j->x + row * width, j->norm->gamma, j->norm->beta, j->norm->eps, width, y);
        if (j->coded)
            cs_qgemm_quantize_row(j->quantize, y, width, j->coded, row);
    }
}

void cs_layernorm_forward(const cs_layernorm *norm, const float *x, size_t rows, float *y, cs_pool *pool)
{
    job j = {.norm = norm, .x = x, .y = y, .rows = rows, .ops = cs_act()};
    cs_pool_run(pool, (rows + ROWS_A_PIECE - 1) / ROWS_A_PIECE, normalise_piece, &j);
}

void cs_layernorm_quantize(const cs_layernorm *norm, const float *x, size_t rows, float *y, const cs_qgemm_rows *coded,
                           cs_pool *pool)
{
    job j = {
        .norm = norm, .x = x, .y = y, .rows = rows, .ops = cs_act(), .coded = coded, .quantize = cs_qgemm_ops_best()};
    cs_pool_run(pool, (rows + ROWS_A_PIECE - 1) / ROWS_A_PIECE, normalise_piece, &j);
}
