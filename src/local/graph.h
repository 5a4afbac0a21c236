/* SPDX-License-Identifier: MIT
 * graph.h - the index file of a collection, mapped, and beside it the pictures that have changed since it was written.
 */
#ifndef CS_LOCAL_GRAPH_H
#define CS_LOCAL_GRAPH_H

#include "index/hnsw_stamp.h"
#include "index/index.h"
#include "index/quant.h"
#include "store/store.h"

#include <sys/stat.h>

/* Below so many pictures a collection has no index file and is scanned: figures in docs/index.md. */
enum { CS_GRAPH_LEAST = 2048 };

/* A tail longer than this share of the collection costs as much to read as everything: 5.0 to 6.6 microseconds a vector
 * by its id, 1.4 in a row. */
enum { CS_GRAPH_TAIL_SHARE = 4 };

typedef struct cs_graph {
    cs_index *index;     /* mapped; NULL: none is in use */
    cs_hnsw_stamp stamp; /* its own */
    struct stat file;    /* of the file when it was mapped */
    cs_index *tail;      /* vectors put behind stamp.generation, for an exact scan; NULL before they were read */
    int64_t *changed;    /* [changed_count] ids put or removed since, ascending: never taken from the graph */
    size_t changed_count;
    uint64_t tail_generation; /* of what is in tail and changed */
    uint64_t holds;           /* pictures in index and tail together */
    uint64_t mark;            /* which files the collection speaks of, as one number */
    uint64_t refused;         /* the mark at which none could be used: not tried again */
    uint64_t told;            /* the mark, + 1, at which it was said why searches are exact */
} cs_graph;

void cs_graph_close(cs_graph *graph);

/* How an index holds vectors; the default is that of CLIPSEARCH_CODES_I8. */
cs_quant_kind cs_graph_codes(clipsearch_codes codes);

/* "<database>.<collection>.hnsw"; NULL when out of memory. cs_free it. */
char *cs_graph_path(const cs_store *store, const char *collection);

/* Map the index file that `row` speaks of, whatever has changed since. Errors: CLIPSEARCH_E_NOT_FOUND (no file, or
 * another one), and those of cs_index_hnsw_map. */
clipsearch_status cs_graph_map(cs_store *store, const cs_store_collection *row, cs_index **index, cs_hnsw_stamp *stamp,
                               clipsearch_error *err);

/* Bring `graph` up to `row`, which has just been read within the same reading. *usable false: it cannot be searched and
 * `why` says so in one line, "" when there is nothing to be said (the collection is small) or when it has been said. */
clipsearch_status cs_graph_ready(cs_graph *graph, cs_store *store, const cs_store_collection *row, bool *usable,
                                 clipsearch_error *why, clipsearch_error *err);

/* Whether a usable graph has with its tail as many pictures as the collection. Only a hand in the tables, whose work is
 * noted nowhere, makes it otherwise; then `why` as above. */
bool cs_graph_is_whole(cs_graph *graph, const cs_store_collection *row, clipsearch_error *why);

/* The nearest among graph and tail, as cs_index_search; spare [2 * params->k]. CLIPSEARCH_E_FORMAT: the file is damaged
 * and refused from now on; no answer. */
clipsearch_status cs_graph_search(cs_graph *graph, const float *query, const cs_index_search_params *params,
                                  cs_neighbour *spare, cs_neighbour *out, size_t *found, clipsearch_error *err);

#endif
