/* SPDX-License-Identifier: MIT
 * gemm_c.c - one panel of a matrix product, the plain reference. */
#include "kernels/cvt_impl.h"
#include "kernels/gemm_impl.h"

#include <stdint.h>

/* The packed form is panels of PANEL outputs, each [k, PANEL], the last one filled up with zeros. */
enum { PANEL = 16, PIECE = 64 };

static size_t scratch(size_t k)
{
    return k * PANEL;
}

static size_t packed_size(size_t n, size_t k)
{
    return (n + PANEL - 1) / PANEL * PANEL * k;
}

static void pack(const cs_gemm_weights *w, size_t first, size_t count, float *packed)
{
    const size_t size = cs_dtype_size(w->dtype);
    for (size_t j = first * PANEL; j < (first + count) * PANEL; j++) {
        float *column = packed + (j / PANEL - first) * PANEL * w->k + j % PANEL;
        for (size_t k = 0; k < w->k; k += PIECE) {
            float piece[PIECE] = {0};
            size_t n = w->k - k < PIECE ? w->k - k : PIECE;
            if (j < w->n)
                cs_cvt_ops_c.to_f32(w->dtype, (const uint8_t *)w->rows + (j * w->k + k) * size, n, piece);
            for (size_t i = 0; i < n; i++)
                column[(k + i) * PANEL] = piece[i];
        }
    }
}

static void pack_columns(const float *columns, size_t ld, size_t n, size_t k, size_t panel, float *packed)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < PANEL; j++) {
            const size_t output = panel * PANEL + j;
            packed[i * PANEL + j] = output < n ? columns[i * ld + output] : 0;
        }
}

static void multiply(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                     cs_gemm_ahead ahead, float *y, size_t ldy)
{
    (void)ahead;
    for (size_t i = 0; i < m; i++) {
        float sums[PANEL] = {0};
        for (size_t kk = 0; kk < k; kk++)
            for (size_t j = 0; j < PANEL; j++)
                sums[j] += x[i * ldx + kk] * packed[kk * PANEL + j];
        for (size_t j = 0; j < outputs; j++)
            y[i * ldy + j] = sums[j];
    }
}

const cs_gemm_ops cs_gemm_ops_c = {.name = "gemm c",
                                   .panel = PANEL,
                                   .scratch = scratch,
                                   .packed_size = packed_size,
                                   .pack = pack,
                                   .pack_columns = pack_columns,
                                   .multiply = multiply};
