/* SPDX-License-Identifier: MIT
 * linear.c - binds a matrix for cs_gemm. */
#include "nn/linear.h"

#include "base/mem.h"
#include "nn/floats.h"

clipsearch_status cs_linear_open(cs_linear *linear, const cs_matrix *weight, const cs_matrix *bias, bool pack,
                                 cs_pool *pool, clipsearch_error *err)
{
    *linear =
        (cs_linear){.weights = {.n = weight->rows, .k = weight->columns, .dtype = weight->dtype, .rows = weight->data}};
    clipsearch_status status = CLIPSEARCH_OK;
    if (weight->transposed) {
        status = cs_floats_copy(weight, &linear->owned, err);
        linear->weights.dtype = CS_F32;
        linear->weights.rows = linear->owned;
    }
    if (status == CLIPSEARCH_OK && bias)
        status = cs_floats_copy(bias, &linear->bias, err);
    if (status == CLIPSEARCH_OK && pack)
        status = cs_gemm_pack(&linear->weights, pool, err);
    if (status != CLIPSEARCH_OK)
        cs_linear_close(linear);
    return status;
}

void cs_linear_close(cs_linear *linear)
{
    cs_gemm_unpack(&linear->weights);
    cs_free(linear->owned);
    cs_free(linear->bias);
    *linear = (cs_linear){0};
}

size_t cs_linear_packed_bytes(const cs_linear *linear)
{
    return cs_gemm_ops_best()->packed_size(linear->weights.n, linear->weights.k) * sizeof(float);
}

void cs_linear_forward(const cs_linear *linear, const float *x, size_t rows, cs_activation act, const float *residual,
                       float *y, float *scratch, cs_pool *pool)
{
    cs_gemm(&linear->weights, x, linear->weights.k, rows, linear->bias, act, residual, y, linear->weights.n, scratch,
            pool);
}
