/* SPDX-License-Identifier: MIT
 * i8.h - products of one vector of 8-bit codes with chosen rows of codes. */
#ifndef CS_KERNELS_I8_H
#define CS_KERNELS_I8_H

#include "kernels/cpu.h"

#include <stddef.h>
#include <stdint.h>

/* A row holds code + 128 as unsigned bytes, the query signed bytes: the only combination that vpdpbusd multiplies. The
 * caller subtracts 128 * (sum of the query). Lengths are whole cache lines, so there is no tail; pad rows with 128, the
 * query with 0. A sum is at most 255 * 128 * n: 32 bits hold it up to n = 65,536. All levels give the same integers. */
enum { CS_I8_STEP = 64, CS_I8_MAX = 65536 };

typedef struct cs_i8_ops {
    const char *name;
    /* out[i] = sum over j < n of query[j] * rows[picked[i] * stride + j], i < count; n a multiple of CS_I8_STEP and at
     * most CS_I8_MAX. Rows are prefetched. */
    void (*dot)(const int8_t *query, const uint8_t *rows, size_t stride, const uint32_t *picked, size_t count, size_t n,
                int32_t *out);
    /* The same of `count` rows that follow one another from `rows` on, for scans. */
    void (*dot_run)(const int8_t *query, const uint8_t *rows, size_t stride, size_t count, size_t n, int32_t *out);
} cs_i8_ops;

/* The best table for a processor with these flags, or NULL when this one or the build lacks one of them. */
const cs_i8_ops *cs_i8_ops_for(cs_cpu_flags flags);
/* The table for cs_cpu_best(). */
const cs_i8_ops *cs_i8(void);

#endif
