/* SPDX-License-Identifier: MIT
 * session.h - the memory that one caller needs to encode: allocated when it opens, used by every call. */
#ifndef CS_ENCODE_SESSION_H
#define CS_ENCODE_SESSION_H

#include "encode/encoder.h"
#include "encode/image_reader.h"

typedef struct cs_session_fault cs_session_fault;

struct clipsearch_session {
    const clipsearch_encoder *encoder;
    clipsearch_encoder *shared; /* the same: the handle that the session closes */
    clipsearch_overflow overflow;
    cs_pool *pool;
    size_t max_batch;
    size_t bytes;  /* allocated when it was opened */
    void *scratch; /* of the tower that is running */
    /* images */
    size_t pixels_each;       /* 3*S*S */
    float *pixels;            /* [max_batch, 3, S, S] */
    cs_image_reader *readers; /* [threads]; the first one's file buffer serves encode_file */
    cs_session_fault *faults; /* [threads] */
    /* texts */
    size_t max_tokens;
    int32_t *ids;     /* [max_tokens + context], one text after the other */
    size_t *lengths;  /* [max_batch] */
    size_t truncated; /* texts of the last cs_session_encode_texts that were too long */
};

/* As clipsearch_session_open and _close, clipsearch_encode_* say; arguments are checked, `options` and its `image` are
 * not NULL. */
clipsearch_status cs_session_open(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                  clipsearch_session **session, clipsearch_error *err);
void cs_session_close(clipsearch_session **session);
clipsearch_status cs_session_encode_texts(clipsearch_session *session, const char *const *texts, size_t count,
                                          float *vectors, clipsearch_error *err);
clipsearch_status cs_session_encode_images(clipsearch_session *session, const clipsearch_image *images, size_t count,
                                           float *vectors, clipsearch_error *err);
clipsearch_status cs_session_encode_file(clipsearch_session *session, const char *path, float *vector,
                                         clipsearch_error *err);

/* Encode the first `count` <= max_batch images in session->pixels, which the caller has filled, into vectors
 * [count, dim]. */
void cs_session_forward(clipsearch_session *session, size_t count, float *vectors);

/* CLIPSEARCH_E_ARGUMENT when the session's encoder was opened without its image tower. */
clipsearch_status cs_session_check_image_tower(const clipsearch_session *session, clipsearch_error *err);

#endif
