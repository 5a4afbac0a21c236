/* SPDX-License-Identifier: MIT
 * open_collections.h - the database of a server, its collections and their encoders: opened when they are first asked
 * for and kept open. */
#ifndef CS_SERVER_OPEN_COLLECTIONS_H
#define CS_SERVER_OPEN_COLLECTIONS_H

#include "config/settings.h"
#include "server/calibration_cell.h"
#include "server/encode_pool.h"

#include <pthread.h>

typedef struct cs_open_collections cs_open_collections;

/* What the frequent values of a collection were when (facets.h). */
typedef struct cs_facet_cache {
    pthread_mutex_t lock;
    char *json; /* owned; NULL: not made yet */
    uint64_t count, gone, changes;
    double made; /* by cs_clock_ms */
} cs_facet_cache;

/* A database that is open; counted, and closed when its file was removed or replaced and nobody uses it any more. */
typedef struct cs_open_database cs_open_database;

/* A collection that is open; counted, and closed when it was dropped and nobody uses it any more. */
typedef struct cs_open_collection {
    char *name;
    cs_open_database *database; /* that it is in */
    clipsearch_collection *collection;
    cs_facet_cache facets;
    cs_calibration_cell calibration;
    size_t users;
    bool is_stale;
    struct cs_open_collection *next;
} cs_open_collection;

typedef struct cs_open_options {
    const cs_settings *settings;
    bool writable;
    size_t sessions;
    uint64_t max_pixels;
    void (*note)(void *context, const char *line); /* may be NULL */
    void *context;
} cs_open_options;

/* `options->settings` must outlive it. A database that does not exist is looked for again at every call.
 * Errors: CLIPSEARCH_E_DATABASE, _IO, _MEMORY. */
clipsearch_status cs_open_collections_make(const cs_open_options *options, cs_open_collections **opened,
                                           clipsearch_error *err);
void cs_open_collections_free(cs_open_collections **opened);

/* Take the database, and give it back (NULL: nothing is done). A file that was removed, or has taken the place of the
 * one that was opened, is noticed. Errors: as of clipsearch_database_open; *db and *taken are NULL then. */
clipsearch_status cs_database_take(cs_open_collections *opened, cs_open_database **taken, clipsearch_database **db,
                                   clipsearch_error *err);
void cs_database_give(cs_open_collections *opened, cs_open_database *taken);

/* Take the collection `name` (NULL: the settings'; or the only one, if that is not there and was not chosen), and give
 * it back. `info` (may be NULL) receives what it is now; its strings are valid until it is given back. A collection
 * that was dropped or encoded anew is opened again, and so is one whose database file was replaced.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _DATABASE, _MEMORY. */
clipsearch_status cs_collection_take(cs_open_collections *opened, const char *name, cs_open_collection **taken,
                                     clipsearch_collection_info *info, clipsearch_error *err);
void cs_collection_give(cs_open_collections *opened, cs_open_collection *taken);

/* The encoder that made a collection's vectors. Errors: CLIPSEARCH_E_NOT_FOUND (the model is not there), _UNSUPPORTED
 * (the vectors were put without a model), those of clipsearch_encoder_open. */
clipsearch_status cs_collection_encoder(cs_open_collections *opened, const clipsearch_collection_info *info,
                                        cs_encode_pool **pool, clipsearch_error *err);

/* Call `each` with every encoder that is open. */
void cs_each_encoder(cs_open_collections *opened, void (*each)(void *context, cs_encode_pool *pool), void *context);

#endif
