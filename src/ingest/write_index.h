/* SPDX-License-Identifier: MIT
 * write_index.h - the index file at the end of an ingestion. */
#ifndef CS_INGEST_WRITE_INDEX_H
#define CS_INGEST_WRITE_INDEX_H

#include "backend/backend.h"
#include "encode/encoder.h"

/* Bring the index file up to date if enough has changed, calibrated with sentences that the encoder's text tower reads.
 * `begin` is called before the work begins, `progress` as clipsearch_checkpoint_options says; both get `context`.
 * *written: it was done. The images are stored by now: that the index cannot be written is noted, and is no failure.
 * Errors: CLIPSEARCH_E_CANCELLED, _DATABASE, _MEMORY. */
typedef struct cs_index_writing {
    clipsearch_collection *collection;
    const clipsearch_encoder *encoder;
    unsigned threads;
    void (*begin)(void *context);
    bool (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
} cs_index_writing;

clipsearch_status cs_write_index_if_due(const cs_index_writing *writing, bool *written, clipsearch_error *err);

#endif
