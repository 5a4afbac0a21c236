/* SPDX-License-Identifier: MIT
 * sentences.c - the vectors of the two hundred texts. */
#include "encode/sentences.h"

#include "base/mem.h"
#include "encode/session.h"

#include <string.h>

enum { BATCH = 8 };

/* An encoder with the text tower: `encoder` itself, or *own. Neither: the model has none. */
static clipsearch_status open_texts(const clipsearch_encoder *encoder, clipsearch_encoder **own, clipsearch_error *err)
{
    clipsearch_encoder_options options = {.struct_size = sizeof options, .towers = CLIPSEARCH_TEXT_TOWER};
    clipsearch_status status = cs_encoder_open(encoder->dir.path, &options, own, err);
    if (status == CLIPSEARCH_OK && strcmp((*own)->fingerprint, encoder->fingerprint) != 0)
        status =
            cs_fail(err, CLIPSEARCH_E_MISMATCH, "%s: replaced by another model while it was in use", encoder->dir.path);
    return status;
}

static clipsearch_status encode_all(const clipsearch_encoder *encoder, unsigned threads, float *vectors,
                                    clipsearch_error *err)
{
    clipsearch_session *session = NULL;
    const clipsearch_image_options image = {.struct_size = sizeof image};
    const clipsearch_session_options options = {.struct_size = sizeof options,
                                                .threads = threads,
                                                .max_batch = BATCH,
                                                .overflow = CLIPSEARCH_TRUNCATE,
                                                .image = &image};
    clipsearch_status status = cs_session_open(encoder, &options, &session, err);
    if (status == CLIPSEARCH_OK)
        status = cs_session_encode_texts(session, cs_sentences, CS_SENTENCES, vectors, err);
    cs_session_close(&session);
    return status;
}

clipsearch_status cs_sentences_encode(const clipsearch_encoder *encoder, unsigned threads, float **vectors,
                                      clipsearch_error *err)
{
    clipsearch_encoder *own = NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    *vectors = NULL;
    if (encoder->dir.image_only)
        return CLIPSEARCH_OK;
    if (!encoder->text)
        status = open_texts(encoder, &own, err);
    if (status == CLIPSEARCH_OK) {
        *vectors = cs_alloc_array(CS_SENTENCES, cs_model_dim(&encoder->dir) * sizeof **vectors);
        status = *vectors ? encode_all(own ? own : encoder, threads, *vectors, err)
                          : cs_fail_memory(err, "the vectors of sentences");
    }
    cs_encoder_close(&own);
    if (status != CLIPSEARCH_OK) {
        cs_free(*vectors);
        *vectors = NULL;
    }
    return status;
}
