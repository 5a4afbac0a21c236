/* SPDX-License-Identifier: MIT
 * cvt.h - number type conversions; all exact (widening). */
#ifndef CS_KERNELS_CVT_H
#define CS_KERNELS_CVT_H

#include "base/dtype.h"
#include "kernels/cpu.h"

typedef struct cs_cvt_ops {
    const char *name;
    /* n numbers of `dtype` at `src` (any alignment) to floats; NaN payloads need not survive, NaN does */
    void (*to_f32)(cs_dtype dtype, const void *src, size_t n, float *dst);
} cs_cvt_ops;

const cs_cvt_ops *cs_cvt_ops_for(cs_cpu_flags flags);
const cs_cvt_ops *cs_cvt(void);

#endif
