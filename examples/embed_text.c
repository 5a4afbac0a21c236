/* SPDX-License-Identifier: MIT
 * embed_text.c - how similar two sentences are: encode both and compute the cosine of their vectors. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

static int fail(const clipsearch_error *err)
{
    fprintf(stderr, "embed_text: %s\n", err->message);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: embed_text MODEL TEXT TEXT\n");
        return EXIT_FAILURE;
    }
    int result = EXIT_FAILURE;
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    float *vectors = NULL;

    /* The text tower is enough. The image tower's weights are then never read. */
    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_TEXT_TOWER;
    if (clipsearch_encoder_open(argv[1], &options, &encoder, &err) != CLIPSEARCH_OK)
        return fail(&err);

    clipsearch_encoder_info info;
    clipsearch_encoder_info_init(&info);
    clipsearch_encoder_describe(encoder, &info, NULL);
    vectors = malloc(2 * info.dim * sizeof *vectors);
    if (!vectors)
        goto done;
    if (clipsearch_session_open(encoder, NULL, &session, &err) != CLIPSEARCH_OK ||
        clipsearch_encode_texts(session, (const char *const *)&argv[2], 2, vectors, &err) != CLIPSEARCH_OK) {
        fail(&err);
        goto done;
    }

    /* Vectors have length 1, so their inner product is the cosine of the angle between them. */
    double cosine = 0;
    for (size_t i = 0; i < info.dim; i++)
        cosine += (double)vectors[i] * vectors[info.dim + i];
    printf("%.3f\n", cosine);
    result = EXIT_SUCCESS;

done:
    free(vectors);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return result;
}
