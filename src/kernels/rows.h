/* SPDX-License-Identifier: MIT
 * rows.h - one float query against float, half or bfloat16 rows chosen from an array. */
#ifndef CS_KERNELS_ROWS_H
#define CS_KERNELS_ROWS_H

#include "kernels/cpu.h"

#include <stddef.h>
#include <stdint.h>

/* Lengths are multiples of CS_ROWS_STEP (pad with zeros), strides are in elements. AVX2 and AVX-512 give the same bits;
 * C sums in another order. Rows are prefetched. */
enum { CS_ROWS_STEP = 16 };

typedef struct cs_rows_ops {
    const char *name;
    /* out[i] = dot, or squared distance, of query [n] and rows [picked[i] * stride ...], i < count */
    void (*dot_f32)(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out);
    void (*l2sq_f32)(const float *query, const float *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out);
    /* The same with rows of IEEE halves, widened exactly. */
    void (*dot_f16)(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                    size_t n, float *out);
    void (*l2sq_f16)(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out);
    /* The same with the upper halves of floats (bfloat16). */
    void (*dot_bf16)(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                     size_t n, float *out);
    void (*l2sq_bf16)(const float *query, const uint16_t *rows, size_t stride, const uint32_t *picked, size_t count,
                      size_t n, float *out);
} cs_rows_ops;

/* The table of one level, or NULL when the build or the processor lacks it. */
const cs_rows_ops *cs_rows_ops_for(cs_cpu_flags flags);
/* The table of cs_cpu_best(). */
const cs_rows_ops *cs_rows(void);

#endif
