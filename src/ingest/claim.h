/* SPDX-License-Identifier: MIT
 * claim.h - one ingestion into a collection at a time. */
#ifndef CS_INGEST_CLAIM_H
#define CS_INGEST_CLAIM_H

#include "ingest/ingest.h"

/* Wait until no other ingestion, of this or another process, stores into the collection; none begins until the lock is
 * released. `wait` is called about ten times a second with the number of the process that is waited for (0: not known);
 * false gives up. *lock NULL: somebody unknown keeps the lock, and the ingestion goes on without it.
 * Errors: CLIPSEARCH_E_CANCELLED, _ARGUMENT (the collection's name), _MEMORY. */
clipsearch_status cs_claim_collection(const cs_ingest_into *into, bool (*wait)(void *context, long holder),
                                      void *context, cs_lock_file **lock, clipsearch_error *err);

#endif
