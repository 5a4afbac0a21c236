/* SPDX-License-Identifier: MIT
 * store.h - the SQLite catalogue: collections, items, vectors. The truth about a collection. */
#ifndef CS_STORE_STORE_H
#define CS_STORE_STORE_H

#include "base/collection_name.h"
#include "base/error.h"
#include "base/item_file.h"
#include "base/item_limits.h"
#include "base/source_record.h"
#include "filter/filter.h"

#include <stdint.h>

typedef struct cs_store cs_store;

/* Schema version this build writes. A file with a higher one is refused, a lower one migrated in one transaction. */
enum { CS_STORE_SCHEMA = 5 };

/* How long a change waits for another writer, in milliseconds. */
enum { CS_STORE_TIMEOUT_MS = 5000 };

/* The path of a database in memory, new for each cs_store_open and gone with its last connection; at most 2 GiB. */
#define CS_STORE_MEMORY ":memory:"

/* flags as clipsearch_database_open. WAL, foreign keys, application_id checked, busy timeout 5 s. A file that is not a
 * clipsearch database is left untouched. A commit is on the disk when cs_store_commit returns (synchronous=EXTRA).
 * CLIPSEARCH_READ_ONLY changes no row (though a file of an older schema is brought up to date first). A user who may
 * not write the file, or not its directory, reads it without making a file beside it, and sees all that is committed
 * (reader_vfs.c). */
clipsearch_status cs_store_open(const char *path, unsigned flags, cs_store **store, clipsearch_error *err);
/* Another connection to the same database, for reading only, that another thread may use. A database in memory has no
 * log: there a read waits until no transaction changes it, and a change until no read transaction is open, so both must
 * be kept apart (they fail after CS_STORE_TIMEOUT_MS). */
clipsearch_status cs_store_open_reader(const cs_store *of, cs_store **reader, clipsearch_error *err);
bool cs_store_is_in_memory(const cs_store *store);
/* What cs_store_open checks before it opens anything: the file is there, or with CLIPSEARCH_CREATE its directory. */
clipsearch_status cs_store_check_file(const char *path, unsigned flags, clipsearch_error *err);
void cs_store_close(cs_store **store);
const char *cs_store_path(const cs_store *store);
/* The same, absolute, or of a symbolic link the file that it leads to: beside it lie the files that belong to it. */
const char *cs_store_file(const cs_store *store);
/* How long to wait for another writer before failing; CS_STORE_TIMEOUT_MS at first. */
void cs_store_set_timeout(cs_store *store, int milliseconds);

/* What is fixed when a collection is made; of these, cs_store_finish_remodel changes what is about the encoder. */
typedef struct cs_store_identity {
    int64_t key;      /* internal */
    int64_t encoding; /* how often it was encoded anew; with `key` it says whether the vectors are still the same */
    char name[CS_FILE_COLLECTION_NAME_MAX + 1];
    char encoder[129];
    char fingerprint[65];
    char preprocessing[256];
    size_t dim;
    clipsearch_metric metric;
    int64_t created;
    char codes[16]; /* of its index; "" and 0 are the library's defaults */
    uint64_t m, ef_construction, ef;
    char model_path[CS_MODEL_PATH_MAX + 1]; /* the absolute path that the encoder was opened by; "": by its name */
    unsigned precisions; /* of the new vectors of a remodel; those of a collection are in its state */
} cs_store_identity;

/* What changes. */
typedef struct cs_store_state {
    uint64_t count;
    uint64_t gone;        /* of these, items whose files are known to be gone */
    uint64_t generation;  /* raised by every transaction that changes the collection's items */
    uint64_t index_owner; /* the number in its index file; 0: there is none */
    uint64_t index_next;  /* the number in a file that is just being put in its place; 0: none is */
    bool logging;         /* changes behind log_from are noted */
    uint64_t log_from;
    unsigned precisions; /* what its vectors were computed in, as in clipsearch_collection_info */
} cs_store_state;

typedef struct cs_store_collection {
    cs_store_identity identity;
    cs_store_state state;
    char remodel[129];   /* by cs_store_each only: the model that it is being encoded anew with, "" for none, */
    uint64_t remodelled; /* and how many items have their new vector */
} cs_store_collection;

/* Make a collection; its key, time of creation and state are filled in. CLIPSEARCH_E_ARGUMENT for a bad name,
 * CLIPSEARCH_E_DATABASE when the name is taken. */
clipsearch_status cs_store_create(cs_store *store, cs_store_collection *collection, clipsearch_error *err);
/* CLIPSEARCH_E_NOT_FOUND names the collections there are. */
clipsearch_status cs_store_find(cs_store *store, const char *name, cs_store_collection *collection,
                                clipsearch_error *err);
