/* SPDX-License-Identifier: MIT
 * container.h - the struct that the readers of weight files fill; private to model. */
#ifndef CS_MODEL_CONTAINER_H
#define CS_MODEL_CONTAINER_H

#include "base/file.h"
#include "model/weights.h"

struct cs_weights {
    char *path;
    cs_map map;          /* empty when opened from memory */
    const uint8_t *data; /* [size] the whole file */
    size_t size;
    cs_tensor *tensors; /* [count] ascending by name once open */
    size_t count;
    char *names; /* the tensors' names, one after the other */
    cs_weights_source source;
    char source_fingerprint[65]; /* of the weights that these were quantized from; "": they were not */
    char inside[64], prefix[64]; /* what source's strings of these names point to */
    void **copies;               /* [copy_count] copies of tensors that cannot be used in the mapped file */
    size_t copy_count, copy_capacity;
};

/* Whether the file begins as a safetensors file does. */
bool cs_safetensors_probe(const uint8_t *data, size_t size);

/* Fill tensors, count and names from data, in any order. On failure what was filled so far is left for
 * cs_weights_close. Errors: CLIPSEARCH_E_MODEL, _MEMORY. */
clipsearch_status cs_safetensors_read(cs_weights *weights, clipsearch_error *err);

/* PyTorch's zip archives and its files from before version 1.6, likewise. Errors: also CLIPSEARCH_E_UNSUPPORTED. */
bool cs_torch_zip_probe(const uint8_t *data, size_t size);
clipsearch_status cs_torch_zip_read(cs_weights *weights, clipsearch_error *err);
bool cs_torch_legacy_probe(const uint8_t *data, size_t size);
clipsearch_status cs_torch_legacy_read(cs_weights *weights, clipsearch_error *err);

/* HDF5. A build without libhdf5 fails here and says so. */
clipsearch_status cs_hdf5_read(cs_weights *weights, clipsearch_error *err);

/* Memory of `bytes` bytes that lives as long as the weights, for a tensor that cannot be used in the mapped file. All
 * copies together may take at most `limit` bytes; beyond it CLIPSEARCH_E_MODEL names the tensor. */
clipsearch_status cs_weights_copy(cs_weights *weights, const char *name, size_t bytes, size_t limit, void **block,
                                  clipsearch_error *err);

/* "[2304, 768]" for messages; cut at the end when longer than `size`. Returns `out`. */
const char *cs_shape_text(int rank, const size_t *shape, char *out, size_t size);

/* The version of libhdf5; NULL in a build without it. */
const char *cs_hdf5_library(void);

#endif
