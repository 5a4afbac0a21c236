/* SPDX-License-Identifier: MIT
 * backend.h - the seam between the engine and the place where collections live. */
#ifndef CS_BACKEND_BACKEND_H
#define CS_BACKEND_BACKEND_H

#include "backend/hits.h"
#include "backend/items.h"
#include "base/identity.h"
#include "base/source_record.h"
#include "base/lock_file.h"
#include "filter/filter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* The seam is made of whole questions, not of transactions and single rows: behind it there may be a server, where
 * every call is a round trip and "begin" does not exist. A backend (local: SQLite and an index file) makes a database
 * and its collections as structs that begin with the ones below, and fills in their functions. Everything above calls
 * the cs_database_ and cs_collection_ functions at the end of this header and knows no backend.
 *
 * Threads: any number may call the functions of one database and its collections at the same time. Reads run side by
 * side; changes wait for one another inside the backend. Opening, closing and dropping a collection, and closing the
 * database, are for one thread that knows no other uses that handle. */

/* ---- what is said about a collection */

/* What is fixed when a collection is made. The strings live as long as the handle (or the call that gives them). */
typedef struct cs_collection_identity {
    const char *name;
    const char *encoder, *fingerprint, *preprocessing; /* as in cs_encoder_identity */
    size_t dim;
    clipsearch_metric metric;
    int64_t created;                /* seconds since 1970 */
    clipsearch_index_options index; /* the defaults filled in */
    const char *model_path;         /* the path that the encoder was opened by; NULL: it is found by its name */
    bool foreign; /* made by another program, which does not say with which encoder: any of its dim may be tried */
} cs_collection_identity;

/* What changes. */
typedef struct cs_collection_state {
    uint64_t count;      /* items */
    uint64_t gone;       /* of these, items whose files are known to be gone */
    uint64_t generation; /* raised by every batch of changes that changes something */
    bool indexed;        /* there is an index file */
    uint64_t changes;    /* vectors put or removed since it was written; cs_database_each_collection leaves it 0 */
    char remodel[129];   /* the model that it is being encoded anew with, "" for none, */
    uint64_t remodelled; /* and how many items are; by cs_database_each_collection only */
    unsigned precisions; /* what its vectors were computed in, as in clipsearch_collection_info */
} cs_collection_state;

/* ---- changes */

typedef enum cs_item_change_kind {
    CS_ITEM_PUT, /* store item and vector: a new item, or the one with that path, or else with that id, is replaced */
    CS_ITEM_UPDATE, /* everything of the item item.id but its vector: a new path, size, time, attributes */
    CS_ITEM_REMOVE, /* the item item.id; that it is not there is no error */
    CS_ITEM_GONE,   /* the file of the item item.id was found gone at file.gone_since, unless that is known already */
    CS_ITEM_MERGE   /* merge item.attributes into those of the item item.id; that it is not there is no error */
} cs_item_change_kind;

typedef struct cs_item_change {
    cs_item_change_kind kind;
    clipsearch_item item; /* path and attributes are borrowed; attributes NULL: "{}"; PUT: path NULL: "#" and the id */
    cs_item_file file;    /* PUT, UPDATE: what is known of its file; GONE: gone_since */
    const float *vector;  /* PUT: [dim] */
    unsigned precisions;  /* PUT: what the vector was computed in (cs_precision_bit); 0: not known */
    int64_t id;           /* PUT: receives the item's id */
    bool removed;         /* REMOVE: receives whether it was there */
} cs_item_change;

/* ---- encoding anew with another model ("remodelling") */

/* Which model a collection is being encoded anew with. */
typedef struct cs_remodel_state {
    bool begun;
    char encoder[129]; /* its name */
    uint64_t done;     /* items that have their new vector */
} cs_remodel_state;

/* The new vector of an item. */
typedef struct cs_new_vector {
    int64_t id;
    uint8_t hash[32];    /* the item's; when it has changed meanwhile, the vector does not count */
    const float *vector; /* [dim of the new model] */
} cs_new_vector;

/* ---- questions */

typedef struct cs_page {
    bool with_gone;  /* also items whose files are known to be gone */
    int64_t after;   /* only ids above it */
    uint64_t offset; /* the first so many left out */
    uint64_t limit;  /* at most so many */
    bool falling;    /* from the highest id to the lowest; `after`, if it is not 0, is then an id that all are below */
} cs_page;

