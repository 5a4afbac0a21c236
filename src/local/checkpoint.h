/* SPDX-License-Identifier: MIT
 * checkpoint.h - the index file of a collection, written. */
#ifndef CS_LOCAL_CHECKPOINT_H
#define CS_LOCAL_CHECKPOINT_H

#include "local/collection.h"

/* As clipsearch_collection_checkpoint says, arguments checked; `options` is not NULL. */
clipsearch_status cs_checkpoint(clipsearch_collection *collection, const clipsearch_checkpoint_options *options,
                                clipsearch_error *err);

/* Whether enough has changed for an ingestion to end with a checkpoint. */
clipsearch_status cs_checkpoint_is_due(clipsearch_collection *collection, bool *due, clipsearch_error *err);

/* Remove the index file of a collection that has been dropped; that there is none is no error. */
void cs_checkpoint_forget(const cs_store *store, const char *collection);

#endif
