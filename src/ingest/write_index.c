/* SPDX-License-Identifier: MIT
 * write_index.c - a checkpoint with the vectors of sentences. */
#include "ingest/write_index.h"

#include "base/mem.h"
#include "encode/sentences.h"

clipsearch_status cs_write_index_if_due(const cs_index_writing *writing, bool *written, clipsearch_error *err)
{
    bool due, wants_sentences;
    clipsearch_error why;
    float *sentences = NULL;
    clipsearch_checkpoint_options options = {
        .threads = writing->threads, .progress = writing->progress, .context = writing->context};
    *written = false;
    clipsearch_status status = cs_collection_checkpoint_is_due(writing->collection, &due, &wants_sentences, err);
    if (status != CLIPSEARCH_OK || !due)
        return status;
    writing->begin(writing->context);
    /* a model whose text tower cannot be opened is searched with images */
    if (wants_sentences)
        status = cs_sentences_encode(writing->encoder, writing->threads, &sentences, &why);
    options.queries = sentences;
    options.query_count = sentences ? CS_SENTENCES : 0;
    if (status != CLIPSEARCH_E_MEMORY)
        status = cs_collection_checkpoint(writing->collection, &options, &why);
    cs_free(sentences);
    *written = status == CLIPSEARCH_OK;
    if (status == CLIPSEARCH_E_CANCELLED)
        return cs_fail(err, status, "all images are stored; %s", why.message);
    if (status != CLIPSEARCH_OK)
        cs_database_note(writing->collection->db, "the images are stored, but the index is not written: %s",
                         why.message);
    return CLIPSEARCH_OK;
}