typedef struct cs_search_request {
    const float *queries; /* [count, dim] */
    size_t count, k;
    const cs_filter_tree *filter; /* NULL: all items */
    bool with_gone;               /* also items whose files are known to be gone, if they have a vector */
    bool without_vector;          /* and these too: to check an index */
    bool has_limit;
    float limit; /* only hits as near or nearer */
    bool exact;
    bool fold_copies;               /* k contents, each one hit; not for backends: cs_collection_search does it */
    size_t ef;                      /* 0: the collection's own */
    clipsearch_search_stats *stats; /* filled in when not NULL */
} cs_search_request;

/* ---- a backend's functions */

/* What a backend can do. */
enum {
    CS_BACKEND_ATOMIC_APPLY = 1, /* `apply` does all or nothing; without it, it may be repeated after a failure */
    CS_BACKEND_SNAPSHOT = 2,     /* one search sees one moment, whatever is changed meanwhile */
    CS_BACKEND_CHECKPOINT = 4,
    CS_BACKEND_VACUUM = 8
};

typedef struct cs_database_ops {
    /* By name; a false return ends the walk. */
    clipsearch_status (*each_collection)(clipsearch_database *db,
                                         bool (*each)(void *context, const cs_collection_identity *identity,
                                                      const cs_collection_state *state),
                                         void *context, clipsearch_error *err);
    clipsearch_status (*open_collection)(clipsearch_database *db, const char *name, clipsearch_collection **collection,
                                         clipsearch_error *err);
    /* Make the collection when there is none of that name, and open it. `metric` and `index` count only when it is
     * made, but `index` must be possible in any case. */
    clipsearch_status (*ensure_collection)(clipsearch_database *db, const char *name,
                                           const cs_encoder_identity *encoder, clipsearch_metric metric,
                                           const clipsearch_index_options *index, clipsearch_collection **collection,
                                           clipsearch_error *err);
    clipsearch_status (*drop_collection)(clipsearch_database *db, const char *name, clipsearch_error *err);
    clipsearch_status (*vacuum)(clipsearch_database *db, clipsearch_error *err); /* NULL without CS_BACKEND_VACUUM */
    void (*close)(clipsearch_database *db);
    unsigned index_types; /* bit 1 << TYPE for each clipsearch_index_type that a new collection may have */
} cs_database_ops;

/* Functions that take `items` or `hits` append to them; the caller made them, and binds and frees them. */
typedef struct cs_collection_ops {
    clipsearch_status (*describe)(clipsearch_collection *collection, cs_collection_state *state, clipsearch_error *err);
    clipsearch_status (*by_paths)(clipsearch_collection *collection, const char *const *paths, size_t count,
                                  cs_items *items, clipsearch_error *err);
    clipsearch_status (*by_hashes)(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                   size_t most_each, cs_items *items, clipsearch_error *err);
    clipsearch_status (*by_ids)(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                clipsearch_hits *hits, clipsearch_error *err);
    clipsearch_status (*where)(clipsearch_collection *collection, const cs_filter_tree *filter, const cs_page *page,
                               clipsearch_hits *hits, clipsearch_error *err);
    clipsearch_status (*each_path)(clipsearch_collection *collection, const char *root,
                                   clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                   void *context, clipsearch_error *err);
    clipsearch_status (*each_hash)(clipsearch_collection *collection,
                                   clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                             clipsearch_error *err),
                                   void *context, clipsearch_error *err);
    clipsearch_status (*vectors)(clipsearch_collection *collection, const int64_t *ids, size_t count, float *vectors,
                                 clipsearch_error *err);
    clipsearch_status (*apply)(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                               clipsearch_error *err);
    clipsearch_status (*remove_where)(clipsearch_collection *collection, const cs_filter_tree *filter,
                                      uint64_t *removed, clipsearch_error *err);
    clipsearch_status (*each_source)(clipsearch_collection *collection,
                                     clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                               clipsearch_error *err),
                                     void *context, clipsearch_error *err);
    clipsearch_status (*put_sources)(clipsearch_collection *collection, const char *list,
                                     const cs_source_record *sources, size_t count, clipsearch_error *err);
    clipsearch_status (*forget_sources)(clipsearch_collection *collection, const char *name, uint64_t *forgotten,
                                        clipsearch_error *err);
    /* Remember another path of the model, which made the same vectors. */
    clipsearch_status (*set_model_path)(clipsearch_collection *collection, const char *path, clipsearch_error *err);
    clipsearch_status (*search)(clipsearch_collection *collection, const cs_search_request *request,
                                clipsearch_hits *hits, clipsearch_error *err);
    /* All five NULL: the backend cannot encode a collection anew. */
    clipsearch_status (*describe_remodel)(clipsearch_collection *collection, cs_remodel_state *state,
                                          clipsearch_error *err);
    clipsearch_status (*begin_remodel)(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                       clipsearch_metric metric, bool *resumed, clipsearch_error *err);
    clipsearch_status (*items_to_remodel)(clipsearch_collection *collection, int64_t after, size_t most,
                                          cs_items *items, clipsearch_error *err);
    clipsearch_status (*put_new_vectors)(clipsearch_collection *collection, const cs_new_vector *vectors, size_t count,
                                         clipsearch_error *err);
    clipsearch_status (*finish_remodel)(clipsearch_collection *collection, const int64_t *without, size_t count,
                                        bool *finished, clipsearch_error *err);
    /* As cs_lock_file_try. NULL: the backend cannot keep others from ingesting at the same time. */
    clipsearch_status (*lock_ingestion)(clipsearch_collection *collection, cs_lock_file **lock, long *holder,
                                        clipsearch_error *err);
    /* Both NULL without CS_BACKEND_CHECKPOINT. */
    clipsearch_status (*checkpoint)(clipsearch_collection *collection, const clipsearch_checkpoint_options *options,
                                    clipsearch_error *err);
    clipsearch_status (*checkpoint_is_due)(clipsearch_collection *collection, bool *due, bool *wants_queries,
                                           clipsearch_error *err);
    clipsearch_status (*check)(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                               clipsearch_error *err);
    void (*close)(clipsearch_collection *collection);
} cs_collection_ops;

