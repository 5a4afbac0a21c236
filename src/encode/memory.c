/* SPDX-License-Identifier: MIT
 * memory.c - adds up the memory that an encoder and a session take. */
#include "encode/memory.h"

#include "base/file.h"

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
