/* SPDX-License-Identifier: MIT
 * dtype.h - the number types a weight can be stored in. */
#ifndef CS_BASE_DTYPE_H
#define CS_BASE_DTYPE_H

#include <stddef.h>

typedef enum cs_dtype { CS_F32, CS_F16, CS_BF16 } cs_dtype;

static inline size_t cs_dtype_size(cs_dtype dtype)
{
    return dtype == CS_F32 ? 4 : 2;
}

static inline const char *cs_dtype_name(cs_dtype dtype)
{
    return dtype == CS_F32 ? "f32" : dtype == CS_F16 ? "f16" : "bf16";
}

#endif
