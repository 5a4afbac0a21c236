/* SPDX-License-Identifier: MIT
 * collection.h - what a database file and its collections are to the files of this module. */
#ifndef CS_LOCAL_COLLECTION_H
#define CS_LOCAL_COLLECTION_H

#include "backend/backend.h"
#include "index/index.h"
#include "local/graph.h"
#include "store/store.h"

typedef struct local_collection local_collection;

typedef struct local_database {
    clipsearch_database base;
    cs_store *store;
    bool read_only;
    local_collection *open; /* chained by `next`, so that none is dropped while a handle is open */
} local_database;

struct local_collection {
    clipsearch_collection base;
    local_database *db;
    local_collection *next;
    cs_store_collection row;   /* as last read */
    cs_index *index;           /* made by the first search, or NULL */
    uint64_t index_generation; /* of the rows that are in the index */
    cs_graph graph;            /* the index file, once a search has asked for it */
    cs_pool *pool;             /* for searching; opened with the index when that is large */
};

static inline local_database *cs_local_database(clipsearch_database *db)
{
    return (local_database *)db;
}

static inline local_collection *cs_local_collection(clipsearch_collection *collection)
{
    return (local_collection *)collection;
}

/* What is fixed of a row; its strings are the row's. */
cs_collection_identity cs_local_identity(const cs_store_collection *row);

/* ---- collection.c: the functions of cs_database_ops */

clipsearch_status cs_local_open_collection(clipsearch_database *db, const char *name,
                                           clipsearch_collection **collection, clipsearch_error *err);
clipsearch_status cs_local_ensure_collection(clipsearch_database *db, const char *name,
                                             const cs_encoder_identity *encoder, clipsearch_metric metric,
                                             const clipsearch_index_options *index, clipsearch_collection **collection,
                                             clipsearch_error *err);
clipsearch_status cs_local_drop_collection(clipsearch_database *db, const char *name, clipsearch_error *err);

/* Read collection->row anew: other processes write too. CLIPSEARCH_E_NOT_FOUND when it was dropped, even if another of
 * its name was made since. */
clipsearch_status cs_local_refresh(local_collection *collection, clipsearch_error *err);

/* ---- the functions of cs_collection_ops, each in the file of its name */

clipsearch_status cs_local_by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                    cs_items *items, clipsearch_error *err);
clipsearch_status cs_local_by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                     size_t most_each, cs_items *items, clipsearch_error *err);
clipsearch_status cs_local_by_ids(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                  clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_where(clipsearch_collection *collection, const cs_filter_tree *filter, const cs_page *page,
                                 clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_each_below(clipsearch_collection *collection, const char *root,
                                      bool (*each)(void *context, const clipsearch_item *item), void *context,
                                      clipsearch_error *err);
clipsearch_status cs_local_each_hash(clipsearch_collection *collection,
                                     clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                               clipsearch_error *err),
                                     void *context, clipsearch_error *err);
clipsearch_status cs_local_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count, float *vectors,
                                   clipsearch_error *err);
clipsearch_status cs_local_apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                                 clipsearch_error *err);
clipsearch_status cs_local_remove_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                        uint64_t *removed, clipsearch_error *err);
clipsearch_status cs_local_search(clipsearch_collection *collection, const cs_search_request *request,
                                  clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_checkpoint(clipsearch_collection *collection, const clipsearch_checkpoint_options *options,
                                      clipsearch_error *err);
clipsearch_status cs_local_checkpoint_is_due(clipsearch_collection *collection, bool *due, clipsearch_error *err);
clipsearch_status cs_local_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                 clipsearch_error *err);

#endif
