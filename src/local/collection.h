/* SPDX-License-Identifier: MIT
 * collection.h - the handles of a database and its collections, and single changes to them. */
#ifndef CS_LOCAL_COLLECTION_H
#define CS_LOCAL_COLLECTION_H

#include "encode/encoder.h"
#include "local/graph.h"
#include "index/index.h"
#include "store/store.h"

struct clipsearch_database {
    cs_store *store;
    bool read_only;
    void (*note)(void *context, const char *line); /* NULL: nobody is told */
    void *note_context;
    clipsearch_collection *open; /* chained by `next`, so that none is dropped under its handle's feet */
};

struct clipsearch_collection {
    clipsearch_database *db;
    clipsearch_collection *next;
    cs_store_collection row;   /* as last read */
    cs_index *index;           /* made by the first search, or NULL */
    uint64_t index_generation; /* of the rows that are in the index */
    cs_graph graph;            /* the index file, once a search has asked for it */
    cs_pool *pool;             /* for searching; opened with the index when that is large */
};

/* As the clipsearch_database_* and clipsearch_collection_* functions say, arguments checked. */
clipsearch_status cs_database_open(const char *path, unsigned flags, clipsearch_database **db, clipsearch_error *err);
void cs_database_close(clipsearch_database **db);
clipsearch_status cs_database_collections(clipsearch_database *db,
                                          bool (*each)(void *context, const clipsearch_collection_info *info),
                                          void *context, clipsearch_error *err);
/* Tell whoever wants to know. */
void cs_database_note(const clipsearch_database *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
clipsearch_status cs_database_vacuum(clipsearch_database *db, clipsearch_error *err);
clipsearch_status cs_collection_open(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                     clipsearch_collection **collection, clipsearch_error *err);
clipsearch_status cs_collection_ensure(clipsearch_database *db, const char *name, const clipsearch_encoder *encoder,
                                       clipsearch_metric metric, const clipsearch_index_options *options,
                                       clipsearch_collection **collection, clipsearch_error *err);
/* Whether cs_collection_ensure could make the collection `name` in the database file `path`, as far as that shows
 * without making or opening anything: the file's directory, the name, the index options. Errors as there. */
clipsearch_status cs_collection_check_new(const char *path, const char *name, const clipsearch_encoder *encoder,
                                          clipsearch_metric metric, const clipsearch_index_options *options,
                                          clipsearch_error *err);
void cs_collection_close(clipsearch_collection **collection);
clipsearch_status cs_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err);
clipsearch_status cs_collection_describe(clipsearch_collection *collection, clipsearch_collection_info *info,
                                         clipsearch_error *err);
clipsearch_status cs_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                    const float *vectors, size_t count, int64_t *ids, clipsearch_error *err);
clipsearch_status cs_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       size_t *removed, clipsearch_error *err);

/* CLIPSEARCH_E_MISMATCH, naming both, when the collection's vectors are not of this encoder. Its name does not matter:
 * the same weights in another directory make the same vectors. */
clipsearch_status cs_collection_check_encoder(const cs_store_collection *row, const clipsearch_encoder *encoder,
                                              clipsearch_error *err);

/* Read collection->row anew: other processes write too. CLIPSEARCH_E_NOT_FOUND when it was dropped, even if another of
 * its name was made since. */
clipsearch_status cs_collection_refresh(clipsearch_collection *collection, clipsearch_error *err);

#endif
