/* SPDX-License-Identifier: MIT
 * conv_c.c - rows of runs times a panel, the plain reference. */
#include "kernels/conv_impl.h"

enum { STRIP = 16 };

static void multiply(const cs_conv_call *call)
{
    const size_t k = call->runs * call->run;
    for (size_t j = 0; j < call->outputs; j += STRIP) {
        const size_t outputs = call->outputs - j < STRIP ? call->outputs - j : STRIP;
        for (size_t i = 0; i < call->rows; i++) {
            const float *w = call->packed + j * k;
            float sums[STRIP];
            for (size_t o = 0; o < STRIP; o++)
                sums[o] = call->bias[j + o];
            for (size_t r = 0; r < call->runs; r++)
                for (size_t c = 0; c < call->run; c++, w += STRIP) {
                    const float x = call->starts[r * call->rows + i][c];
                    for (size_t o = 0; o < STRIP; o++)
                        sums[o] += x * w[o];
                }
            for (size_t o = 0; o < outputs; o++) {
                const size_t at = i * call->ldy + j + o;
                float sum = call->residual ? sums[o] + call->residual[at] : sums[o];
                sum = sum < call->low ? call->low : sum;
                call->y[at] = sum > call->high ? call->high : sum;
            }
        }
    }
}

const cs_conv_ops cs_conv_ops_c = {.name = "conv c", .strip = STRIP, .lanes = STRIP, .multiply = multiply};
