/* SPDX-License-Identifier: MIT
 * ingest.h - bring a collection up to date with folders of images. */
#ifndef CS_INGEST_INGEST_H
#define CS_INGEST_INGEST_H

#include "encode/session.h"
#include "ingest/target.h"

/* Where to store: a collection, or else a target and how to open its database. */
typedef struct cs_ingest_into {
    clipsearch_collection *collection;
    const clipsearch_ingest_target *target;
    const cs_database_opener *opener;
} cs_ingest_into;

/* As clipsearch_ingest and clipsearch_ingest_into say; handles are not NULL.
 *
 * The caller's thread first walks all sources, then goes through the files in that order. A file whose size and time
 * are those of its item is unchanged. Any other goes through the pipeline (pipeline.h) and comes back in order: read,
 * hashed and, when its content is new, decoded and preprocessed. Changes are gathered in a batch (batch.h), which is
 * encoded and committed when it is full, while the pipeline works on the files behind it. So ids follow the order of
 * the walk, and nothing depends on the threads' timing. */
clipsearch_status cs_ingest(const cs_ingest_into *into, clipsearch_session *session,
                            const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                            clipsearch_error *err);

#endif
