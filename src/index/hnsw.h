/* SPDX-License-Identifier: MIT
 * hnsw.h - an index that walks a hierarchical navigable small world graph (Malkov & Yashunin, arXiv:1603.09320). */
#ifndef CS_INDEX_HNSW_H
#define CS_INDEX_HNSW_H

#include "index/index.h"
#include "index/quant.h"

/* Zero fields take the default. */
typedef struct cs_hnsw_options {
    size_t m;               /* links a node chooses, twice as many at level 0; 4 to 64, default 16 */
    size_t ef_construction; /* candidates that a new node chooses its links from; m to 4096, default 200 */
    size_t ef;              /* candidates a search keeps; 1 to 65,536, default 64 */
    cs_quant_kind codes;    /* what a walk compares; results are always re-ranked by the exact vectors */
    uint64_t seed;          /* of the levels */
} cs_hnsw_options;

/* Replace every 0 in `options` by the default. */
void cs_hnsw_options_set_defaults(cs_hnsw_options *options);

/* Vectors of 1 to 4,096 numbers. For CLIPSEARCH_COSINE vectors and queries must be L2-normalised.
 *
 * The same calls with the same seed give the same graph and the same answers, whatever the number of threads.
 * Any number of threads may search, count and check while one changes the index; changes wait for one another. A search
 * sees the index as it was between two changes; it waits while links that are already computed are written
 * (microseconds for one vector, milliseconds for a batch), never while they are computed. */
clipsearch_status cs_index_hnsw_open(size_t dim, clipsearch_metric metric, const cs_hnsw_options *options,
                                     cs_index **index, clipsearch_error *err);

/* What cs_index_hnsw_check found. The graph is sound when `broken` is 0. */
typedef struct cs_hnsw_report {
    size_t vectors; /* ids in the index */
    size_t nodes;   /* living nodes of the graph; the others are vectors equal to one of them */
    size_t removed; /* nodes that walks still pass through but never return; 0 after a vacuum */
    size_t broken;  /* links out of range, to the node itself, to a free row or one of a lower level, or listed twice;
                           bad levels; ids that the id map does not find */
    size_t unreachable; /* living nodes that no path of links leads to from the entry at level 0 */
    size_t links;       /* at level 0 */
    size_t reciprocal;  /* of them, those whose target links back */
    int levels;         /* above 0 */
} cs_hnsw_report;

/* All pages of a mapped index are verified first: CLIPSEARCH_E_FORMAT when one is damaged. */
clipsearch_status cs_index_hnsw_check(const cs_index *index, cs_hnsw_report *report, clipsearch_error *err);

/* Options and sizes of an index. */
typedef struct cs_hnsw_info {
    cs_hnsw_options options;
    size_t vectors;         /* ids */
    size_t rows;            /* with a vector, a removed node, or free */
    size_t nodes;           /* as in cs_hnsw_report */
    size_t removed;         /* the same */
    size_t file_bytes;      /* of the file it is mapped from, or 0 */
    size_t calibrated;      /* vectors there were when it was calibrated, or 0 */
    size_t near_ef, far_ef; /* then chosen; 0: all codes are compared */
    size_t queries;         /* that it keeps for calibrations and checks */
} cs_hnsw_info;

void cs_index_hnsw_describe(const cs_index *index, cs_hnsw_info *facts);

/* Choose ef by measuring, for queries among the vectors and for queries like `queries` [count, dim] (hnsw_calibrate.h):
 * for all searches that give no ef. The queries are kept in the index and its file; NULL: those that it has. Copies a
 * mapped index into memory. Others may search meanwhile. Errors: CLIPSEARCH_E_MEMORY, and _FORMAT for an index that is
 * mapped from a damaged file. */
clipsearch_status cs_index_hnsw_calibrate(cs_index *index, const float *queries, size_t count, cs_pool *pool,
                                          clipsearch_error *err);

/* Whether the number of vectors has changed so much since then, or it was never done, that it is due. */
bool cs_index_hnsw_calibration_is_due(const cs_index *index);

/* A copy of the queries that the index keeps, [*count, dim], to be freed with cs_free; NULL when there are none. */
clipsearch_status cs_index_hnsw_copy_queries(const cs_index *index, float **queries, size_t *count,
                                             clipsearch_error *err);

/* Whether a search will begin with a scan that is so long that several threads are faster: a pool helps it. */
bool cs_index_hnsw_shares_search(const cs_index *index, const float *query, const cs_index_search_params *params);

/* Whether there is a vector of that id. */
bool cs_index_hnsw_has_id(const cs_index *index, int64_t id);

/* Copy the exact vector [dim] of an id; *found receives false when there is none. CLIPSEARCH_E_FORMAT: it lies in a
 * damaged page. */
clipsearch_status cs_index_hnsw_copy_vector(const cs_index *index, int64_t id, float *vector, bool *found,
                                            clipsearch_error *err);

#endif
