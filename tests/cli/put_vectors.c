/* SPDX-License-Identifier: MIT
 * put_vectors.c - put_vectors DATABASE COLLECTION [MODEL]: makes a collection of three vectors without a model, for the
 * tests of the program. */
#include "clipsearch.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static const float vectors[3][2] = {{1, 0}, {1, 1}, {0, 1}};
    static const clipsearch_item items[3] = {
        {.path = "east"}, {.path = "/north/east", .attributes = "{\"angle\": 45}"}, {.id = 90}};
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = 2;
    options.model = argc > 3 ? argv[3] : NULL;
    if (argc < 3 || clipsearch_database_open(argv[1], CLIPSEARCH_CREATE, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_ensure_vectors(db, argv[2], &options, &collection, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_put_vectors(collection, items, vectors[0], 3, NULL, &err) != CLIPSEARCH_OK) {
        fprintf(stderr, "put_vectors: %s\n", argc < 3 ? "DATABASE COLLECTION [MODEL]" : err.message);
        return EXIT_FAILURE;
    }
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    return EXIT_SUCCESS;
}
