/* SPDX-License-Identifier: MIT
 * conv_c.c - rows of runs times a panel, the plain reference. */
#include "kernels/conv_impl.h"

#include <assert.h>
#include <string.h>

/* Four floats on any processor. From plain loops gcc vectorises across the steps rather than across the outputs, which
 * is three times slower. */
typedef float four __attribute__((vector_size(16)));

/* A tile of TILE rows by STRIP outputs: few enough sums for sixteen registers of four floats, and enough for each
 * weight that is read to be used several times. */
enum { LANES = 4, VECTORS = 2, STRIP = VECTORS * LANES, TILE = 4 };

/* The strip at `output` for `rows` rows from `row` on, summed. */
static inline __attribute__((always_inline)) void sum_tile(const cs_conv_call *call, size_t row, size_t rows,
                                                           size_t output, float out[TILE][STRIP])
{
    const float *w = call->packed + output * call->runs * call->run;
    four sums[TILE][VECTORS];
    for (size_t i = 0; i < rows; i++)
        memcpy(sums[i], call->bias + output, sizeof sums[i]);
    for (size_t r = 0; r < call->runs; r++) {
        const float *x[TILE];
        for (size_t i = 0; i < rows; i++)
            x[i] = call->starts[r * call->rows + row + i];
        for (size_t c = 0; c < call->run; c++, w += STRIP) {
            four weights[VECTORS];
            memcpy(weights, w, sizeof weights);
            for (size_t i = 0; i < rows; i++)
                for (size_t v = 0; v < VECTORS; v++)
                    sums[i][v] += weights[v] * x[i][c];
        }
    }
    for (size_t i = 0; i < rows; i++)
        memcpy(out[i], sums[i], sizeof sums[i]);
}

static void multiply(const cs_conv_call *call)
{
    assert(call->rows <= CS_CONV_ROWS && call->outputs <= CS_CONV_PANEL && call->ldy >= call->outputs);
    assert(call->starts && call->packed && call->bias && call->y);
    for (size_t output = 0; output < call->outputs; output += STRIP)
        for (size_t row = 0, rows; row < call->rows; row += rows) {
            float sums[TILE][STRIP];
            rows = call->rows - row >= TILE ? TILE : 1;
            if (rows == TILE)
                sum_tile(call, row, TILE, output, sums);
            else
                sum_tile(call, row, 1, output, sums);
            for (size_t i = 0; i < rows; i++)
                for (size_t o = 0; o < STRIP && output + o < call->outputs; o++) {
                    const size_t at = (row + i) * call->ldy + output + o;
                    float sum = call->residual ? sums[i][o] + call->residual[at] : sums[i][o];
                    sum = sum < call->low ? call->low : sum;
                    call->y[at] = sum > call->high ? call->high : sum;
                }
        }
}

const cs_conv_ops cs_conv_ops_c = {.name = "conv c", .strip = STRIP, .lanes = STRIP, .multiply = multiply};
