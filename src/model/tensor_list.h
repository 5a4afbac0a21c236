/* SPDX-License-Identifier: MIT
 * tensor_list.h - collects the tensors of a container that does not give their number in advance. */
#ifndef CS_MODEL_TENSOR_LIST_H
#define CS_MODEL_TENSOR_LIST_H

#include "base/buf.h"
#include "model/container.h"

enum { CS_MAX_TENSORS = 1 << 17, CS_MAX_TENSOR_NAME = 4096, CS_MAX_TENSOR_NAMES = 64 << 20 };

typedef struct cs_tensor_list {
    cs_weights *weights;
    cs_buf names;    /* one after the other, each with its NUL */
    size_t *name_at; /* [weights->count] */
    size_t capacity;
} cs_tensor_list;

cs_tensor_list cs_tensor_list_make(cs_weights *weights);

/* Add a tensor, all but its name filled, to weights->tensors. Refused: an empty name, one with a NUL inside or longer
 * than CS_MAX_TENSOR_NAME, more than CS_MAX_TENSORS, all names together longer than CS_MAX_TENSOR_NAMES. */
clipsearch_status cs_tensor_list_add(cs_tensor_list *list, const char *name, size_t name_len, const cs_tensor *tensor,
                                     clipsearch_error *err);

/* Remove `prefix` from every name, if each name begins with it and is longer. True when it was done. */
bool cs_tensor_list_strip(cs_tensor_list *list, const char *prefix);

/* Give the tensors their names, which the weights now own, and free the rest. */
clipsearch_status cs_tensor_list_finish(cs_tensor_list *list, clipsearch_error *err);
void cs_tensor_list_free(cs_tensor_list *list);

#endif