/* Every backend's database begins with this. */
struct clipsearch_database {
    const cs_database_ops *ops;
    unsigned capabilities;  /* CS_BACKEND_ bits */
    _Atomic size_t handles; /* that users have: its own and those of its collections. The last one closes it */
    pthread_mutex_t note_lock;
    void (*note)(void *context, const char *line); /* NULL: nobody listens */
    void *note_context;
    bool (*go_on)(void *context); /* NULL: nobody is asked while a call waits for a server */
    void *go_on_context;
};

/* Every backend's collection begins with this. */
struct clipsearch_collection {
    const cs_collection_ops *ops;
    clipsearch_database *db;
    cs_collection_identity identity;
};

/* For backends: the common part of a database that is being opened or closed. */
void cs_database_init(clipsearch_database *db, const cs_database_ops *ops, unsigned capabilities);
void cs_database_destroy(clipsearch_database *db);

/* ---- databases */

void cs_database_close(clipsearch_database **db);
void cs_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line), void *context);
/* Report something that is not as it might be, though nothing fails. One note at a time. */
void cs_database_note(clipsearch_database *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `go_on` is asked about twenty times a second while a call waits for a server; false ends it with
 * CLIPSEARCH_E_CANCELLED. Set it before other threads use the database. */
void cs_database_on_wait(clipsearch_database *db, bool (*go_on)(void *context), void *context);
clipsearch_status cs_database_each_collection(clipsearch_database *db,
                                              bool (*each)(void *context, const cs_collection_identity *identity,
                                                           const cs_collection_state *state),
                                              void *context, clipsearch_error *err);
/* CLIPSEARCH_E_UNSUPPORTED when the backend has nothing to vacuum. */
clipsearch_status cs_database_vacuum(clipsearch_database *db, clipsearch_error *err);

/* As clipsearch_collection_open, _ensure_index and _drop say. `encoder` may be NULL for open. */
clipsearch_status cs_collection_open(clipsearch_database *db, const char *name, const cs_encoder_identity *encoder,
                                     clipsearch_collection **collection, clipsearch_error *err);
clipsearch_status cs_collection_ensure(clipsearch_database *db, const char *name, const cs_encoder_identity *encoder,
                                       clipsearch_metric metric, const clipsearch_index_options *index,
                                       clipsearch_collection **collection, clipsearch_error *err);
/* Of a collection of this encoder: remember the path that it was opened by, if it has one. The model may have been
 * moved, or be given as a path for the first time. cs_collection_ensure does so too. */
clipsearch_status cs_collection_remember_path(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                              clipsearch_error *err);
clipsearch_status cs_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err);
void cs_collection_close(clipsearch_collection **collection);

