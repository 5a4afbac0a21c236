/* SPDX-License-Identifier: MIT
 * milvus.h - the backend that keeps a database on a Milvus server. */
#ifndef CS_REMOTE_MILVUS_H
#define CS_REMOTE_MILVUS_H

#include "backend/backend.h"
#include "remote/milvus_address.h"

/* As clipsearch_database_open says, for an address of Milvus; the server is asked for its version. Environment
 * variables: CLIPSEARCH_MILVUS_TOKEN, CLIPSEARCH_MILVUS_CA, CLIPSEARCH_MILVUS_CONSISTENCY. */
clipsearch_status cs_milvus_open(const char *address, unsigned flags, clipsearch_database **db, clipsearch_error *err);

/* Whether the collection `name` could be made, as far as that shows without asking the server. */
clipsearch_status cs_milvus_check_new_in(const char *address, const char *name, const cs_encoder_identity *encoder,
                                         clipsearch_metric metric, const clipsearch_index_options *index,
                                         clipsearch_error *err);

/* Any number of clients may ingest at once: nobody is kept out. */
clipsearch_status cs_milvus_lock_ingestion(const char *address, const char *collection, cs_lock_file **lock,
                                           long *holder, clipsearch_error *err);

/* The version of nghttp2, or why there is none. */
const char *cs_milvus_library(void);

#endif
