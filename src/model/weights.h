/* SPDX-License-Identifier: MIT
 * weights.h - a weight file, mapped: tensors by name, whatever the container. */
#ifndef CS_MODEL_WEIGHTS_H
#define CS_MODEL_WEIGHTS_H

#include "base/dtype.h"
#include "base/error.h"

#include <stdint.h>

enum { CS_TENSOR_RANK = 8 }; /* most dimensions a tensor may have */

typedef struct cs_tensor {
    const char *name;
    cs_dtype dtype; /* valid when is_float */
    bool is_float;  /* false: an integer, boolean or other tensor (position_ids), kept by name only */
    int rank;
    size_t shape[CS_TENSOR_RANK];
    size_t count; /* product of shape */
    const void
        *data;    /* [shape], row-major, little-endian, any alignment; in the mapped file, or in memory of the handle */
    size_t bytes; /* at data */
    const char *stored; /* the file's own name of the type: "F32", "I64", ... */
} cs_tensor;

/* The key of the metadata of a file with weights of 8 bits; its value is the fingerprint of the weights that they were
 * made from. */
#define CS_SOURCE_FINGERPRINT "source_fingerprint"

typedef struct cs_weights cs_weights;

/* Where the tensors come from, in words. The strings live as long as the handle. */
typedef struct cs_weights_source {
    /* "safetensors", "PyTorch archive", "TorchScript archive", "PyTorch file (before 1.6)", "HDF5 (Keras)" */
    const char *container;
    const char *inside;  /* the keys that lead to the tensors in a checkpoint that holds more: "state_dict", or "" */
    const char *prefix;  /* what was removed from every name: "module.", or "" */
    size_t copied_bytes; /* of tensors that cannot be used in the mapped file and were copied into memory */
} cs_weights_source;

/* Open a weight file, recognised by its content: safetensors, a PyTorch archive (torch.save, torch.jit.save) or file
 * from before version 1.6, Keras HDF5 where the build has libhdf5. Only its description is read; tensors are paged in
 * when they are used; PyTorch tensors whose elements do not lie one behind the other are copied into memory. All of
 * the description is checked before any of it is used: messages name the file, the tensor and the byte offset.
 * docs/model.md says what is checked in each container.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL, _UNSUPPORTED (a container or an object that is not read: says what to
 * do), _MEMORY. */
clipsearch_status cs_weights_open(const char *path, cs_weights **weights, clipsearch_error *err);

/* The same from memory that outlives the handle (for tests and fuzzing). */
clipsearch_status cs_weights_open_memory(const void *data, size_t size, const char *name, cs_weights **weights,
                                         clipsearch_error *err);
void cs_weights_close(cs_weights **weights);

const char *cs_weights_path(const cs_weights *weights);
const cs_weights_source *cs_weights_source_of(const cs_weights *weights);
size_t cs_weights_count(const cs_weights *weights);
const cs_tensor *cs_weights_at(const cs_weights *weights, size_t i);           /* in ascending order of name */
const cs_tensor *cs_weights_find(const cs_weights *weights, const char *name); /* NULL: none */

/* The float tensor `name` with exactly this shape. CLIPSEARCH_E_MODEL names file, tensor, expected and found shape. */
clipsearch_status cs_weights_get(const cs_weights *weights, const char *name, int rank, const size_t *shape,
                                 const cs_tensor **tensor, clipsearch_error *err);

/* Names the weights without reading them all, as 64 hex digits: the SHA-256 over, for each tensor in ascending order of
 * its name, the text "<name>\0<stored type>\0<d0,d1,...>\0" and then its bytes when there are no more than 64, else the
 * 64 that begin at byte (bytes - 64) / 2 (rounded down). The container is no part of it: the same tensors under the
 * same names are the same weights in any. A safetensors file whose metadata have
 * CS_SOURCE_FINGERPRINT has that one: of the weights that its own were quantized from. Errors: those of
 * cs_digest_final. */
clipsearch_status cs_weights_fingerprint(const cs_weights *weights, char hex[65], clipsearch_error *err);

#endif
