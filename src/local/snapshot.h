/* SPDX-License-Identifier: MIT
 * snapshot.h - a collection as it was at one generation, in memory, for searches by any number of threads. */
#ifndef CS_LOCAL_SNAPSHOT_H
#define CS_LOCAL_SNAPSHOT_H

#include "base/id_list.h"
#include "index/index.h"
#include "local/index_file.h"
#include "local/scan_group.h"

#include <pthread.h>
#include <stdatomic.h>

/* A delta longer than this share of the collection takes as long to read as everything: 5.0 to 6.6 microseconds a
 * vector by its id, 1.4 in a row. */
enum { CS_SNAPSHOT_DELTA_SHARE = 4 };

/* The parts of a snapshot. Each is counted, so that the snapshot of the next generation can share it. */

typedef struct cs_snapshot_graph {
    atomic_uint uses;
    cs_index *index; /* mapped */
    cs_hnsw_stamp stamp;
    cs_index_file_mark mark; /* of the file when it was mapped */
    atomic_bool damaged;     /* a search found a damaged page */
} cs_snapshot_graph;

/* What has changed since the graph was written. */
typedef struct cs_snapshot_delta {
    atomic_uint uses;
    cs_index *index;     /* vectors put since, for an exact scan */
    cs_id_list changed;  /* ids put or removed since, ascending: never results of the graph */
    uint64_t generation; /* up to here */
} cs_snapshot_delta;

typedef struct cs_snapshot_vectors {
    atomic_uint uses;
    cs_index *index;     /* all vectors, for an exact scan */
    cs_scan_group group; /* threads that scan them */
} cs_snapshot_vectors;

/* Nothing of it changes once it is made, but that the vectors are read when they are first needed. */
typedef struct cs_snapshot {
    atomic_uint uses;
    cs_store_state state;
    bool graph_tried;                       /* the index file was looked at */
    cs_index_file_mark mark;                /* as it was then */
    cs_snapshot_graph *graph;               /* mapped, or NULL */
    cs_snapshot_delta *delta;               /* of the graph, or NULL */
    bool graph_usable;                      /* graph and delta together hold every item */
    pthread_mutex_t vectors_lock;           /* held while they are read, which may take seconds */
    _Atomic(cs_snapshot_vectors *) vectors; /* NULL until cs_snapshot_load_vectors */
} cs_snapshot;

/* Why searches cannot use a graph, when there is something to say. */
typedef enum cs_snapshot_reason {
    CS_SNAPSHOT_NO_REASON,      /* it can be used, or the collection is small, or it was refused before */
    CS_SNAPSHOT_FILE_UNUSABLE,  /* missing, stale, unreadable, damaged */
    CS_SNAPSHOT_DELTA_TOO_LONG, /* too much has changed since */
    CS_SNAPSHOT_ITEMS_DIFFER    /* graph and delta do not hold the items of the collection */
} cs_snapshot_reason;

typedef struct cs_snapshot_request {
    cs_store *store; /* in a read transaction */
    const cs_store_identity *identity;
    const cs_store_state *state;       /* of that transaction */
    const char *index_path;            /* NULL: make it without looking at the index file */
    const cs_index_file_mark *refused; /* a file that is not to be tried again, or NULL */
    /* The snapshot before, whose parts may be shared, or NULL. If the caller has its only use, its delta is taken
     * from it and brought up to date in place, else a copy is. Either way the caller releases it afterwards and uses it
     * for nothing else. */
    cs_snapshot *before;
} cs_snapshot_request;

/* Make a snapshot with one use. *reason and why (a sentence without an end) say why its graph cannot be used.
 * Errors: _DATABASE, _MEMORY. */
clipsearch_status cs_snapshot_make(const cs_snapshot_request *request, cs_snapshot **snapshot,
                                   cs_snapshot_reason *reason, clipsearch_error *why, clipsearch_error *err);
void cs_snapshot_use(cs_snapshot *snapshot);
void cs_snapshot_release(cs_snapshot **snapshot);

/* Whether the snapshot is what a read transaction with `state` sees. `index_path` as above: the index file, too, is the
 * one that a new snapshot would look at. */
bool cs_snapshot_is_current(const cs_snapshot *snapshot, const cs_store_state *state, const char *index_path);

static inline size_t cs_snapshot_delta_count(const cs_snapshot *snapshot)
{
    return snapshot->delta ? cs_index_count(snapshot->delta->index) : 0;
}

/* The nearest by graph and delta, as cs_index_search; graph_usable must be true. spare [2 * params->k]; `pool` may be
 * NULL. `not_in_graph`: the ids of params->excluded and delta->changed together, ascending; NULL: params excludes none.
 * CLIPSEARCH_E_FORMAT: the file is damaged; no result. */
clipsearch_status cs_snapshot_search_graph(const cs_snapshot *snapshot, const float *query,
                                           const cs_index_search_params *params, const cs_id_list *not_in_graph,
                                           cs_pool *pool, cs_neighbour *spare, cs_neighbour *out, size_t *found,
                                           clipsearch_error *err);

/* All vectors; read by the first thread that asks, from `store`, in a read transaction of the snapshot's generation.
 * They stay as long as the snapshot. */
clipsearch_status cs_snapshot_load_vectors(cs_snapshot *snapshot, cs_store *store, const cs_store_identity *identity,
                                           cs_snapshot_vectors **vectors, clipsearch_error *err);
/* Whether they have been read; does not wait for a thread that is reading them. */
bool cs_snapshot_has_vectors(const cs_snapshot *snapshot);

#endif
