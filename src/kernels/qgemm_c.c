/* SPDX-License-Identifier: MIT
 * qgemm_c.c - the integer matrix product, the plain reference: what all other tables compute. */
#include "kernels/qgemm_row.h"

#include <assert.h>

static float sum_sizes(const float *x, size_t k)
{
    float lanes[QGEMM_LANES] = {0};
    for (size_t i = 0; i < k; i++)
        lanes[i % QGEMM_LANES] += fabsf(x[i]);
    for (size_t half = QGEMM_LANES / 2; half; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

static qgemm_extremes find_extremes(const float *x, size_t k, float limit)
{
    qgemm_extremes found = {0};
    for (size_t i = 0; i < k; i++) {
        const float size = fabsf(x[i]), kept = size > limit ? 0 : x[i];
        found.least = kept < found.least ? kept : found.least;
        found.most = kept > found.most ? kept : found.most;
        found.size = size > found.size ? size : found.size;
        found.over += size > limit;
    }
    return found;
}

static void quantize(const float *x, size_t k, int32_t most, uint8_t *codes, cs_qgemm_row *row, float *rest)
{
    qgemm_scale s = {.most = most};
    memset(codes + k / CS_QGEMM_GROUP * CS_QGEMM_GROUP, 0, k % CS_QGEMM_GROUP ? CS_QGEMM_GROUP : 0);
    const float total = sum_sizes(x, k);
    qgemm_extremes found = {0};
    if (total <= FLT_MAX)
        for (s.limit = qgemm_first_limit(total, k); (found = find_extremes(x, k, s.limit)).over > CS_QGEMM_WIDE;)
            s.limit *= QGEMM_WIDE_GROWTH;
    if (!qgemm_choose_scale(total, &found, &s, row)) {
        qgemm_leave_all(x, k, codes, row, rest);
        return;
    }
    for (size_t i = 0; i < k; i++) {
        const float kept = fabsf(x[i]) > s.limit ? 0 : x[i];
        const int32_t code = (int32_t)rintf(kept * s.inverse) + s.zero;
        codes[i] = (uint8_t)(code > most ? most : code);
        if (rest)
            rest[i] = x[i] - (float)(codes[i] - s.zero) * s.scale;
        qgemm_keep_wide(x, i, &s, row, rest);
    }
}

static int32_t code_of(const cs_qgemm_weights *w, size_t output, size_t input)
{
    const size_t groups = cs_qgemm_stride(w->k) / CS_QGEMM_GROUP;
    const size_t line = output / CS_QGEMM_STRIP * groups + input / CS_QGEMM_GROUP;
    return w->codes[(line * CS_QGEMM_STRIP + output % CS_QGEMM_STRIP) * CS_QGEMM_GROUP + input % CS_QGEMM_GROUP];
}

static void multiply(const cs_qgemm_weights *w, const cs_qgemm_rows *x, size_t begin, size_t count, size_t first,
                     size_t outputs, size_t next, const cs_qgemm_output *to)
{
    (void)next;
    assert(first % CS_PANEL == 0 && outputs <= CS_PANEL && w->k <= CS_QGEMM_MAX_K);
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
            const size_t at = i * to->ldy + j;
            float y = (float)sum * w->scales[first + j] * row->scale;
            y = to->bias ? y + to->bias[j] : y;
            to->y[at] = to->residual ? y + to->residual[at] : y;
        }
    }
}

const cs_qgemm_ops cs_qgemm_ops_c = {.name = "qgemm c", .quantize = quantize, .multiply = multiply};
