/* SPDX-License-Identifier: MIT
 * threads.c - several threads search one collection, each with a session of its own; one search is cancelled. */
#include <clipsearch.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 3 };

static clipsearch_encoder *encoder; /* shared by all threads, like the collection */
static clipsearch_collection *collection;

typedef struct job {
    const char *text;
    atomic_bool cancelled;
    char found[1024];
} job;

static bool go_on(void *context)
{
    return !atomic_load(&((job *)context)->cancelled);
}

static void *search(void *context)
{
    job *j = context;
    clipsearch_error err;
    clipsearch_session *session = NULL;
    clipsearch_hits *hits = NULL;
    clipsearch_part part;
    clipsearch_question question;
    clipsearch_search_options options;
    clipsearch_part_init(&part);
    clipsearch_question_init(&question);
    clipsearch_search_options_init(&options);
    part.text = j->text;
    question.parts = &part;
    question.part_count = 1;
    options.timeout = 60;
    options.go_on = go_on;
    options.context = j;
    if (clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK &&
        clipsearch_ask(collection, session, &question, 1, 1, &options, &hits, &err) == CLIPSEARCH_OK)
        snprintf(j->found, sizeof j->found, "%s", clipsearch_hits_get(hits, 0, 0)->path);
    else
        snprintf(j->found, sizeof j->found, "%s", err.message);
    clipsearch_hits_free(&hits);
    clipsearch_session_close(&session);
    return NULL;
}

int main(int argc, char **argv)
{
    job jobs[THREADS] = {{.text = "a white dog"}, {.text = "two red cars"}, {.text = "a cat"}};
    pthread_t threads[THREADS];
    clipsearch_error err;
    clipsearch_database *db = NULL;
    if (argc != 3 || clipsearch_encoder_open(argv[1], NULL, &encoder, &err) != CLIPSEARCH_OK ||
        clipsearch_database_open(argv[2], CLIPSEARCH_READ_ONLY, &db, &err) != CLIPSEARCH_OK ||
        clipsearch_collection_open(db, "photos", encoder, &collection, &err) != CLIPSEARCH_OK) {
        fprintf(stderr, "threads: %s\n", argc == 3 ? err.message : "MODEL DATABASE");
        return EXIT_FAILURE;
    }
    atomic_store(&jobs[2].cancelled, true); /* any thread may do so, at any time */
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, search, &jobs[i]) != 0)
            return EXIT_FAILURE;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        printf("%s: %s\n", jobs[i].text, jobs[i].found);
    }
    clipsearch_collection_close(&collection);
    clipsearch_database_close(&db);
    clipsearch_encoder_close(&encoder);
    return EXIT_SUCCESS;
}