/* Whether the collection is still there, with vectors of the same encoder. */
clipsearch_status cs_store_exists(cs_store *store, const cs_store_identity *collection, bool *there,
                                  clipsearch_error *err);
/* Read the state again. *there false: the collection has been dropped, or encoded anew. Counting takes a while in a
 * large one (3.6 ms for 100,000) and is done only when the generation is not the one in `state`. */
clipsearch_status cs_store_refresh(cs_store *store, const cs_store_identity *collection, cs_store_state *state,
                                   bool *there, clipsearch_error *err);
clipsearch_status cs_store_each(cs_store *store, bool (*each)(void *context, const cs_store_collection *collection),
                                void *context, clipsearch_error *err);
clipsearch_status cs_store_drop(cs_store *store, const char *name, clipsearch_error *err);
/* In a transaction: remember another path of the collection's model. */
clipsearch_status cs_store_set_model_path(cs_store *store, const cs_store_identity *collection, const char *path,
                                          clipsearch_error *err);

/* In a transaction: vectors computed in `precisions` are among the collection's from now on. */
clipsearch_status cs_store_note_precisions(cs_store *store, const cs_store_identity *collection, unsigned precisions,
                                           clipsearch_error *err);

/* Transactions. begin takes the write lock at once (BEGIN IMMEDIATE); every change below must be inside one. A change
 * that fails leaves the transaction as it was before that change, unless SQLite had to give up the whole of it (disk
 * full, input or output error): then cs_store_commit fails. A commit that fails has rolled back. Rolling back outside
 * a transaction does nothing. */
clipsearch_status cs_store_begin(cs_store *store, clipsearch_error *err);
clipsearch_status cs_store_commit(cs_store *store, clipsearch_error *err);
void cs_store_rollback(cs_store *store);

/* Look-ups between these two see the file as it was at one moment; no changes. *began false: a transaction was open
 * already, and need not be ended. */
clipsearch_status cs_store_begin_read(cs_store *store, bool *began, clipsearch_error *err);
void cs_store_end_read(cs_store *store);

/* Insert `item` with its vector [dim], or replace the one with the same path (keeping its id) or, when item->id is not
 * 0 and taken, the one with that id. *id receives the id. The path decides first: an item whose path is there keeps the
 * id it has even if item->id names another, so that a put never takes an id away. New ids are never reused.
 * An item without a path is named after its id: "#17". What is known of its file, cs_item_file, becomes nothing: the
 * caller sets it.
 * CLIPSEARCH_E_ARGUMENT: a negative id, an empty or too long path, attributes that are no JSON object, a vector with a
 * NaN or infinity. */
clipsearch_status cs_store_put(cs_store *store, const cs_store_identity *collection, const clipsearch_item *item,
                               const float *vector, int64_t *id, clipsearch_error *err);
/* Change everything but the vector of the item `id`: path, size, mtime, hash, attributes ... item->id is not looked at.
 * What is known of its file becomes nothing, as with cs_store_put.
 * CLIPSEARCH_E_NOT_FOUND: no such item; CLIPSEARCH_E_ARGUMENT: as put, or another item has the path. */
clipsearch_status cs_store_update(cs_store *store, const cs_store_identity *collection, int64_t id,
                                  const clipsearch_item *item, clipsearch_error *err);
/* Set what is known of the file of the item `id`. *found (may be NULL) receives whether there is such an item. */
clipsearch_status cs_store_set_file(cs_store *store, const cs_store_identity *collection, int64_t id,
                                    const cs_item_file *file, bool *found, clipsearch_error *err);
/* Note that the file of the item `id` is gone, unless that is noted already or there is no such item: *marked. */
clipsearch_status cs_store_mark_gone(cs_store *store, const cs_store_identity *collection, int64_t id, int64_t since,
                                     bool *marked, clipsearch_error *err);
clipsearch_status cs_store_remove(cs_store *store, const cs_store_identity *collection, int64_t id, bool *removed,
                                  clipsearch_error *err);
/* Merge the JSON object `attributes` into those of the item `id` (RFC 7396). That there is no such item is no error.
 * CLIPSEARCH_E_ARGUMENT: no JSON object, or the whole would be larger than CS_ITEM_ATTRIBUTES_MAX. */
clipsearch_status cs_store_merge_attributes(cs_store *store, const cs_store_identity *collection, int64_t id,
                                            const char *attributes, clipsearch_error *err);

/* Remove every item `filter` lets through; *removed (may be NULL) receives how many. */
clipsearch_status cs_store_remove_where(cs_store *store, const cs_store_identity *collection,
                                        const cs_filter_tree *filter, uint64_t *removed, clipsearch_error *err);

