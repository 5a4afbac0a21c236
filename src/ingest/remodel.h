/* SPDX-License-Identifier: MIT
 * remodel.h - encode the items of a collection anew with another model. */
#ifndef CS_INGEST_REMODEL_H
#define CS_INGEST_REMODEL_H

#include "ingest/ingest.h"

/* As clipsearch_remodel says; `into` is a target.
 *
 * The caller's thread takes the items without a new vector from the collection, a page at a time, and sends their files
 * through the pipeline (pipeline.h). What comes back is encoded and stored in batches. Items that cannot be encoded are
 * remembered until the end, where the backend switches if no others are left; else they come next. */
clipsearch_status cs_remodel(const cs_ingest_into *into, clipsearch_session *session,
                             const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                             clipsearch_error *err);

#endif
