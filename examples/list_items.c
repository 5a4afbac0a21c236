/* SPDX-License-Identifier: MIT
 * list_items.c - goes over all items of a collection, with their vectors; finds the model by its name. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

static bool show(void *context, const clipsearch_hit *item, const float *vector)
{
    size_t *count = context;
    if ((*count)++ < 3) /* item and vector are valid during this call */
        printf("%lld %ux%u %s %.3f ...\n", (long long)item->id, item->width, item->height, item->path, vector[0]);
    return true; /* false ends the walk */
}

int main(int argc, char **argv)
{
    int result = EXIT_FAILURE;
    size_t count = 0;
    char model[CLIPSEARCH_PATH_SIZE];
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_each_options options;
    clipsearch_each_options_init(&options);
    options.vectors = true;
    if (CLIPSEARCH_VERSION_NUMBER > clipsearch_version_number())
        printf("this library is older than the header\n");
    if (argc != 2)
        fprintf(stderr, "usage: list_items DATABASE\n");
    else if (clipsearch_model_find("default", model, &err) != CLIPSEARCH_OK ||
             clipsearch_encoder_open(model, NULL, &encoder, &err) != CLIPSEARCH_OK ||
             clipsearch_database_open(argv[1], CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK ||
             clipsearch_collection_open(db, "photos", encoder, &collection, &err) != CLIPSEARCH_OK ||
             clipsearch_collection_each(collection, &options, show, &count, &err) != CLIPSEARCH_OK)
        fprintf(stderr, "list_items: %s\n", err.message);
    else
        result = EXIT_SUCCESS;
    printf("%zu items\n", count);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_encoder_close(&encoder);
    return result;
}