/* ---- a collection: what there is */

static inline const cs_collection_identity *cs_collection_identify(const clipsearch_collection *collection)
{
    return &collection->identity;
}

/* CLIPSEARCH_E_MISMATCH, naming both, when the collection's vectors are not of this encoder. Its name does not matter:
 * the same weights in another directory make the same vectors. The fingerprint is "" for vectors that were put without
 * a model; two such agree when their names do, or one has none. */
clipsearch_status cs_collection_check_encoder(const clipsearch_collection *collection,
                                              const cs_encoder_identity *encoder, clipsearch_error *err);

/* Every function from here on gives CLIPSEARCH_E_NOT_FOUND when the collection has been dropped since it was opened,
 * even if another of its name was made since; CLIPSEARCH_E_DATABASE and _MEMORY. */
clipsearch_status cs_collection_describe(clipsearch_collection *collection, cs_collection_state *state,
                                         clipsearch_error *err);

/* ---- look-ups: each is one moment's answer to all it asks */

/* The items with these paths, in their order: items->count grows by `count`; one that is not there has id 0. */
clipsearch_status cs_collection_by_paths(clipsearch_collection *collection, const char *const *paths, size_t count,
                                         cs_items *items, clipsearch_error *err);
/* For each of hashes [count] in turn the items with that content, by id, at most `most_each`; none is no error. The
 * items say which hash they have. */
clipsearch_status cs_collection_by_hashes(clipsearch_collection *collection, const uint8_t (*hashes)[32], size_t count,
                                          size_t most_each, cs_items *items, clipsearch_error *err);
/* The items with these ids, in their order, as the hits of one query; an id that is not there is left out. */
clipsearch_status cs_collection_by_ids(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       clipsearch_hits **hits, clipsearch_error *err);
/* One page of the items that `filter` (NULL: all) lets through, by ascending id, as the hits of one query. */
clipsearch_status cs_collection_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                      const cs_page *page, clipsearch_hits **hits, clipsearch_error *err);
/* The path of every item whose path is `root` or lies below root + "/", bytewise in order. The callback must not use
 * the collection; a status other than CLIPSEARCH_OK ends the walk. */
clipsearch_status cs_collection_each_path(clipsearch_collection *collection, const char *root,
                                          clipsearch_status (*each)(void *context, const char *path,
                                                                    clipsearch_error *err),
                                          void *context, clipsearch_error *err);
/* The content hash of every item, in no order. */
clipsearch_status cs_collection_each_hash(clipsearch_collection *collection,
                                          clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                    clipsearch_error *err),
                                          void *context, clipsearch_error *err);
/* The vectors [count, dim] of these items. CLIPSEARCH_E_NOT_FOUND names the first that is not there. */
clipsearch_status cs_collection_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                        float *vectors, clipsearch_error *err);

/* ---- changes */

/* Make all changes in their order, in one transaction where the backend has one (CS_BACKEND_ATOMIC_APPLY): after a
 * failure nothing is changed, elsewhere the same call may be repeated.
 * Errors: CLIPSEARCH_E_ARGUMENT (an item that cannot be, a path that another item has), _NOT_FOUND (an UPDATE of an
 * item that is not there). */
clipsearch_status cs_collection_apply(clipsearch_collection *collection, cs_item_change *changes, size_t count,
                                      clipsearch_error *err);
/* Take the lock that one ingestion into the collection has at a time, among processes; as cs_lock_file_try. Changes are
 * possible without it: it keeps two ingestions from encoding the same files. */
clipsearch_status cs_collection_lock_ingestion(clipsearch_collection *collection, cs_lock_file **lock, long *holder,
                                               clipsearch_error *err);
/* As clipsearch_collection_put, _put_vectors, _remove and _remove_where say: made of `apply`. `precisions`: what the
 * vectors were computed in, as in cs_item_change. */
clipsearch_status cs_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                    const float *vectors, size_t count, int64_t *ids, clipsearch_error *err);
clipsearch_status cs_collection_put_vectors(clipsearch_collection *collection, const clipsearch_item *items,
                                            const float *vectors, size_t count, unsigned precisions, int64_t *ids,
                                            clipsearch_error *err);
