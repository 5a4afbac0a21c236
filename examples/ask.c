/* SPDX-License-Identifier: MIT
 * ask.c - a question of several parts: what two texts share, without a third. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: ask MODEL DATABASE TEXT AND_TEXT NOT_TEXT\n");
        return EXIT_FAILURE;
    }
    int result = EXIT_FAILURE;
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;
    clipsearch_hits *hits = NULL;

    clipsearch_encoder_options options;
    clipsearch_encoder_options_init(&options);
    options.towers = CLIPSEARCH_TEXT_TOWER;
    if (clipsearch_encoder_open(argv[1], &options, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_session_open(encoder, NULL, &session, &err) != CLIPSEARCH_OK ||
        clipsearch_database_open(argv[2], CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_open(db, "photos", encoder, &collection, &err) != CLIPSEARCH_OK)
        goto failed;

    /* Parts may also be images (path, or the bytes of a file), items of the collection (id) and vectors. */
    clipsearch_part parts[3];
    for (int i = 0; i < 3; i++) {
        clipsearch_part_init(&parts[i]);
        parts[i].text = argv[3 + i];
    }
    parts[2].weight = -1;
    clipsearch_question question;
    clipsearch_question_init(&question);
    question.parts = parts;
    question.part_count = 3;
    if (clipsearch_ask(collection, session, &question, 1, 5, NULL, &hits, &err) != CLIPSEARCH_OK)
        goto failed;
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        printf("%.3f %s\n", hit->score, hit->path);
    }
    result = EXIT_SUCCESS;
    goto done;

failed:
    fprintf(stderr, "ask: %s\n", err.message);
done:
    clipsearch_hits_free(&hits);
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return result;
}
