/* SPDX-License-Identifier: MIT
 * run_index.c - the index file at the end of an ingestion. */
#include "ingest/run.h"
#include "ingest/write_index.h"

static void begin_index(void *context)
{
    cs_ingest_run *in = context;
    in->progress.phase = CLIPSEARCH_PHASE_INDEX;
}

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
    const cs_index_writing writing = {.collection = in->target.collection,
                                      .encoder = in->session->encoder,
                                      .threads = in->options->threads,
                                      .begin = begin_index,
                                      .progress = report_checkpoint,
                                      .context = in};
    return cs_write_index_if_due(&writing, &in->report->indexed, in->err);
}
