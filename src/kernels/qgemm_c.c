/* SPDX-License-Identifier: MIT
 * qgemm_c.c - the integer matrix product, the plain reference: what all other tables compute. */
#include "kernels/qgemm_row.h"

#include <assert.h>

static void quantize(const float *x, size_t k, uint8_t *codes, cs_qgemm_row *row)
{
    qgemm_quantize_row(x, k, codes, row);
}

static int32_t code_of(const cs_qgemm_weights *w, size_t output, size_t input)
{
    const size_t groups = cs_qgemm_stride(w->k) / CS_QGEMM_GROUP;
    const size_t line = output / CS_QGEMM_STRIP * groups + input / CS_QGEMM_GROUP;
    return w->codes[(line * CS_QGEMM_STRIP + output % CS_QGEMM_STRIP) * CS_QGEMM_GROUP + input % CS_QGEMM_GROUP];
}

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, float *y, size_t ldy)
{
    assert(first % CS_QGEMM_PANEL == 0 && outputs <= CS_QGEMM_PANEL && w->k <= CS_QGEMM_MAX_K);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *codes = x->codes + (begin + i) * cs_qgemm_stride(w->k);
        const cs_qgemm_row *row = &x->rows[begin + i];
        for (size_t j = 0; j < outputs; j++) {
            int32_t sum = 0;
            for (size_t k = 0; k < w->k; k++)
                sum += codes[k] * code_of(w, first + j, k);
            for (size_t wide = 0; wide < row->wide_count; wide++)
                sum += row->wide[wide].value * code_of(w, first + j, row->wide[wide].at);
            sum -= row->zero * w->sums[first + j];
            y[i * ldy + j] = (float)sum * w->scales[first + j] * row->scale;
        }
    }
}

const cs_qgemm_ops cs_qgemm_ops_c = {.name = "qgemm c", .quantize = quantize, .multiply = multiply};
