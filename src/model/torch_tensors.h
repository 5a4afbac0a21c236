/* SPDX-License-Identifier: MIT
 * torch_tensors.h - the tensors a PyTorch pickle describes; private to the readers of PyTorch files. */
#ifndef CS_MODEL_TORCH_TENSORS_H
#define CS_MODEL_TORCH_TENSORS_H

#include "model/container.h"
#include "model/pickle.h"

/* The bytes a storage has in the file. */
typedef struct cs_torch_bytes {
    const uint8_t *data;
    size_t size;
} cs_torch_bytes;

/* Finds the storage called key[n]; fails with a message when there is none. */
typedef struct cs_torch_storages {
    clipsearch_status (*find)(const void *context, const char *key, size_t n, cs_torch_bytes *bytes,
                              clipsearch_error *err);
    const void *context;
} cs_torch_storages;

/* A persistent id: ("storage", class, key, location, elements, view). */
typedef struct cs_torch_storage {
    const char *key;
    size_t key_len;
    const cs_pickle_value *type; /* the class, for cs_pickle_type_of */
    size_t elements;
    cs_pickle_ref view; /* (key, offset, elements) of a part of it, or 0 */
} cs_torch_storage;

/* False when the value is not the persistent id of a storage. */
bool cs_torch_storage_read(const cs_pickle *pickle, cs_pickle_ref ref, cs_torch_storage *storage);

/* Fill weights->tensors from the pickle's root: a TorchScript module's parameters, or a dictionary's tensors. Sets
 * weights->source but for the container. */
clipsearch_status cs_torch_tensors(cs_weights *weights, const cs_pickle *pickle, const cs_torch_storages *storages,
                                   clipsearch_error *err);

/* Whether the pickle's root is a TorchScript module. */
bool cs_torch_is_module(const cs_pickle *pickle);

/* A whole number of at least 0. */
bool cs_torch_size(const cs_pickle *pickle, cs_pickle_ref ref, size_t *size);

#endif
