/* SPDX-License-Identifier: MIT
 * target.h - where an ingestion stores its items: a collection that is open, or one that is made when it is needed. */
#ifndef CS_INGEST_TARGET_H
#define CS_INGEST_TARGET_H

#include "backend/backend.h"
#include "encode/encoder.h"

/* How databases are opened. The module that knows the kinds of databases fills this in. */
typedef struct cs_database_opener {
    /* As clipsearch_database_open. */
    clipsearch_status (*open)(const char *path, unsigned flags, clipsearch_database **db, clipsearch_error *err);
    /* Whether the collection `name` can be made in the database `path`, as far as that shows before it is made. */
    clipsearch_status (*check_new)(const char *path, const char *name, const cs_encoder_identity *encoder,
                                   clipsearch_metric metric, const clipsearch_index_options *options,
                                   clipsearch_error *err);
    /* As cs_collection_lock_ingestion, of a collection that need not exist yet. */
    clipsearch_status (*lock_ingestion)(const char *path, const char *collection, cs_lock_file **lock, long *holder,
                                        clipsearch_error *err);
} cs_database_opener;

typedef struct cs_target {
    clipsearch_collection *collection; /* NULL: does not exist yet */
    size_t dim;                        /* of the collection that exists or will */
    clipsearch_metric metric;
    bool created; /* cs_target_create has made the collection */
    /* for a collection that need not exist; else NULL */
    const clipsearch_ingest_target *wanted;
    const cs_database_opener *opener;
    const clipsearch_encoder *encoder;
    clipsearch_database *db; /* NULL: does not exist yet */
    /* as for cs_database_on_wait; set before cs_target_open, or NULL */
    bool (*go_on)(void *context);
    void *go_on_context;
} cs_target;

/* A target that is an open collection. It stays the caller's. Errors: CLIPSEARCH_E_MISMATCH (another encoder's),
 * _NOT_FOUND (dropped), _DATABASE. */
clipsearch_status cs_target_use(cs_target *target, clipsearch_collection *collection, const clipsearch_encoder *encoder,
                                clipsearch_error *err);

/* Open the database and the collection `wanted` names as far as they exist, and check that what is missing can be made
 * (not for `read_only`). Makes nothing. *target must be closed in any case; what is passed in must outlive it.
 * Errors: those of clipsearch_ingest_into. */
clipsearch_status cs_target_open(cs_target *target, const clipsearch_ingest_target *wanted,
                                 const cs_database_opener *opener, const clipsearch_encoder *encoder, bool read_only,
                                 clipsearch_error *err);

/* Make what is missing of the database and the collection. */
clipsearch_status cs_target_create(cs_target *target, clipsearch_error *err);

/* Undo cs_target_create as far as the collection goes: drop it if it is still empty. After a first batch that could not
 * be stored. */
void cs_target_drop_created(cs_target *target);

void cs_target_close(cs_target *target);

#endif
