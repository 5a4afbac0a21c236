/* SPDX-License-Identifier: MIT
 * image_buffers.c - images that are not files: the bytes of an image file, pixels of your own, and a region of an
 * image. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

static unsigned char bytes[1 << 20]; /* of an image file, as they come from a network or an archive */

int main(int argc, char **argv)
{
    int result = EXIT_FAILURE;
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_hits *hits = NULL;
    FILE *file = argc == 4 ? fopen(argv[3], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: image_buffers MODEL DATABASE IMAGE\n");
        return result;
    }
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);

    static uint8_t pixels[64 * 64 * 3]; /* [height, width, 3], here a blue square */
    for (size_t i = 2; i < sizeof pixels; i += 3)
        pixels[i] = 255;
    clipsearch_image images[2] = {{0}, {.rgb = pixels, .width = 64, .height = 64}};
    float vectors[2][512]; /* the default model has 512; clipsearch_encoder_describe tells it of any */
    if (clipsearch_encoder_open(argv[1], NULL, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_session_open(encoder, NULL, &session, &err) != CLIPSEARCH_OK ||
        clipsearch_image_decode(bytes, size, "from memory", NULL, &images[0], &err) != CLIPSEARCH_OK ||
        clipsearch_encode_images(session, images, 2, vectors[0], &err) != CLIPSEARCH_OK ||
        clipsearch_database_open(argv[2], CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_open(db, "photos", encoder, &collection, &err) != CLIPSEARCH_OK ||
        clipsearch_search(collection, vectors[0], 2, 1, NULL, &hits, &err) != CLIPSEARCH_OK)
        goto failed;
    for (size_t q = 0; q < 2; q++)
        printf("%s: %s\n", q ? "blue" : "image", clipsearch_hits_get(hits, q, 0)->path);
    clipsearch_hits_free(&hits);

    /* A question decodes and encodes bytes itself, and can search for a region of the image. */
    const clipsearch_region middle = {25, 25, 50, 50, true};
    clipsearch_part part;
    clipsearch_question question;
    clipsearch_part_init(&part);
    clipsearch_question_init(&question);
    part.image = bytes;
    part.image_size = size;
    part.region = &middle;
    question.parts = &part;
    question.part_count = 1;
    if (clipsearch_ask(collection, session, &question, 1, 1, NULL, &hits, &err) != CLIPSEARCH_OK)
        goto failed;
    printf("middle: %s\n", clipsearch_hits_get(hits, 0, 0)->path);
    result = EXIT_SUCCESS;
    goto done;

failed:
    fprintf(stderr, "image_buffers: %s\n", err.message);
done:
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_image_free(&images[0]); /* images[1] has memory of our own */
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return result;
}
