/* SPDX-License-Identifier: MIT
 * search_by_image.c - find the images of a database that are most similar to a given one. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: search_by_image MODEL DATABASE IMAGE\n");
        return EXIT_FAILURE;
    }
    int result = EXIT_FAILURE;
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_hits *hits = NULL;
    float *query = NULL;

    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_IMAGE_TOWER;
    if (clipsearch_encoder_open(argv[1], &options, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_session_open(encoder, NULL, &session, &err) != CLIPSEARCH_OK ||
        clipsearch_database_open(argv[2], CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK)
        goto failed;

    /* With the encoder given, this fails if another one made the collection. */
    if (clipsearch_collection_open(db, "photos", encoder, &collection, &err) != CLIPSEARCH_OK)
        goto failed;

    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    query = malloc(info.dim * sizeof *query);
    if (!query)
        goto done;
    clipsearch_search_options search;
    clipsearch_search_options_init(&search);
    search.has_limit = true;
    search.limit = 0.5f; /* cosine */
    if (clipsearch_encode_file(session, argv[3], query, &err) != CLIPSEARCH_OK ||
        clipsearch_search(collection, query, 1, 5, &search, &hits, &err) != CLIPSEARCH_OK)
        goto failed;
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        printf("%.3f %ux%u %s\n", hit->score, (unsigned)hit->width, (unsigned)hit->height, hit->path);
    }
    result = EXIT_SUCCESS;
    goto done;

failed:
    fprintf(stderr, "search_by_image: %s\n", err.message);
done:
    free(query);
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return result;
}
