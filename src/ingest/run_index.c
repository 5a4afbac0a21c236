/* SPDX-License-Identifier: MIT
 * run_index.c - the index file at the end of an ingestion. */
#include "ingest/run.h"

#include "base/mem.h"
#include "encode/sentences.h"

static bool report_checkpoint(void *context, uint64_t done, uint64_t all)
{
    cs_ingest_run *in = context;
    in->progress.index_done = done;
    in->progress.index_all = all;
    cs_run_report_progress(in, "");
    return !in->cancelled;
}

clipsearch_status cs_run_write_index_if_due(cs_ingest_run *in)
{
    bool due, wants_sentences;
    clipsearch_error why;
    float *sentences = NULL;
    clipsearch_checkpoint_options options = {
        .threads = in->options->threads, .progress = report_checkpoint, .context = in};
    clipsearch_status status = cs_collection_checkpoint_is_due(in->target.collection, &due, &wants_sentences, in->err);
    if (status != CLIPSEARCH_OK || !due)
        return status;
    in->progress.phase = CLIPSEARCH_PHASE_INDEX;
    /* a model whose text tower cannot be opened is searched with images */
    if (wants_sentences)
        status = cs_sentences_encode(in->session->encoder, in->options->threads, &sentences, &why);
    options.queries = sentences;
    options.query_count = sentences ? CS_SENTENCES : 0;
    if (status != CLIPSEARCH_E_MEMORY)
        status = cs_collection_checkpoint(in->target.collection, &options, &why);
    cs_free(sentences);
    in->report->indexed = status == CLIPSEARCH_OK;
    if (status == CLIPSEARCH_E_CANCELLED)
        return cs_fail(in->err, status, "all images are stored; %s", why.message);
    if (status != CLIPSEARCH_OK)
        cs_database_note(in->target.collection->db, "the images are stored, but the index is not written: %s",
                         why.message);
    return CLIPSEARCH_OK;
}
