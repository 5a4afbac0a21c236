/* SPDX-License-Identifier: MIT
 * index_upkeep.c - public functions that write and check a collection's index: check arguments, call a module. */
#include "clipsearch.h"

#include "backend/backend.h"
#include "base/error.h"
#include "base/mem.h"
#include "encode/encoder.h"
#include "encode/sentences.h"
#include "structs.h"

/* Let the checkpoint measure with sentences, if the collection's index file has no queries. */
static clipsearch_status encode_sentences(clipsearch_collection *collection, clipsearch_checkpoint_options *options,
                                          float **sentences, clipsearch_error *err)
{
    bool due, wants_queries = false;
    clipsearch_status status = clipsearch_collection_check_encoder(collection, options->encoder, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_checkpoint_is_due(collection, &due, &wants_queries, err);
    if (status == CLIPSEARCH_OK && wants_queries)
        status = cs_sentences_encode(options->encoder, options->threads, sentences, err);
    options->queries = *sentences;
    options->query_count = *sentences ? CS_SENTENCES : 0;
    return status;
}

clipsearch_status clipsearch_collection_checkpoint(clipsearch_collection *collection,
                                                   const clipsearch_checkpoint_options *options, clipsearch_error *err)
{
    if (!collection)
        return cs_fail_null(err, __func__, collection);
    float *sentences = NULL;
    clipsearch_checkpoint_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_checkpoint_options_type, __func__, err);
    if (status == CLIPSEARCH_OK && own.encoder && !own.queries)
        status = encode_sentences(collection, &own, &sentences, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_checkpoint(collection, &own, err);
    cs_free(sentences);
    return status;
}

clipsearch_status clipsearch_collection_check(clipsearch_collection *collection, size_t sample,
                                              clipsearch_check_report *report, clipsearch_error *err)
{
    if (!collection || !report)
        return cs_fail_null(err, __func__, collection, report);
    clipsearch_status status = cs_struct_check(report, &cs_check_report_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_check_report own = {0};
    status = cs_collection_check(collection, sample, &own, err);
    cs_struct_write(report, &own, &cs_check_report_type);
    return status;
}
