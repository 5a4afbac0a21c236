/* SPDX-License-Identifier: MIT
 * encode_pool.h - one encoder for many requests: its sessions are lent in turn, and what waits for a session is encoded
 * together when one is free. */
#ifndef CS_SERVER_ENCODE_POOL_H
#define CS_SERVER_ENCODE_POOL_H

#include "base/error.h"

typedef struct cs_encode_pool cs_encode_pool;

/* A pool of `sessions` on `encoder`, which it takes over, also on failure. `threads` of each session: 0: one per
 * processor. Any number of threads may use a pool. Errors: those of clipsearch_session_open, _MEMORY. */
clipsearch_status cs_encode_pool_open(clipsearch_encoder *encoder, size_t sessions, unsigned threads,
                                      uint64_t max_pixels, cs_encode_pool **pool, clipsearch_error *err);
void cs_encode_pool_close(cs_encode_pool **pool);

const clipsearch_encoder_info *cs_encode_pool_info(const cs_encode_pool *pool);
const clipsearch_encoder *cs_encode_pool_encoder(const cs_encode_pool *pool);

/* Encode `text` into `vector` [dim], together with other texts that wait. Errors: as clipsearch_encode_texts. */
clipsearch_status cs_encode_pool_text(cs_encode_pool *pool, const char *text, float *vector, clipsearch_error *err);

/* The same for a decoded image. Errors: as clipsearch_encode_images. */
clipsearch_status cs_encode_pool_image(cs_encode_pool *pool, const clipsearch_image *image, float *vector,
                                       clipsearch_error *err);

/* Borrow a session, waiting until one is free, and give it back. */
clipsearch_session *cs_encode_pool_borrow(cs_encode_pool *pool);
void cs_encode_pool_return(cs_encode_pool *pool, clipsearch_session *session);

/* Texts and images that were encoded, and the calls of the library that took: how well they were gathered. */
void cs_encode_pool_counts(cs_encode_pool *pool, uint64_t *items, uint64_t *batches);

#endif
