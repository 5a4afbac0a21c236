/* SPDX-License-Identifier: MIT
 * bench_hnsw.c - building and searching the graph over vectors that hnsw_vectors.py made: seconds, recall, queries a
 * second, bytes. */
#include "bench_hnsw_args.h"
#include "index/hnsw.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { K = 10, REPEATS = 5 };

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const void *map(const char *folder, const char *name, size_t *bytes)
{
    char path[4096];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &info) != 0)
        return NULL;
    *bytes = (size_t)info.st_size;
    const void *data = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    return data == MAP_FAILED ? NULL : data;
}

static size_t anonymous_kilobytes(void)
{
    char line[256];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %zu", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes;
}

/* Best of REPEATS passes over the queries, in processor time: what other programs take does not count. */
static void search(const cs_index *index, const float *queries, const int32_t *truth, size_t count, size_t ef)
{
    double best = 1e9;
    size_t hits = 0, distances = 0, graphs = 0;
    for (int pass = 0; pass < REPEATS; pass++) {
        double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        hits = distances = graphs = 0;
        for (size_t q = 0; q < count; q++) {
            cs_neighbour out[K];
            cs_index_stats stats;
            size_t found;
            cs_index_search_params params = {.k = K, .ef = ef, .stats = &stats};
            if (cs_index_search(index, queries + q * index->dim, &params, NULL, out, &found, NULL))
                exit(1);
            for (size_t i = 0; i < found; i++)
                for (size_t j = 0; j < K; j++)
                    hits += out[i].id == truth[q * K + j];
            distances += stats.distances;
            graphs += stats.graph;
        }
        double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
        best = took < best ? took : best;
    }
    printf("ef %4zu: recall@10 %.4f, %7.0f queries/s, %5.0f codes compared, graph used %.3f\n", ef,
           (double)hits / (double)(count * K), (double)count / best, (double)distances / (double)count,
           (double)graphs / (double)count);
    fflush(stdout);
}

/* Searches for one id in so many, picked at random: where the walk ends and the scan begins. */
static void search_filtered(const cs_index *index, const float *queries, size_t count, size_t vectors)
{
    static const double shares[] = {0.5, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04, 0.02, 0.01, 0.001};
    uint64_t *bits = calloc(vectors / 64 + 1, sizeof *bits), seed = 1;
    for (size_t s = 0; bits && s < sizeof shares / sizeof *shares; s++) {
        cs_index_allowed allowed = {.bits = bits, .size = vectors};
        memset(bits, 0, (vectors / 64 + 1) * sizeof *bits);
        for (size_t i = 0; i < vectors; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if ((double)(seed >> 33) < shares[s] * 0x1p31) {
                bits[i / 64] |= (uint64_t)1 << i % 64;
                allowed.count++;
            }
        }
        double best = 1e9;
        cs_index_stats stats = {0};
        for (int pass = 0; pass < REPEATS; pass++) {
            double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
            for (size_t q = 0; q < count; q++) {
                cs_neighbour out[K];
                size_t found;
                cs_index_search_params params = {.k = K, .allowed = &allowed, .stats = &stats};
                if (cs_index_search(index, queries + q * index->dim, &params, NULL, out, &found, NULL))
                    exit(1);
            }
            double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
            best = took < best ? took : best;
        }
        printf("%5.1f %% allowed: %6.0f us a query, %s\n", 100 * shares[s], best * 1e6 / (double)count,
               stats.graph ? "graph" : "scan");
    }
    free(bits);
}

