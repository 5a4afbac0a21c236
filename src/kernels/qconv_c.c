/* SPDX-License-Identifier: MIT
 * qconv_c.c - the inner loop of a convolution in 8 bits, the plain reference: what all other tables compute. */
#include "kernels/qconv_impl.h"

#include <assert.h>
#include <string.h>

/* The strip of one row at `output` from its sums. */
static void finish(const cs_qconv_call *call, size_t row, size_t output, const int32_t *sums)
{
    const cs_qconv_scale *input = &call->inputs[row];
    for (size_t o = output; o < call->outputs && o < output + CS_QCONV_STRIP; o++) {
        const size_t at = row * call->ldy + o;
        float y = (float)(sums[o - output] - input->zero * call->sums[o]) * call->scales[o] * input->scale;
        y += call->bias[o];
        y = call->residual ? y + call->residual[at] : y;
        y = y < call->low ? call->low : y;
        call->y[at] = y > call->high ? call->high : y;
    }
}

static void multiply(const cs_qconv_call *call)
{
    assert(call->rows <= CS_QCONV_ROWS && call->outputs <= CS_QCONV_PANEL && call->ldy >= call->outputs);
    assert(call->run % CS_QCONV_GROUP == 0 && call->runs * call->run <= CS_QGEMM_MAX_K);
    const size_t strip = call->runs * call->run * CS_QCONV_STRIP;
    for (size_t output = 0; output < call->outputs; output += CS_QCONV_STRIP)
        for (size_t row = 0; row < call->rows; row++) {
            const int8_t *codes = call->codes + output / CS_QCONV_STRIP * strip;
            int32_t sums[CS_QCONV_STRIP] = {0};
            for (size_t r = 0; r < call->runs; r++) {
                const uint8_t *x = call->starts[r * call->rows + row];
                for (size_t k = 0; k < call->run; k += CS_QCONV_GROUP, codes += CS_QCONV_STRIP * CS_QCONV_GROUP)
                    for (size_t o = 0; o < CS_QCONV_STRIP; o++)
                        for (size_t i = 0; i < CS_QCONV_GROUP; i++)
                            sums[o] += x[k + i] * codes[o * CS_QCONV_GROUP + i];
            }
            finish(call, row, output, sums);
        }
}

static void meet_row(const float *x, size_t n, float *sums, float range[2])
{
    float least = 0, most = 0, nothing = 0;
    for (size_t i = 0; i < n; i++) {
        sums[i] += x[i];
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
        nothing += x[i] - x[i]; /* NaN of a NaN or of an infinite value */
    }
    range[0] = least + nothing;
    range[1] = most + nothing;
}

static void meet(const float *x, size_t apart, size_t rows, size_t n, float *sums, float (*ranges)[2])
{
    for (size_t r = 0; r < rows; r++)
        meet_row(x + r * apart, n, sums, ranges[r]);
}

/* To the nearest whole number: adding 1.5 * 2^23 rounds a float to one, which then is in its lowest bits. Compilers
 * make vectors of this and not of rintf. */
static int32_t nearest(float x)
{
    const float shifted = x + 0x1.8p23f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits - 0x4b400000;
}

static void quantize(const float *x, size_t n, const cs_qconv_scale *scale, uint8_t *codes, size_t run)
{
    memset(codes + n, 0, run - n);
    if (!(scale->scale > 0)) {
        memset(codes, 0, n);
        return;
    }
    const float inverse = 1 / scale->scale;
    for (size_t i = 0; i < n; i++) {
        const int32_t code = nearest(x[i] * inverse) + scale->zero;
        codes[i] = (uint8_t)(code < 0 ? 0 : code > scale->most ? scale->most : code);
    }
}

const cs_qconv_ops cs_qconv_ops_c = {.name = "qconv c", .multiply = multiply, .meet = meet, .quantize = quantize};
