/* SPDX-License-Identifier: MIT
 * put_batch.h - items and vectors that are gathered and stored some thousand at a time, each batch in one
 * transaction. */
#ifndef CS_CLI_COMMANDS_PUT_BATCH_H
#define CS_CLI_COMMANDS_PUT_BATCH_H

#include "base/buf.h"
#include "clipsearch.h"

typedef struct cs_put_batch {
    clipsearch_collection *collection;
    size_t dim, count;
    clipsearch_item *items; /* [count]; path and attributes are places in `texts` */
    size_t *places;         /* [count, 2] */
    cs_buf texts;
    float *vectors;  /* [count, dim] */
    uint64_t stored; /* items of all batches */
} cs_put_batch;

/* Zero-initialise; close in any case. Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_put_batch_open(clipsearch_collection *collection, size_t dim, cs_put_batch *batch,
                                    clipsearch_error *err);
void cs_put_batch_close(cs_put_batch *batch);

/* Where the vector of the next item goes: [dim]. */
float *cs_put_batch_vector(cs_put_batch *batch);

/* Add a copy of `item`; its vector is in its place already. A full batch is stored. Errors: as
 * clipsearch_collection_put_vectors. */
clipsearch_status cs_put_batch_add(cs_put_batch *batch, const clipsearch_item *item, clipsearch_error *err);

/* Store what is gathered. */
clipsearch_status cs_put_batch_store(cs_put_batch *batch, clipsearch_error *err);

#endif
