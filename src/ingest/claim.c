/* SPDX-License-Identifier: MIT
 * claim.c - waits for the lock of a collection's ingestion. */
#include "ingest/claim.h"

#include <time.h>

enum {
    PAUSE_NS = 100 * 1000 * 1000,
    /* Waits for a lock whose holder does not say who it is, as an ingestion does at once: no ingestion has it, or the
     * locks of the file system are not what they should be. */
    MOST_UNKNOWN = 3
};

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
    for (int unknown = 0; status == CLIPSEARCH_OK && !*lock; unknown = holder ? 0 : unknown + 1) {
        if (unknown == MOST_UNKNOWN)
            return CLIPSEARCH_OK;
        if (!wait(context, holder))
            return cs_fail(
                err, CLIPSEARCH_E_CANCELLED, "stopped while waiting for another ingestion into %s; nothing was changed",
                into->collection ? cs_collection_identify(into->collection)->name : into->target->collection);
        nanosleep(&pause, NULL);
        status = try_lock(into, lock, &holder, err);
    }
    return status;
}
