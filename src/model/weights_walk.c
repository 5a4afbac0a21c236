/* SPDX-License-Identifier: MIT
 * weights_walk.c - calls a function with each tensor of a weight file and adds up what the file holds. */
#include "model/weights_walk.h"

#include "base/file.h"
#include "model/weights.h"

#include <stdio.h>

clipsearch_status cs_weights_walk(const char *path, bool (*each)(void *context, const clipsearch_tensor *tensor),
                                  void *context, clipsearch_weights_info *info, clipsearch_error *err)
{
    cs_file_info file;
    cs_weights *weights = NULL;
    clipsearch_status status = cs_weights_open(path, &weights, err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_stat(path, &file, err);
    clipsearch_weights_info totals = {0};
    if (status == CLIPSEARCH_OK)
        snprintf(totals.container, sizeof totals.container, "%s", cs_weights_source_of(weights)->container);
    bool more = each != NULL;
    for (size_t i = 0; status == CLIPSEARCH_OK && i < cs_weights_count(weights); i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i);
        totals.tensors++;
        totals.parameters += tensor->is_float ? tensor->count : 0;
        more = more && each(context, &(clipsearch_tensor){.name = tensor->name,
                                                          .type = tensor->stored,
                                                          .shape = tensor->shape,
                                                          .rank = (size_t)tensor->rank,
                                                          .count = tensor->count,
                                                          .bytes = tensor->bytes,
                                                          .is_weight = tensor->is_float});
    }
    totals.bytes = status == CLIPSEARCH_OK ? file.size : 0;
    if (info && status == CLIPSEARCH_OK)
        *info = totals;
    cs_weights_close(&weights);
    return status;
}