/* Look-ups. *found false: none. item's strings are owned by the store and live until the next call on it. A row that no
 * clipsearch could have written (edited by another program, damaged) is CLIPSEARCH_E_DATABASE everywhere. A callback
 * may look up items (its own item's strings are then gone) but not start the walk it is called from. */
clipsearch_status cs_store_get(cs_store *store, const cs_store_identity *collection, int64_t id, bool *found,
                               clipsearch_item *item, clipsearch_error *err);
clipsearch_status cs_store_get_path(cs_store *store, const cs_store_identity *collection, const char *path, bool *found,
                                    clipsearch_item *item, clipsearch_error *err);
/* What is known of the file of the item that was last looked up or given to a callback. Like that item's strings, until
 * the next call. */
const cs_item_file *cs_store_item_file(const cs_store *store);
/* Every item with this content hash, by id. */
clipsearch_status cs_store_each_hash(cs_store *store, const cs_store_identity *collection, const uint8_t hash[32],
                                     bool (*each)(void *context, const clipsearch_item *item), void *context,
                                     clipsearch_error *err);
/* Every item whose path is `root` or lies below root + "/", by path (bytewise); all items for root NULL. A '/' at the
 * end of root changes nothing. The callback must not change the store. */
clipsearch_status cs_store_each_item(cs_store *store, const cs_store_identity *collection, const char *root,
                                     bool (*each)(void *context, const clipsearch_item *item), void *context,
                                     clipsearch_error *err);
/* The paths alone of the same items, in the same order, which is several times faster. */
clipsearch_status cs_store_each_path(cs_store *store, const cs_store_identity *collection, const char *root,
                                     clipsearch_status (*each)(void *context, const char *path, clipsearch_error *err),
                                     void *context, clipsearch_error *err);
/* Every item with an id above `after` that `filter` (NULL: all) lets through, by ascending id: `limit` of them behind
 * the first `offset`; or `falling`, those below `after` (0: all) by descending id. Items whose files are known to be
 * gone only with_gone. */
clipsearch_status cs_store_each_where(cs_store *store, const cs_store_identity *collection,
                                      const cs_filter_tree *filter, bool with_gone, bool falling, int64_t after,
                                      uint64_t offset, uint64_t limit,
                                      bool (*each)(void *context, const clipsearch_item *item), void *context,
                                      clipsearch_error *err);
/* The content hash of every item, in no order. */
clipsearch_status cs_store_each_content(cs_store *store, const cs_store_identity *collection,
                                        clipsearch_status (*each)(void *context, const uint8_t hash[32],
                                                                  clipsearch_error *err),
                                        void *context, clipsearch_error *err);
/* The ids alone, ascending; with_gone does not give items without a vector (cs_store_put_no_vector). */
clipsearch_status cs_store_each_id(cs_store *store, const cs_store_identity *collection, const cs_filter_tree *filter,
                                   bool with_gone,
                                   clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                   void *context, clipsearch_error *err);
/* The ids of the items whose files are known to be gone, ascending; `without_vector`: of these alone those that have no
 * vector (cs_store_put_no_vector). */
clipsearch_status cs_store_each_gone(cs_store *store, const cs_store_identity *collection, bool without_vector,
                                     clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                     void *context, clipsearch_error *err);

/* ---- sources */

/* Every source that is remembered, in the order in which they first came. The record lives until `each` returns. */
clipsearch_status cs_store_each_source(cs_store *store, const cs_store_identity *collection,
                                       clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err);
/* In a transaction: remember the sources [count] of one list, instead of those of that list that are remembered; with
 * the list "", only instead of those with the same paths. Their own `list` is not looked at. */
clipsearch_status cs_store_put_sources(cs_store *store, const cs_store_identity *collection, const char *list,
                                       const cs_source_record *sources, size_t count, clipsearch_error *err);
/* In a transaction: forget the sources with this path, and those of the list of this name. The items stay. *forgotten
 * receives how many. */
clipsearch_status cs_store_forget_sources(cs_store *store, const cs_store_identity *collection, const char *name,
                                          uint64_t *forgotten, clipsearch_error *err);

/* ---- encoding anew with another model ("remodelling") */

/* `to` in what follows is the collection's identity with the other model in it: encoder, fingerprint, preprocessing,
 * dim, metric, model_path. The collection keeps its own model, and its vectors, until cs_store_finish_remodel. */

/* The other model, if the collection is being encoded anew, and how many of the items have their new vector. */
clipsearch_status cs_store_find_remodel(cs_store *store, const cs_store_identity *collection, bool *found,
                                        cs_store_identity *to, uint64_t *done, clipsearch_error *err);
