/* SPDX-License-Identifier: MIT
 * workspace.c - a bump allocator that can also only measure. */
#include "nn/workspace.h"

#include <assert.h>
#include <stdint.h>

void *cs_workspace_alloc(cs_workspace *workspace, size_t count, size_t size)
{
    size_t bytes, end;
    assert((uintptr_t)workspace->base % CS_WORKSPACE_ALIGNMENT == 0);
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - (CS_WORKSPACE_ALIGNMENT - 1))
        workspace->overflow = true;
    if (workspace->overflow)
        return NULL;
    bytes = (bytes + CS_WORKSPACE_ALIGNMENT - 1) / CS_WORKSPACE_ALIGNMENT * CS_WORKSPACE_ALIGNMENT;
    if (__builtin_add_overflow(workspace->used, bytes, &end)) {
        workspace->overflow = true;
        return NULL;
    }
    void *buffer = workspace->base ? (uint8_t *)workspace->base + workspace->used : NULL;
    workspace->used = end;
    return buffer;
}

float *cs_workspace_floats(cs_workspace *workspace, size_t rows, size_t columns)
{
    size_t count;
    if (__builtin_mul_overflow(rows, columns, &count)) {
        workspace->overflow = true;
        return NULL;
    }
    return cs_workspace_alloc(workspace, count, sizeof(float));
}

size_t cs_workspace_size(const cs_workspace *workspace)
{
    return workspace->overflow ? 0 : workspace->used;
}
