/* SPDX-License-Identifier: MIT
 * gallery.h - what the ingestion tests use: the default model, a folder of small images, a database. */
#ifndef TESTS_SUPPORT_GALLERY_H
#define TESTS_SUPPORT_GALLERY_H

#include "clipsearch.h"
#include "support/folder.h"

typedef struct gallery {
    folder images, elsewhere; /* elsewhere: the database, CSV files */
    clipsearch_encoder *encoder;
    clipsearch_session *session; /* 2 threads, batches of 3 */
    clipsearch_database *db;
    clipsearch_collection *collection;
    /* the last ingestion */
    clipsearch_ingest_report report;
    clipsearch_error err;
    char bad[4096];       /* "name: reason|" of each bad file */
    char bad_names[1024]; /* "name;" of each */
} gallery;

/* Open everything; ends the program when it cannot. The image tower only unless `texts`. */
void gallery_open(gallery *g, bool texts);
void gallery_close(gallery *g);

/* Write a PNG image of 40 x 30 pixels, made from `seed`. */
void gallery_image(const gallery *g, const char *name, unsigned seed);

/* Options for the whole folder: batches of 4, 2 threads. `source` is filled and pointed at. */
clipsearch_ingest_options gallery_options(const gallery *g, clipsearch_source *source);
/* Ingest with them (NULL: those above); bad files are listed in g->bad. */
clipsearch_status gallery_ingest(gallery *g, const clipsearch_ingest_options *options);

/* The row of an image: false when there is none. `vector` may be NULL; attributes are copied (256 bytes). */
typedef struct row {
    int64_t id;
    uint64_t size;
    uint32_t width, height;
    char attributes[256];
    float vector[512];
} row;
bool gallery_row(gallery *g, const char *name, row *out);

/* Number of rows. */
uint64_t gallery_count(gallery *g);

/* Compare the report: found, inserted, replaced, unchanged, moved, copied, updated, skipped, pruned. */
bool gallery_report_is(const gallery *g, int found, int inserted, int replaced, int unchanged, int moved, int copied,
                       int updated, int skipped, int pruned);
/* The report as text, for a test's line. */
const char *gallery_report_text(const gallery *g);

/* The path of the default model, and of one of the example images; valid for two calls. */
const char *gallery_model(void);
const char *gallery_example(const char *name);

#endif