/* In a transaction, each: */
/* Begin. New vectors of the same model and precisions that are there already stay (*resumed), those of any other go. */
clipsearch_status cs_store_begin_remodel(cs_store *store, const cs_store_identity *to, bool *resumed,
                                         clipsearch_error *err);
/* Give up: the new vectors go. That there are none is no error. */
clipsearch_status cs_store_forget_remodel(cs_store *store, const cs_store_identity *collection, clipsearch_error *err);
/* Store the new vector [to->dim] of an item, of which the content is `hash`. That there is no such item is no error. */
clipsearch_status cs_store_put_new_vector(cs_store *store, const cs_store_identity *to, int64_t id,
                                          const uint8_t hash[32], const float *vector, clipsearch_error *err);
/* The file of an item cannot be encoded: the item gets the vector `far` [to->dim], which no search finds, and is noted
 * as gone, and when the file is back, it is taken for one that has changed. */
clipsearch_status cs_store_put_no_vector(cs_store *store, const cs_store_identity *to, int64_t id, int64_t gone_since,
                                         const float *far, clipsearch_error *err);
/* Give the collection its other model and the new vectors; its index file is no more. Every item must have its new
 * vector (cs_store_each_to_remodel gives none). */
clipsearch_status cs_store_finish_remodel(cs_store *store, const cs_store_identity *to, clipsearch_error *err);

/* The items with ids above `after` without a new vector of their present content, by id, at most `limit`. */
clipsearch_status cs_store_each_to_remodel(cs_store *store, const cs_store_identity *collection, int64_t after,
                                           uint64_t limit, bool (*each)(void *context, const clipsearch_item *item),
                                           void *context, clipsearch_error *err);

/* ---- what an index file needs */

/* Note changes from now on, when they are not noted yet; collection->log_from says from where. A transaction of its
 * own. */
clipsearch_status cs_store_log_changes(cs_store *store, cs_store_collection *collection, clipsearch_error *err);
/* Every id whose vector was put or removed behind `generation`, which must not be below log_from, ascending. */
clipsearch_status cs_store_each_change(cs_store *store, const cs_store_identity *collection, uint64_t generation,
                                       clipsearch_status (*each)(void *context, int64_t id, clipsearch_error *err),
                                       void *context, clipsearch_error *err);
/* The same with the vector [dim] there is now, or NULL for what has been removed. */
clipsearch_status cs_store_each_changed_vector(cs_store *store, const cs_store_identity *collection,
                                               uint64_t generation,
                                               clipsearch_status (*each)(void *context, int64_t id, const float *vector,
                                                                         clipsearch_error *err),
                                               void *context, clipsearch_error *err);
/* How many those are; `present`: without what has been removed. */
clipsearch_status cs_store_count_changes(cs_store *store, const cs_store_identity *collection, uint64_t generation,
                                         bool present, uint64_t *count, clipsearch_error *err);
/* In a transaction: an index file that bears `owner` is about to be put in place. */
clipsearch_status cs_store_announce_index(cs_store *store, const cs_store_identity *collection, uint64_t owner,
                                          clipsearch_error *err);
/* In a transaction: the index file now bears `owner` and holds all up to `generation`; changes up to there are
 * forgotten. owner 0: there is no file, and changes are not noted any more. */
clipsearch_status cs_store_record_index(cs_store *store, const cs_store_identity *collection, uint64_t owner,
                                        uint64_t generation, clipsearch_error *err);
/* The vectors of the next items with ids above `after`, at most `most`: ids [most], vectors [most, dim]. */
clipsearch_status cs_store_vectors_after(cs_store *store, const cs_store_identity *collection, int64_t after,
                                         size_t most, int64_t *ids, float *vectors, size_t *count,
                                         clipsearch_error *err);

/* Write the file anew without what was removed, and empty its log: no byte of a removed vector is left in either.
 * Errors: CLIPSEARCH_E_DATABASE, also when another process reads and so keeps the log. */
clipsearch_status cs_store_vacuum(cs_store *store, clipsearch_error *err);
/* SQLite's own check of the whole file. CLIPSEARCH_E_DATABASE with what it found. */
clipsearch_status cs_store_check(cs_store *store, clipsearch_error *err);

/* The vector [dim] of one item. */
clipsearch_status cs_store_vector(cs_store *store, const cs_store_identity *collection, int64_t id, float *vector,
                                  clipsearch_error *err);
/* Every vector, by ascending id. A stored vector of the wrong length or with a non-finite number is
 * CLIPSEARCH_E_DATABASE. */
clipsearch_status cs_store_each_vector(cs_store *store, const cs_store_identity *collection,
                                       clipsearch_status (*each)(void *context, int64_t id, const float *vector,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err);

/* The version of SQLite. */
const char *cs_store_library(void);

#endif
