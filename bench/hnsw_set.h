/* SPDX-License-Identifier: MIT
 * hnsw_set.h - the vectors that hnsw_vectors.py or hnsw_photos.py made, and how programs measure over them. C and
 * C++. */
#ifndef BENCH_HNSW_SET_H
#define BENCH_HNSW_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { HNSW_K = 10 };

/* What was asked for on the command line, and the mapped files. */
typedef struct hnsw_set {
    const float *base, *queries; /* [count, dim], [query_count, dim] */
    const int32_t *truth;        /* [query_count, HNSW_K] */
    size_t count, query_count, dim, m, ef_construction;
    unsigned threads;
    const char *folder, *codes, *mode, *name; /* codes: f32, f16, bf16 or i8 */
    const char *kind; /* what the names of queries and truth begin with: "", or "image-" in a set with texts */
} hnsw_set;

/* Read the arguments: [--codes KIND] [--threads N] [--count N] [--dim N] [--m N] [--ef-construction N] [--name TEXT]
 * [--kind image-] FOLDER [MODE]. False, with a line on stderr, when they or the files are wrong. */
bool hnsw_set_open(int argc, char **argv, hnsw_set *set);

/* Map a file of the folder; NULL, with a line on stderr, when that fails. */
const void *hnsw_map(const char *folder, const char *name, size_t *bytes);

/* Seconds on the clock, or of processor time of all threads. */
double hnsw_clock(void);
double hnsw_processor(void);
/* Memory of this process that is in no file, in kilobytes. */
size_t hnsw_anonymous_kilobytes(void);

/* An index under test. */
typedef struct hnsw_engine {
    void *context;
    bool (*build)(void *context, const hnsw_set *set);
    /* ids of the nearest HNSW_K of each query into found [query_count, HNSW_K], on one thread */
    bool (*search)(void *context, const hnsw_set *set, size_t ef, int64_t *found);
} hnsw_engine;

/* For hnsw_peers.py: build, write one line of JSON; then for each line with an ef on stdin one pass over the queries
 * and a line of JSON. Returns the exit status. */
int hnsw_serve(const hnsw_engine *engine, const hnsw_set *set);
double hnsw_recall(const hnsw_set *set, const int64_t *found);

#ifdef __cplusplus
}
#endif

#endif
