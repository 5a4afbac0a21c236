/* SPDX-License-Identifier: MIT
 * make_collection.c - puts COUNT invented images, from number FIRST, into the collection "photos" of DATABASE, which is
 * made if it is not there, in batches of 700; then brings its index file up to date. Prints "put N" after each commit.
 * Usage: make_collection MODEL DATABASE FIRST COUNT */
#include "clipsearch.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 700, MAX_DIM = 64 };

static clipsearch_error err;

static int fail(void)
{
    fprintf(stderr, "make_collection: %s\n", err.message);
    return 1;
}

static void make_vector(uint64_t n, size_t dim, float *vector)
{
    uint64_t state = n * 0x9e3779b97f4a7c15u + 1;
    double sum = 0;
    for (size_t i = 0; i < dim; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        vector[i] = (float)(state >> 40) * 0x1p-24f - 0.5f;
        sum += (double)vector[i] * vector[i];
    }
    for (size_t i = 0; i < dim; i++)
        vector[i] = (float)(vector[i] / sqrt(sum));
}

static bool put_batch(clipsearch_collection *collection, size_t dim, uint64_t first, size_t count)
{
    static clipsearch_item items[BATCH];
    static char paths[BATCH][40], attributes[BATCH][40];
    static float vectors[BATCH * MAX_DIM];
    for (size_t i = 0; i < count; i++) {
        const unsigned long long n = first + i;
        snprintf(paths[i], sizeof paths[i], "/invented/%06llu.jpg", n);
        snprintf(attributes[i], sizeof attributes[i], "{\"n\":%llu,\"half\":%llu.5}", n, n / 2);
        items[i] = (clipsearch_item){.path = paths[i], .size = n, .attributes = attributes[i]};
        make_vector(n, dim, vectors + i * dim);
    }
    return clipsearch_collection_put(collection, items, vectors, count, NULL, &err) == CLIPSEARCH_OK;
}

int main(int argc, char **argv)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_encoder_info info;
    if (argc != 5)
        return 2;
    const uint64_t first = strtoull(argv[3], NULL, 10), end = first + strtoull(argv[4], NULL, 10);
    if (clipsearch_encoder_open(argv[1], NULL, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_database_open(argv[2], CLIPSEARCH_CREATE, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &collection, &err) != CLIPSEARCH_OK)
        return fail();
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, &err);
    for (uint64_t n = first; n < end && info.dim <= MAX_DIM; n += BATCH) {
        if (!put_batch(collection, info.dim, n, end - n < BATCH ? (size_t)(end - n) : BATCH))
            return fail();
        char said[40];
        const int size =
            snprintf(said, sizeof said, "put %llu\n", (unsigned long long)(n + BATCH < end ? n + BATCH : end));
        if (write(STDOUT_FILENO, said, (size_t)size) != size) /* not by stdio, whose writes the shim does not see */
            return 1;
    }
    if (clipsearch_collection_checkpoint(collection, NULL, &err) != CLIPSEARCH_OK)
        return fail();
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_encoder_close(&encoder);
    return 0;
}
