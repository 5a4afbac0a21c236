/* SPDX-License-Identifier: MIT
 * memory.h - the memory that an encoder and a session take. */
#ifndef CS_ENCODE_MEMORY_H
#define CS_ENCODE_MEMORY_H

#include "encode/session.h"

/* As clipsearch_encoder_memory says; arguments are checked, `options` is not NULL. */
clipsearch_status cs_encoder_memory(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                    clipsearch_memory *memory, clipsearch_error *err);

#endif
