/* SPDX-License-Identifier: MIT
 * collection.h - an open collection: what its handles and their threads share. */
#ifndef CS_LOCAL_COLLECTION_H
#define CS_LOCAL_COLLECTION_H

#include "local/database.h"
#include "local/snapshot.h"

/* One collection of one database, however many handles are open. */
typedef struct local_shared {
    struct local_shared *next;
    unsigned handles; /* guarded by the database's lock */
    cs_store_identity identity;
    char *index_path;           /* of its index file; NULL in memory */
    pthread_mutex_t build_lock; /* held by the one thread that makes a snapshot */
    pthread_mutex_t lock;       /* guards what follows */
    cs_store_state state;       /* the newest that was read, which spares counting */
    cs_snapshot *snapshot;      /* of the newest generation that was searched, or NULL */
    cs_index_file_mark refused; /* the index file that could not be used: not tried again */
    cs_index_file_mark noted;   /* the one of which a note has said so */
} local_shared;

typedef struct local_collection {
    clipsearch_collection base;
    local_database *db;
    local_shared *shared;
} local_collection;

static inline local_collection *cs_local_collection(clipsearch_collection *collection)
{
    return (local_collection *)collection;
}

cs_collection_identity cs_local_identity(const cs_store_identity *identity); /* with the strings of `identity` */
cs_collection_state cs_local_state(const cs_store_state *state);             /* changes 0 */

/* Fill in what an identity says of its encoder. */
void cs_local_set_encoder(const cs_encoder_identity *encoder, clipsearch_metric metric, cs_store_identity *identity);

/* ---- a read of one collection */

/* A read transaction and the collection's state in it. */
typedef struct local_read {
    local_collection *collection;
    const cs_store_identity *identity;
    cs_store *store;
    cs_store_state state;
    bool noted; /* `note` is to be sent when the read has ended */
    clipsearch_error note;
} local_read;

/* Begin it. CLIPSEARCH_E_NOT_FOUND when the collection was dropped, even if another of its name was made since. After a
 * failure nothing is begun, and cs_local_end_read does nothing. */
clipsearch_status cs_local_begin_read(clipsearch_collection *collection, local_read *read, clipsearch_error *err);
/* See the newest state. After a failure the read is ended. */
clipsearch_status cs_local_renew_read(local_read *read, clipsearch_error *err);
void cs_local_end_read(local_read *read);
/* Send the note that came up, if any, after the read. */
void cs_local_send_note(const local_read *read);

/* In a transaction on `store`: fail as above unless the collection is there. */
clipsearch_status cs_local_check_exists(const local_collection *collection, cs_store *store, clipsearch_error *err);

/* ---- shared_snapshot.c: the snapshot that all searches of one generation share */

/* The snapshot of the read's generation, which may be a newer one afterwards: another thread may have made a snapshot
 * meanwhile. want_graph false: only its vectors will be used. Leaves a note in `read` when the graph cannot be used,
 * once for each index file. Release it after use. After a failure the read may have ended; cs_local_end_read is right
 * in any case. */
clipsearch_status cs_local_get_snapshot(local_read *read, bool want_graph, cs_snapshot **snapshot,
                                        clipsearch_error *err);
/* A search found the graph damaged: no search uses it any more. Leaves a note in `read`, once. */
void cs_local_refuse_graph(local_read *read, cs_snapshot *snapshot, const char *damage);

/* ---- collection.c: the functions of cs_database_ops */

clipsearch_status cs_local_open_collection(clipsearch_database *db, const char *name,
                                           clipsearch_collection **collection, clipsearch_error *err);

clipsearch_status cs_local_ensure_collection(clipsearch_database *db, const char *name,
                                             const cs_encoder_identity *encoder, clipsearch_metric metric,
                                             const clipsearch_index_options *index, clipsearch_collection **collection,
                                             clipsearch_error *err);
clipsearch_status cs_local_drop_collection(clipsearch_database *db, const char *name, clipsearch_error *err);

/* ---- item_reads.c */

clipsearch_status cs_local_by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                    cs_items *items, clipsearch_error *err);
clipsearch_status cs_local_by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                     size_t most_each, cs_items *items, clipsearch_error *err);
clipsearch_status cs_local_by_ids(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                  clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_where(clipsearch_collection *collection, const cs_filter_tree *filter, const cs_page *page,
                                 clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_each_path(clipsearch_collection *collection, const char *root,
                                     clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                     void *context, clipsearch_error *err);
clipsearch_status cs_local_each_hash(clipsearch_collection *collection,
                                     clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                               clipsearch_error *err),
                                     void *context, clipsearch_error *err);
clipsearch_status cs_local_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count, float *vectors,
                                   clipsearch_error *err);

/* ---- item_changes.c */

clipsearch_status cs_local_apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                                 clipsearch_error *err);
clipsearch_status cs_local_remove_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                        uint64_t *removed, clipsearch_error *err);

/* ---- remembered_sources.c */

clipsearch_status cs_local_each_source(clipsearch_collection *collection,
                                       clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err);
clipsearch_status cs_local_put_sources(clipsearch_collection *collection, const char *list,
                                       const cs_source_record *sources, size_t count, clipsearch_error *err);
clipsearch_status cs_local_forget_sources(clipsearch_collection *collection, const char *name, uint64_t *forgotten,
                                          clipsearch_error *err);

/* ---- remodel.c */

clipsearch_status cs_local_describe_remodel(clipsearch_collection *collection, cs_remodel_state *state,
                                            clipsearch_error *err);
clipsearch_status cs_local_begin_remodel(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                         clipsearch_metric metric, bool *resumed, clipsearch_error *err);
clipsearch_status cs_local_items_to_remodel(clipsearch_collection *collection, int64_t after, size_t most,
                                            cs_items *items, clipsearch_error *err);
clipsearch_status cs_local_put_new_vectors(clipsearch_collection *collection, const cs_new_vector *vectors,
                                           size_t count, clipsearch_error *err);
clipsearch_status cs_local_finish_remodel(clipsearch_collection *collection, const int64_t *without, size_t count,
                                          bool *finished, clipsearch_error *err);

/* ---- search.c, checkpoint.c, index_check.c */

clipsearch_status cs_local_search(clipsearch_collection *collection, const cs_search_request *request,
                                  clipsearch_hits *hits, clipsearch_error *err);
clipsearch_status cs_local_lock_collection(clipsearch_collection *collection, cs_lock_file **lock, long *holder,
                                           clipsearch_error *err);
clipsearch_status cs_local_checkpoint(clipsearch_collection *collection, const clipsearch_checkpoint_options *options,
                                      clipsearch_error *err);
clipsearch_status cs_local_checkpoint_is_due(clipsearch_collection *collection, bool *due, bool *wants_queries,
                                             clipsearch_error *err);
clipsearch_status cs_local_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                 clipsearch_error *err);

#endif
