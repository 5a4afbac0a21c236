/* SPDX-License-Identifier: MIT
 * container.h - what the readers of weight files fill; private to this room. */
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
    char *names; /* the tensors' names, one behind the other */
};

/* Whether the file begins as a safetensors file does. */
bool cs_safetensors_probe(const uint8_t *data, size_t size);

/* Fill tensors, count and names from data, in any order. On failure what was filled so far is left for
 * cs_weights_close. Errors: CLIPSEARCH_E_MODEL, _MEMORY. */
clipsearch_status cs_safetensors_read(cs_weights *weights, clipsearch_error *err);

/* "[2304, 768]" for messages; cut at the end when longer than `size`. Returns `out`. */
const char *cs_shape_text(int rank, const size_t *shape, char *out, size_t size);

#endif
