/* SPDX-License-Identifier: MIT
 * weights_check.h - what must be true of any bytes that were accepted as weights. */
#ifndef FUZZ_WEIGHTS_CHECK_H
#define FUZZ_WEIGHTS_CHECK_H

#include "model/clip_tensors.h"

#include <stdlib.h>
#include <string.h>

/* Every byte of every tensor is readable, and look-ups find the tensors. Always 0; the sum keeps the reads from being
 * optimised away. */
static inline int check_weights(const uint8_t *data, size_t size)
{
    cs_weights *weights;
    clipsearch_error err;
    if (cs_weights_open_memory(data, size, "fuzz", &weights, &err) != CLIPSEARCH_OK)
        return 0;
    unsigned sum = 0;
    /* tensors may share bytes: a small file may describe many large ones, and reading each would only cost time */
    size_t budget = (size_t)16 << 20;
    for (size_t i = 0; i < cs_weights_count(weights); i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i), *found = NULL;
        const uint8_t *bytes = tensor->data;
        size_t step = tensor->bytes > budget ? tensor->bytes : 1;
        for (size_t k = 0; k < tensor->bytes; k += step)
            sum += bytes[k];
        if (tensor->bytes)
            sum += bytes[tensor->bytes - 1];
        budget -= step == 1 ? tensor->bytes : 0;
        if (cs_weights_find(weights, tensor->name) != tensor)
            abort();
        clipsearch_status status = cs_weights_get(weights, tensor->name, tensor->rank, tensor->shape, &found, &err);
        if (tensor->is_float ? found != tensor : status != CLIPSEARCH_E_MODEL)
            abort();
    }
    char hex[65];
    cs_weights_fingerprint(weights, hex, NULL);
    cs_clip_naming naming;
    if (cs_clip_naming_detect(weights, &naming, &err) == CLIPSEARCH_OK)
        (void)cs_clip_logit_scale(weights);
    cs_weights_close(&weights);
    return sum == 0 && hex[0] == '\0'; /* never true */
}

#endif
