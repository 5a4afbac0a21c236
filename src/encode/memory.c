/* SPDX-License-Identifier: MIT
 * memory.c - adds up memory; lists tensors. */
#include "encode/memory.h"

#include "base/file.h"

#include <stdio.h>

clipsearch_status cs_encoder_memory(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                    clipsearch_memory *memory, clipsearch_error *err)
{
    *memory = (clipsearch_memory){0};
    cs_file_info file;
    clipsearch_session *session = NULL;
    clipsearch_status status = cs_file_stat(encoder->dir.weights, &file, err);
    if (status == CLIPSEARCH_OK)
        status = cs_session_open(encoder, options, &session, err);
    if (status == CLIPSEARCH_OK)
        *memory = (clipsearch_memory){.mapped = file.size,
                                      .packed = encoder->image ? cs_image_tower_packed_bytes(encoder->image) : 0,
                                      .session = session->bytes};
    cs_session_close(&session);
    return status;
}

clipsearch_status cs_weights_walk(const char *path, bool (*each)(void *context, const clipsearch_tensor *tensor),
                                  void *context, clipsearch_weights_info *info, clipsearch_error *err)
{
    cs_file_info file;
    cs_weights *weights = NULL;
    clipsearch_status status = cs_weights_open(path, &weights, err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_stat(path, &file, err);
    clipsearch_weights_info sums = {0};
    if (status == CLIPSEARCH_OK)
        snprintf(sums.container, sizeof sums.container, "%s", cs_weights_source_of(weights)->container);
    bool more = each != NULL;
    for (size_t i = 0; status == CLIPSEARCH_OK && i < cs_weights_count(weights); i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i);
        sums.tensors++;
        sums.parameters += tensor->is_float ? tensor->count : 0;
        more = more && each(context, &(clipsearch_tensor){.name = tensor->name,
                                                          .type = tensor->stored,
                                                          .shape = tensor->shape,
                                                          .rank = (size_t)tensor->rank,
                                                          .count = tensor->count,
                                                          .bytes = tensor->bytes,
                                                          .is_weight = tensor->is_float});
    }
    sums.bytes = status == CLIPSEARCH_OK ? file.size : 0;
    if (info && status == CLIPSEARCH_OK)
        *info = sums;
    cs_weights_close(&weights);
    return status;
}
