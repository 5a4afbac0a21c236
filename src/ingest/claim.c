/* SPDX-License-Identifier: MIT
 * claim.c - waits for the lock of a collection's ingestion. */
#include "ingest/claim.h"

#include <time.h>

enum { PAUSE_NS = 100 * 1000 * 1000 };

static clipsearch_status try_lock(const cs_ingest_into *into, cs_lock_file **lock, long *holder, clipsearch_error *err)
{
    return into->collection
               ? cs_collection_lock_ingestion(into->collection, lock, holder, err)
               : into->opener->lock_ingestion(into->target->database, into->target->collection, lock, holder, err);
}

clipsearch_status cs_claim_collection(const cs_ingest_into *into, bool (*wait)(void *context, long holder),
                                      void *context, cs_lock_file **lock, clipsearch_error *err)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    long holder = 0;
    clipsearch_status status = try_lock(into, lock, &holder, err);
    while (status == CLIPSEARCH_OK && !*lock) {
        if (!wait(context, holder))
            return cs_fail(
                err, CLIPSEARCH_E_CANCELLED, "stopped while waiting for another ingestion into %s; nothing was changed",
                into->collection ? cs_collection_identify(into->collection)->name : into->target->collection);
        nanosleep(&pause, NULL);
        status = try_lock(into, lock, &holder, err);
    }
    return status;
}
