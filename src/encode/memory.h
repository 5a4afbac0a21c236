/* SPDX-License-Identifier: MIT
 * memory.h - what an encoder and a weight file take and hold. */
#ifndef CS_ENCODE_MEMORY_H
#define CS_ENCODE_MEMORY_H

#include "encode/session.h"

/* As clipsearch_encoder_memory and clipsearch_weights_walk say; arguments are checked, `options` is not NULL;
 * `each` and `info` may be. */
clipsearch_status cs_encoder_memory(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                    clipsearch_memory *memory, clipsearch_error *err);
clipsearch_status cs_weights_walk(const char *path, bool (*each)(void *context, const clipsearch_tensor *tensor),
                                  void *context, clipsearch_weights_info *info, clipsearch_error *err);

#endif
