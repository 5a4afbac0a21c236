/* SPDX-License-Identifier: MIT
 * milvus_write.h - rows that are sent to a Milvus server. */
#ifndef CS_REMOTE_MILVUS_WRITE_H
#define CS_REMOTE_MILVUS_WRITE_H

#include "remote/milvus_collection.h"

/* A row of a collection of ours. */
typedef struct cs_milvus_row {
    clipsearch_item item; /* path and attributes are borrowed, and fit */
    cs_item_file file;
    const float *vector; /* [dim] */
} cs_milvus_row;

/* Put the rows, each with another id, instead of those with the same ids. The same call may be repeated. Errors: those
 * of cs_milvus_call. */
clipsearch_status cs_milvus_send_rows(milvus_collection *collection, const cs_milvus_row *rows, size_t count,
                                      clipsearch_error *err);
/* Remove the rows with these ids; that one is not there is no error. */
clipsearch_status cs_milvus_send_removals(milvus_collection *collection, const int64_t *ids, size_t count,
                                          clipsearch_error *err);

#endif
