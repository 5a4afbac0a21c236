/* SPDX-License-Identifier: MIT
 * local.h - the backend that keeps a database in a SQLite file with index files beside it. */
#ifndef CS_LOCAL_LOCAL_H
#define CS_LOCAL_LOCAL_H

#include "backend/backend.h"

/* As clipsearch_database_open says, arguments checked. */
clipsearch_status cs_local_open(const char *path, unsigned flags, clipsearch_database **db, clipsearch_error *err);

/* Whether the collection `name` could be made in the database file `path`, as far as that shows without making or
 * opening anything: the file's directory, the name, the index options. Errors as cs_collection_ensure. */
clipsearch_status cs_local_check_new(const char *path, const char *name, const cs_encoder_identity *encoder,
                                     clipsearch_metric metric, const clipsearch_index_options *index,
                                     clipsearch_error *err);

/* As cs_collection_lock_ingestion, of a collection, and a database, that need not exist yet. */
clipsearch_status cs_local_lock_ingestion(const char *path, const char *collection, cs_lock_file **lock, long *holder,
                                          clipsearch_error *err);

#endif
