/* SPDX-License-Identifier: MIT
 * database_kinds.c - chooses the backend by the path. */
#include "database_kinds.h"

#include "base/server_scheme.h"
#include "local/local.h"
#include "remote/milvus.h"

static const cs_database_opener files = {
    .open = cs_local_open, .check_new = cs_local_check_new, .lock_ingestion = cs_local_lock_ingestion};
static const cs_database_opener servers = {
    .open = cs_milvus_open, .check_new = cs_milvus_check_new_in, .lock_ingestion = cs_milvus_lock_ingestion};

static const cs_database_opener *kind_of(const char *path)
{
    return cs_server_scheme_of(path) ? &servers : &files;
}

static clipsearch_status open_database(const char *path, unsigned flags, clipsearch_database **db,
                                       clipsearch_error *err)
{
    return kind_of(path)->open(path, flags, db, err);
}

static clipsearch_status check_new(const char *path, const char *name, const cs_encoder_identity *encoder,
                                   clipsearch_metric metric, const clipsearch_index_options *options,
                                   clipsearch_error *err)
{
    return kind_of(path)->check_new(path, name, encoder, metric, options, err);
}

static clipsearch_status lock_ingestion(const char *path, const char *collection, cs_lock_file **lock, long *holder,
                                        clipsearch_error *err)
{
    return kind_of(path)->lock_ingestion(path, collection, lock, holder, err);
}

const cs_database_opener cs_database_kinds = {
    .open = open_database, .check_new = check_new, .lock_ingestion = lock_ingestion};
