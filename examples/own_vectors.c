/* SPDX-License-Identifier: MIT
 * own_vectors.c - vectors of your own, without a model: a database in memory, or in the file that is given. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static const float vectors[4][3] = {{9, 1, 0}, {8, 2, 1}, {0, 7, 1}, {1, 0, 6}};
    static const clipsearch_item items[4] = {{.path = "apple", .attributes = "{\"price\": 3}"},
                                             {.path = "pear", .attributes = "{\"price\": 4}"},
                                             {.path = "https://example.org/bread"},
                                             {.id = 100}}; /* a path is not needed */
    static const float query[3] = {10, 1, 0};
    int result = EXIT_FAILURE;
    int64_t ids[4];
    float stored[3];
    clipsearch_error err;
    clipsearch_database *db = NULL;
    clipsearch_collection *food = NULL;
    clipsearch_hits *hits = NULL;

    clipsearch_vectors_options options;
    clipsearch_vectors_options_init(&options);
    options.dim = 3;
    clipsearch_search_options search;
    clipsearch_search_options_init(&search);
    search.filter = "price < 10";
    if (clipsearch_database_open(argc > 1 ? argv[1] : ":memory:", CLIPSEARCH_CREATE, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_ensure_vectors(db, "food", &options, &food, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_put_vectors(food, items, vectors[0], 4, ids, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_vectors(food, ids, 1, stored, &err) != CLIPSEARCH_OK ||
        clipsearch_search(food, query, 1, 10, &search, &hits, &err) != CLIPSEARCH_OK)
        goto failed;
    printf("apple is stored as %.3f %.3f %.3f\n", stored[0], stored[1], stored[2]); /* of length 1, for the cosine */
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        printf("%.3f %lld %s\n", hit->score, (long long)hit->id, hit->path);
    }
    result = EXIT_SUCCESS;
    goto done;

failed:
    fprintf(stderr, "own_vectors: %s\n", err.message);
done:
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&food);
    clipsearch_database_close(&db);
    return result;
}
