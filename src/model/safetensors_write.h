/* SPDX-License-Identifier: MIT
 * safetensors_write.h - a safetensors file written as a whole or not at all. */
#ifndef CS_MODEL_SAFETENSORS_WRITE_H
#define CS_MODEL_SAFETENSORS_WRITE_H

#include "base/replace.h"
#include "model/weights.h"

/* A tensor to be written. */
typedef struct cs_tensor_plan {
    const char *name; /* UTF-8, unique in the file */
    cs_dtype dtype;
    const char *integers; /* "I8" or "I32" instead of dtype; NULL: floats */
    bool mapped;          /* used where it lies: as the first tensor at a multiple of 64 bytes of the file */
    int rank;
    size_t shape[CS_TENSOR_RANK];
} cs_tensor_plan;

/* Bytes of one of its numbers. */
size_t cs_tensor_plan_size(const cs_tensor_plan *tensor);

typedef struct cs_metadata {
    const char *key, *value; /* UTF-8 */
} cs_metadata;

/* A file while it is written. Zero is valid and means that nothing is being written. */
typedef struct cs_safetensors_writer {
    cs_replacement file;
    uint64_t promised, written; /* bytes of tensors */
} cs_safetensors_writer;

/* Begin to replace `path`: the header of `count` tensors, which lie in the file in this order, and `metadata`.
 * Tensors begin at multiples of their numbers' size when those of 4 bytes come first. The first begins at a multiple
 * of 8 bytes of the file, or of 64. Errors: CLIPSEARCH_E_IO, _LIMIT (sizes overflow, a
 * header over 100 MB), _MEMORY. */
clipsearch_status cs_safetensors_create(const char *path, const cs_tensor_plan *tensors, size_t count,
                                        const cs_metadata *metadata, size_t metadata_count,
                                        cs_safetensors_writer *writer, clipsearch_error *err);

/* The next bytes of the tensors. CLIPSEARCH_E_IO. */
clipsearch_status cs_safetensors_write(cs_safetensors_writer *writer, const void *data, size_t size,
                                       clipsearch_error *err);

/* Replace the old file by the finished one. After a failure, and after cs_safetensors_drop, the old file is unchanged.
 * CLIPSEARCH_E_IO. */
clipsearch_status cs_safetensors_finish(cs_safetensors_writer *writer, clipsearch_error *err);
void cs_safetensors_drop(cs_safetensors_writer *writer);

#endif
