/* SPDX-License-Identifier: MIT
 * index_folder.c - bring a collection up to date with a folder, then search it by a text. */
#include <clipsearch.h>

#include <stdio.h>
#include <stdlib.h>

static bool show_progress(void *context, const clipsearch_progress *p)
{
    (void)context;
    if (p->walking_done)
        fprintf(stderr, "\r%llu of %llu", (unsigned long long)p->done, (unsigned long long)p->found);
    return true; /* false would stop after the current batch */
}

static void show_bad_file(void *context, const char *path, const clipsearch_error *why)
{
    (void)context;
    (void)path; /* the message has it too */
    fprintf(stderr, "\nskipped: %s\n", why->message);
}

static clipsearch_status ingest(clipsearch_collection *collection, clipsearch_session *session, const char *folder,
                                clipsearch_error *err)
{
    clipsearch_source source;
    clipsearch_source_init(&source);
    source.path = folder;

    clipsearch_ingest_options options;
    clipsearch_ingest_options_init(&options);
    options.sources = &source;
    options.source_count = 1;
    options.progress = show_progress;
    options.bad_file = show_bad_file;

    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    clipsearch_status status = clipsearch_ingest(collection, session, &options, &report, err);
    fprintf(stderr, "\n");
    if (status == CLIPSEARCH_OK)
        printf("%llu new, %llu changed, %llu unchanged, %llu skipped\n", (unsigned long long)report.inserted,
               (unsigned long long)report.replaced, (unsigned long long)report.unchanged,
               (unsigned long long)report.skipped);
    return status;
}

static clipsearch_status search(clipsearch_collection *collection, clipsearch_session *session, const char *text,
                                clipsearch_error *err)
{
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    clipsearch_status status = clipsearch_collection_describe(collection, &info, err);
    if (status != CLIPSEARCH_OK)
        return status;
    float *query = malloc(info.dim * sizeof *query);
    if (!query)
        abort();
    clipsearch_hits *hits = NULL;
    status = clipsearch_encode_texts(session, &text, 1, query, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_search(collection, query, 1, 5, NULL, &hits, err);
    for (size_t i = 0; i < clipsearch_hits_count(hits, 0); i++) {
        const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, i);
        printf("%.3f %s\n", hit->score, hit->path);
    }
    clipsearch_hits_free(&hits);
    free(query);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: index_folder MODEL DATABASE FOLDER TEXT\n");
        return EXIT_FAILURE;
    }
    clipsearch_error err;
    clipsearch_encoder *encoder = NULL;
    clipsearch_session *session = NULL;
    clipsearch_database *db = NULL;
    clipsearch_collection *collection = NULL;

    bool ok =
        clipsearch_encoder_open(argv[1], NULL, &encoder, &err) == CLIPSEARCH_OK &&
        clipsearch_session_open(encoder, NULL, &session, &err) == CLIPSEARCH_OK &&
        clipsearch_database_open(argv[2], CLIPSEARCH_CREATE, &db, &err) == CLIPSEARCH_OK &&
        clipsearch_collection_ensure(db, "photos", encoder, CLIPSEARCH_COSINE, &collection, &err) == CLIPSEARCH_OK &&
        ingest(collection, session, argv[3], &err) == CLIPSEARCH_OK &&
        search(collection, session, argv[4], &err) == CLIPSEARCH_OK;
    if (!ok)
        fprintf(stderr, "index_folder: %s\n", err.message);

    clipsearch_collection_close(&collection); /* a handle that is NULL is ignored */
    clipsearch_database_close(&db);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
