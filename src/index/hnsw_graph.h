/* SPDX-License-Identifier: MIT
 * hnsw_graph.h - the arrays of an HNSW index: flat, addressed by row number, without pointers inside. */
#ifndef CS_INDEX_HNSW_GRAPH_H
#define CS_INDEX_HNSW_GRAPH_H

#include "index/hnsw.h"
#include "index/hnsw_pages.h"
#include "index/idmap.h"
#include "index/visited.h"

#include <pthread.h>

#define CS_HNSW_NONE UINT32_MAX

enum {
    CS_HNSW_LEVELS = 16,       /* levels are 0 to 15: at m 4 one node in 4^15 would be higher */
    CS_HNSW_MAX_ROWS = 1 << 30 /* a row number leaves two bits of a word free */
};

/* What a row is. FREE: unused. LIVE: a node. SAME: a vector equal to a node's, not in the graph itself. DEAD: a removed
 * node that walks still pass through. */
enum { CS_HNSW_FREE, CS_HNSW_LIVE, CS_HNSW_SAME, CS_HNSW_DEAD };

typedef struct cs_hnsw_node {
    float distance;
    uint32_t row; /* in a walk's pool the top bit says that its links have been followed */
} cs_hnsw_node;

/* One walk's memory. */
typedef struct cs_hnsw_scratch cs_hnsw_scratch;
struct cs_hnsw_scratch {
    cs_hnsw_scratch *next;
    cs_quant_query query, row_query; /* row_query: a node as query while neighbours are chosen */
    cs_visited visited;
    cs_hnsw_node *pool; /* [pool_capacity + 1] */
    size_t pool_capacity;
    cs_hnsw_node *sorted, *pruned; /* [sort_capacity] while neighbours are chosen */
    size_t sort_capacity;
    uint32_t *rows;   /* [sort_capacity], and at least a node's links */
    float *distances; /* [sort_capacity], the same */
    size_t compared, expanded;
    bool damaged; /* the walk met a damaged page of the file */
};

/* What threads share, and what may change in a const index. */
typedef struct cs_hnsw_shared {
    pthread_rwlock_t lock; /* searches read; a change takes it for moments, to publish */
    pthread_mutex_t writer;
    pthread_mutex_t scratch_lock;
    cs_hnsw_scratch *scratch; /* the ones not in use */
} cs_hnsw_shared;

enum {
    CS_HNSW_CALIBRATED_K = 10,
    CS_HNSW_EDGE = 10 /* how far a query is, is how far its 10th nearest node is */
};

/* What was measured with queries of two kinds (hnsw_calibrate.h). */
enum { CS_HNSW_NEAR, CS_HNSW_FAR, CS_HNSW_KINDS };
typedef struct cs_hnsw_calibration {
    size_t count;             /* ids that there were; 0: never calibrated */
    size_t ef[CS_HNSW_KINDS]; /* 0: a scan costs less than a walk that finds enough */
    float far_distance;       /* a query is far whose CS_HNSW_EDGE-th nearest is farther, */
    float far_side;           /* or whose product with the axis is greater */
    float *axis;              /* [dim], NULL without a calibration */
    float *queries;           /* [query_count, dim] far ones as they are really asked, or NULL: for the next calibration
                                 and for checks */
    size_t query_count;
} cs_hnsw_calibration;

typedef struct cs_hnsw {
    cs_index base;
    size_t m, m0, ef_construction, ef; /* m0 = 2 m: links at level 0 */
    double level_factor;               /* 1 / ln m */
    uint64_t seed;
    cs_hnsw_shared *shared;

    size_t capacity, rows; /* rows: all rows ever used are below */
    size_t count;          /* ids */
    size_t nodes, dead;    /* LIVE and DEAD rows */
    uint32_t free_row;     /* first of the chain of free rows through next, or NONE */
    float *exact;          /* [capacity, exact_stride], zeros behind dim */
    size_t exact_stride;
    cs_quant quant;
    size_t offset_count; /* vectors there were when quant.offset was computed */
    uint32_t *links;     /* [capacity, m0] level 0, ended by NONE; of a SAME row: its node */
    uint8_t *state;      /* [capacity] */
    uint8_t *levels;     /* [capacity] */
    uint32_t *upper_at;  /* [capacity] a row's first block in upper: level l is block upper_at + l - 1 */
    uint32_t *upper;     /* [upper_capacity, m] */
    size_t upper_count, upper_capacity;
    uint32_t *next; /* [capacity] chain of vectors equal to a node's, or of free rows */
    int64_t *ids;   /* [capacity] */
    cs_idmap map;   /* id -> row */
    uint32_t entry; /* NONE: no node */
    int top;        /* the entry's level */
    cs_visited
        retiring; /* removed nodes that a gradual repair (hnsw_repair_step.h) will free; no bits while there is none */
    cs_hnsw_calibration calibration;
    size_t repaired;      /* rows that it has repaired; from retiring.words * 64 on it clears and frees */
    cs_hnsw_pages *pages; /* the file whose read-only arrays these are; NULL: they are in memory, and owned */
} cs_hnsw;

static inline uint32_t *cs_hnsw_links(const cs_hnsw *hnsw, uint32_t row, int level)
{
    return level == 0 ? hnsw->links + row * hnsw->m0
                      : hnsw->upper + (hnsw->upper_at[row] + (size_t)level - 1) * hnsw->m;
}

static inline size_t cs_hnsw_cap(const cs_hnsw *hnsw, int level)
{
    return level == 0 ? hnsw->m0 : hnsw->m;
}

static inline size_t cs_hnsw_link_count(const uint32_t *links, size_t cap)
{
    size_t n = 0;
    while (n < cap && links[n] != CS_HNSW_NONE)
        n++;
    return n;
}

/* Make arrays of `capacity` rows with the old contents; on failure all is as it was. The writer's lock is held. */
clipsearch_status cs_hnsw_grow(cs_hnsw *hnsw, size_t capacity, clipsearch_error *err);
/* Make room for `blocks` more upper blocks. */
bool cs_hnsw_grow_upper(cs_hnsw *hnsw, size_t blocks);
void cs_hnsw_free_arrays(cs_hnsw *hnsw);
/* Set all pointers to NULL without freeing. */
void cs_hnsw_clear_arrays(cs_hnsw *hnsw);
/* As cs_index_hnsw_copy_to_memory. The writer's lock is held. */
clipsearch_status cs_hnsw_copy_to_memory(cs_hnsw *hnsw, size_t capacity, clipsearch_error *err);

/* Scratch for walks of `ef` candidates and choices among `sort` of them, to be returned; NULL when out of memory. A
 * shared lock, or the writer's, is held. */
cs_hnsw_scratch *cs_hnsw_borrow_scratch(const cs_hnsw *hnsw, size_t ef, size_t sort);
void cs_hnsw_return_scratch(const cs_hnsw *hnsw, cs_hnsw_scratch *scratch);
void cs_hnsw_free_scratch(cs_hnsw_scratch *scratch);

#endif