clipsearch_status cs_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       size_t *removed, clipsearch_error *err);
clipsearch_status cs_collection_remove_where(clipsearch_collection *collection, const cs_filter_tree *filter,
                                             uint64_t *removed, clipsearch_error *err);
/* As clipsearch_collection_merge_attributes says. */
clipsearch_status cs_collection_merge_attributes(clipsearch_collection *collection, const int64_t *ids,
                                                 const char *const *attributes, size_t count, clipsearch_error *err);

/* ---- encoding anew with another model */

/* The collection keeps its model and its vectors until cs_collection_finish_remodel; what is stored for the other model
 * meanwhile survives the process, and is gone on with by the next cs_collection_begin_remodel with the same encoder and
 * metric. CLIPSEARCH_E_UNSUPPORTED, from all five, where the backend cannot. */

/* Whether one has begun, and how far it has come. */
clipsearch_status cs_collection_describe_remodel(clipsearch_collection *collection, cs_remodel_state *state,
                                                 clipsearch_error *err);
/* Begin, or go on (*resumed: with vectors that are there already). What was stored for a third model is given up. With
 * the collection's own encoder and metric everything is given up, and nothing begins. */
clipsearch_status cs_collection_begin_remodel(clipsearch_collection *collection, const cs_encoder_identity *encoder,
                                              clipsearch_metric metric, bool *resumed, clipsearch_error *err);
/* The next items, by id, with ids above `after` and without a new vector of their present content, at most `most`. */
clipsearch_status cs_collection_items_to_remodel(clipsearch_collection *collection, int64_t after, size_t most,
                                                 cs_items *items, clipsearch_error *err);
/* Store new vectors, all or none where the backend has transactions. An item that is not there any more is passed
 * over. CLIPSEARCH_E_ARGUMENT: none has begun, or a vector that is not finite. */
clipsearch_status cs_collection_put_new_vectors(clipsearch_collection *collection, const cs_new_vector *vectors,
                                                size_t count, clipsearch_error *err);
/* When all items have their new vector but those of `without` [count], ascending ids: switch, in one transaction. Those
 * of `without` are noted as gone, and are taken for changed when their files are back. *finished false: other items
 * want a vector too, and nothing is changed. Once it is finished, every handle of the collection is of the old model:
 * its functions give CLIPSEARCH_E_NOT_FOUND, and the collection must be opened again. */
clipsearch_status cs_collection_finish_remodel(clipsearch_collection *collection, const int64_t *without, size_t count,
                                               bool *finished, clipsearch_error *err);

/* ---- sources that are remembered */

/* Each in the order in which they first came. The record lives until `each` returns, which must not use the collection;
 * a status other than CLIPSEARCH_OK ends the walk. */
clipsearch_status cs_collection_each_source(clipsearch_collection *collection,
                                            clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                      clipsearch_error *err),
                                            void *context, clipsearch_error *err);
/* Remember the sources [count] of one list instead of those of that list that are remembered; with the list "", only
 * instead of those with the same paths. In one transaction where the backend has one. */
clipsearch_status cs_collection_put_sources(clipsearch_collection *collection, const char *list,
                                            const cs_source_record *sources, size_t count, clipsearch_error *err);
/* Forget the sources with the path `name`, and those of the list `name`. Their items stay. */
clipsearch_status cs_collection_forget_sources(clipsearch_collection *collection, const char *name, uint64_t *forgotten,
                                               clipsearch_error *err);

/* ---- search and maintenance */

/* As clipsearch_search says. */
clipsearch_status cs_collection_search(clipsearch_collection *collection, const cs_search_request *request,
                                       clipsearch_hits **hits, clipsearch_error *err);
/* As clipsearch_collection_checkpoint says; does nothing where there is no index file. `options` is not NULL. */
clipsearch_status cs_collection_checkpoint(clipsearch_collection *collection,
                                           const clipsearch_checkpoint_options *options, clipsearch_error *err);
/* Whether enough has changed for an ingestion to end with a checkpoint, and whether that should be given the vectors of
 * sentences, because no file has them yet. */
clipsearch_status cs_collection_checkpoint_is_due(clipsearch_collection *collection, bool *due, bool *wants_queries,
                                                  clipsearch_error *err);
/* As clipsearch_collection_check says. */
clipsearch_status cs_collection_check(clipsearch_collection *collection, size_t sample, clipsearch_check_report *report,
                                      clipsearch_error *err);

#endif
