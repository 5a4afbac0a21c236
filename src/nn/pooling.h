/* SPDX-License-Identifier: MIT
 * pooling.h - maxima and means over windows of an image, [count, height, width, channels]. */
#ifndef CS_NN_POOLING_H
#define CS_NN_POOLING_H

#include "base/pool.h"

/* The height or width that comes out: floor((size + 2 pad - window) / stride) + 1; 0 when the window does not fit. */
size_t cs_pool_output(size_t size, size_t window, size_t stride, size_t pad);

/* y [count, output height, output width, channels]: the maximum over a window x window square every `stride` pixels;
 * the padding (less than the window) never wins. NaN in a window gives NaN. Each output depends on its window only. */
void cs_max_pool(const float *x, size_t count, size_t height, size_t width, size_t channels, size_t window,
                 size_t stride, size_t pad, float *y, cs_pool *pool);

/* y [count, height / window, width / window, channels]: the mean of each window x window square (CLIP's ResNets do this
 * for a stride, window 2). A remainder at the right and the bottom is left out. The sum runs row by row in float. */
void cs_average_pool(const float *x, size_t count, size_t height, size_t width, size_t channels, size_t window,
                     float *y, cs_pool *pool);

/* y [count, channels] from x [count, pixels, channels]: the mean (the sum runs in double) and the maximum. pixels >= 1.
 * NaN gives NaN. */
void cs_global_average_pool(const float *x, size_t count, size_t pixels, size_t channels, float *y, cs_pool *pool);
void cs_global_max_pool(const float *x, size_t count, size_t pixels, size_t channels, float *y, cs_pool *pool);

#endif
