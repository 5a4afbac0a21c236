/* SPDX-License-Identifier: MIT
 * vec.h - products and distances of float vectors. */
#ifndef CS_KERNELS_VEC_H
#define CS_KERNELS_VEC_H

#include "kernels/cpu.h"

#include <stddef.h>

/* AVX2 and AVX-512 sum in one fixed order, so they give the same bits; C sums in another. Nothing depends on
 * alignment. */
typedef struct cs_vec_ops {
    const char *name;
    /* sum of a[i]*b[i], i < n */
    float (*dot)(const float *a, const float *b, size_t n);
    /* sum of (a[i]-b[i])^2 */
    float (*l2sq)(const float *a, const float *b, size_t n);
    /* out[r] = dot(query, rows + r*stride, n) for r < count, each bit-equal to dot() of the same level: one query
     * against many rows pays the indirect call once and keeps the query in registers or L1 */
    void (*dot_many)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);
    void (*l2sq_many)(const float *query, const float *rows, size_t stride, size_t count, size_t n, float *out);
} cs_vec_ops;

/* The table of one level, or NULL when the build or the processor lacks it. */
const cs_vec_ops *cs_vec_ops_for(cs_cpu_flags flags);
/* The table of cs_cpu_best(). */
const cs_vec_ops *cs_vec(void);

/* Divide x [n] by its Euclidean norm (accumulated in double); returns the norm. A zero vector is left as it is. */
float cs_vec_normalise(float *x, size_t n);

#endif
