/* SPDX-License-Identifier: MIT
 * gone.h - the items whose files an ingestion did not find: noted as gone, or removed when that is asked for. */
#ifndef CS_INGEST_GONE_H
#define CS_INGEST_GONE_H

#include "backend/backend.h"
#include "base/id_list.h"
#include "ingest/remembered.h"
#include "ingest/sources.h"

typedef struct cs_gone_request {
    clipsearch_collection *collection;
    const cs_sources *sources;       /* walked */
    const cs_remembered *remembered; /* as it was before this run */
    const char *list;                /* that the sources are of; NULL: none */
    const cs_id_list *kept;          /* items to leave as they are */
    const clipsearch_ingest_options *options;
    clipsearch_ingest_report *report;
} cs_gone_request;

/* Look at the items below the root of each source that was walked wholly whose files were not found. Note those that
 * are gone. When options->prune, remove them instead, and those that an `exclude` of the source leaves out and no other
 * remembered source takes. By the rules of prune.h some are kept. All in one transaction; none with dry_run, which
 * only counts. Fills in the report's gone, newly_gone, pruned and kept. */
clipsearch_status cs_gone_update(const cs_gone_request *request, clipsearch_error *err);

#endif
