/* SPDX-License-Identifier: MIT
 * narrow.h - floats rounded to the shorter types a weight file can hold. */
#ifndef CS_MODEL_NARROW_H
#define CS_MODEL_NARROW_H

#include "base/dtype.h"

#include <stddef.h>
#include <stdint.h>

/* What rounding did, added up over calls. */
typedef struct cs_narrow_count {
    uint64_t changed;  /* numbers that are not the same afterwards */
    uint64_t overflow; /* finite numbers that became infinite */
} cs_narrow_count;

/* n floats as `dtype` at `out` (n * cs_dtype_size bytes, little-endian), to the nearest, ties to even; below f16's
 * smallest normal number to the nearest subnormal one or zero. Infinities and NaN stay what they are. */
void cs_narrow(cs_dtype dtype, const float *values, size_t n, void *out, cs_narrow_count *count);

#endif
