/* SPDX-License-Identifier: MIT
 * bench_flat.c - milliseconds a query of the exact scan takes, and the bytes a second it reads, on 1 to N threads.
 * Usage: bench_flat [vectors [dim]]. The best of many is printed with the median: on a busy machine only the best says
 * what the code can do. */
#include "index/index.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 101, K = 10, QUERIES = 8 };

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void random_unit(float *x, size_t dim, uint64_t *seed)
{
    double norm = 0;
    for (size_t i = 0; i < dim; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(int32_t)(*seed >> 32) / 2147483648.0f;
        norm += (double)x[i] * x[i];
    }
    for (size_t i = 0; i < dim; i++)
        x[i] = (float)(x[i] / sqrt(norm));
}

/* Sum the rows by the plainest loop the compiler can vectorise: what memory gives here, now. */
static volatile float sink;

static void read_rows(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const float *x = (const float *)context + piece * (1 << 18);
    float sums[64] = {0};
    for (size_t i = 0; i < 1 << 18; i += 64)
        for (size_t j = 0; j < 64; j++)
            sums[j] += x[i + j];
    float sum = 0;
    for (size_t j = 0; j < 64; j++)
        sum += sums[j];
    sink = sum;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, dim = argc > 2 ? strtoul(argv[2], NULL, 10) : 512;
    unsigned most = cs_processors();
    clipsearch_error err = {0};
    cs_index *index = NULL;
    uint64_t seed = 1;
    size_t pieces = count * dim / (1 << 18);
    float *queries = malloc(QUERIES * dim * sizeof *queries), *vector = malloc(dim * sizeof *vector);
    float *plain = calloc(pieces + 1, (1 << 18) * sizeof *plain);
    if (!queries || !vector || !plain || cs_index_flat_open(dim, CLIPSEARCH_COSINE, &index, &err) ||
        cs_index_reserve(index, count, &err))
        return 1;
    double start = milliseconds();
    for (size_t i = 0; i < count; i++) {
        random_unit(vector, dim, &seed);
        memcpy(plain + i * dim, vector, dim * sizeof *vector);
        if (cs_index_put(index, (int64_t)i + 1, vector, &err))
            return 1;
    }
    for (size_t q = 0; q < QUERIES; q++)
        random_unit(queries + q * dim, dim, &seed);
    printf("%zu vectors of %zu, made and put in %.0f ms; k = %d; best and median of %d\n", count, dim,
           milliseconds() - start, K, REPEATS);
    for (unsigned threads = 1; threads <= most; threads++) {
        double searching[REPEATS], reading[REPEATS];
        cs_neighbour out[K];
        size_t found;
        cs_pool *pool = NULL;
        if (cs_pool_open(threads, &pool, &err))
            return 1;
        for (int i = -2; i < REPEATS; i++) { /* side by side: the machine's mood is the same for both */
            start = milliseconds();
            if (cs_index_search(index, queries + (size_t)(i + 2) % QUERIES * dim, &(cs_index_search_params){.k = K},
                                pool, out, &found, &err))
                return 1;
            double between = milliseconds();
            cs_pool_run(pool, pieces, read_rows, plain);
            if (i >= 0) {
                searching[i] = between - start;
                reading[i] = milliseconds() - between;
            }
        }
        qsort(searching, REPEATS, sizeof *searching, by_value);
        qsort(reading, REPEATS, sizeof *reading, by_value);
        double bytes = (double)count * (double)dim * sizeof(float), read_bytes = (double)pieces * (1 << 20);
        printf("%u thread%s %.2f (%.2f) ms a query, %.1f GB/s; plain reading %.1f GB/s\n", threads,
               threads > 1 ? "s" : " ", searching[0], searching[REPEATS / 2], bytes / searching[0] / 1e6,
               read_bytes / reading[0] / 1e6);
        cs_pool_close(&pool);
    }
    cs_index_close(&index);
    free(plain);
    free(vector);
    free(queries);
    return 0;
}
