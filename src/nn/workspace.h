/* SPDX-License-Identifier: MIT
 * workspace.h - buffers one after another in a block that the caller owns. */
#ifndef CS_NN_WORKSPACE_H
#define CS_NN_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

enum { CS_WORKSPACE_ALIGNMENT = 64 }; /* of the block and of every buffer: a cache line, and the widest vector */

/* With `base` NULL no buffer is returned, and `used` becomes the bytes that the same calls need with a block. So the
 * code that divides a scratch block also measures it, and no second formula is needed. */
typedef struct cs_workspace {
    void *base;    /* 64-byte aligned, or NULL to measure */
    size_t used;   /* bytes */
    bool overflow; /* a size did not fit size_t; `used` means nothing */
} cs_workspace;

/* The next buffer of count * size bytes, or NULL while measuring. */
void *cs_workspace_alloc(cs_workspace *workspace, size_t count, size_t size);

/* The next buffer of rows * columns floats, or NULL while measuring. */
float *cs_workspace_floats(cs_workspace *workspace, size_t rows, size_t columns);

/* Bytes taken, 0 on overflow. */
size_t cs_workspace_size(const cs_workspace *workspace);

#endif
