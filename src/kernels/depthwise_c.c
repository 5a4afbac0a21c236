/* SPDX-License-Identifier: MIT
 * depthwise_c.c - one row of a depthwise convolution, the plain reference. */
#include "kernels/depthwise_impl.h"

#include <assert.h>

static void row(const cs_depthwise_call *call)
{
    assert(call->rows && call->weights && call->bias && call->y && call->stride >= 1);
    for (size_t x = 0; x < call->out_width; x++)
        for (size_t c = 0; c < call->channels; c++) {
            float sum = call->bias[c];
            for (size_t ky = 0; ky < call->kernel_h; ky++)
                for (size_t kx = 0; call->rows[ky] && kx < call->kernel_w; kx++) {
                    const size_t at = x * call->stride + kx; /* counted from the left padding */
                    if (at >= call->pad && at - call->pad < call->width)
                        sum += call->rows[ky][(at - call->pad) * call->channels + c] *
                               call->weights[(ky * call->kernel_w + kx) * call->channels + c];
                }
            if (call->residual)
                sum += call->residual[x * call->channels + c];
            sum = sum < call->low ? call->low : sum;
            call->y[x * call->channels + c] = sum > call->high ? call->high : sum;
        }
}

const cs_depthwise_ops cs_depthwise_ops_c = {.name = "depthwise c", .row = row};
