/* SPDX-License-Identifier: MIT
 * gallery.c - images, model and database for the ingestion tests. */
#include "support/gallery.h"

#include "backend/backend.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 40, HEIGHT = 30 };

static void need(clipsearch_status status, const clipsearch_error *err)
{
    if (status == CLIPSEARCH_OK)
        return;
    printf("Bail out! %s\n", err->message);
    exit(1);
}

static const char *in_source_tree(const char *directory, const char *name)
{
    static char paths[2][4096];
    static unsigned next;
    char *path = paths[next++ % 2];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(path, sizeof paths[0], "%s/%s/%s", root ? root : ".", directory, name);
    return path;
}

const char *gallery_model(void)
{
    return in_source_tree("weights", "default");
}

const char *gallery_example(const char *name)
{
    return in_source_tree("examples/pictures", name);
}

void gallery_open(gallery *g, bool texts)
{
    *g = (gallery){0};
    folder_make(&g->images);
    folder_make(&g->elsewhere);
    clipsearch_encoder_options eo;
    clipsearch_encoder_options_init(&eo);
    if (!texts)
        eo.towers = CLIPSEARCH_IMAGE_TOWER;
    need(clipsearch_encoder_open(gallery_model(), &eo, &g->encoder, &g->err), &g->err);
    clipsearch_session_options so;
    clipsearch_session_options_init(&so);
    so.threads = 2;
    so.max_batch = 3; /* less than the ingestion takes at once, so that a batch is encoded in parts */
    need(clipsearch_session_open(g->encoder, &so, &g->session, &g->err), &g->err);
    need(clipsearch_database_open(folder_path(&g->elsewhere, "t.db"), CLIPSEARCH_CREATE, &g->db, &g->err), &g->err);
    need(clipsearch_collection_ensure(g->db, "photos", g->encoder, CLIPSEARCH_COSINE, &g->collection, &g->err),
         &g->err);
}

void gallery_close(gallery *g)
{
    clipsearch_collection_close(&g->collection);
    clipsearch_database_close(&g->db);
    clipsearch_session_close(&g->session);
    clipsearch_encoder_close(&g->encoder);
    folder_remove(&g->images);
    folder_remove(&g->elsewhere);
}

void gallery_image(const gallery *g, const char *name, unsigned seed)
{
    static unsigned char rgb[HEIGHT][WIDTH][3], file[WIDTH * HEIGHT * 3 + 4096];
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < WIDTH; x++)
            for (unsigned c = 0; c < 3;
                 c++) /* stripes and patches whose frequency, angle and colour the seed decides */
                rgb[y][x][c] =
                    (unsigned char)((x * (seed * 7 + 3) + y * (seed * 13 + c * 5)) % 251 ^ (seed * 29 * (c + 1)));
    png_image image = {.version = PNG_IMAGE_VERSION, .width = WIDTH, .height = HEIGHT, .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = sizeof file;
    if (!png_image_write_to_memory(&image, file, &size, 0, rgb, 0, NULL)) {
        printf("Bail out! %s\n", image.message);
        exit(1);
    }
    folder_write(&g->images, name, file, size);
}

static void note_bad(void *context, const char *path, const clipsearch_error *why)
{
    gallery *g = context;
    const char *name = strrchr(path, '/') + 1;
    size_t used = strlen(g->bad);
    snprintf(g->bad + used, sizeof g->bad - used, "%s: %s|", name, why->message);
    used = strlen(g->bad_names);
    snprintf(g->bad_names + used, sizeof g->bad_names - used, "%s;", name);
}

clipsearch_ingest_options gallery_options(const gallery *g, clipsearch_source *source)
{
    clipsearch_ingest_options options;
    clipsearch_ingest_options_init(&options);
    clipsearch_source_init(source);
    source->path = g->images.path;
    options.sources = source;
    options.source_count = 1;
    options.batch = 4;
    options.threads = 2;
    return options;
}

clipsearch_status gallery_ingest(gallery *g, const clipsearch_ingest_options *given)
{
    clipsearch_source source;
    clipsearch_ingest_options options = given ? *given : gallery_options(g, &source);
    clipsearch_ingest_report_init(&g->report);
    g->bad[0] = g->bad_names[0] = '\0';
    if (!options.context) {
        options.bad_file = note_bad;
        options.context = g;
    }
    return clipsearch_ingest(g->collection, g->session, &options, &g->report, &g->err);
}

bool gallery_row(gallery *g, const char *name, row *out)
{
    cs_items items = {0};
    const char *path = name[0] == '/' ? name : folder_path(&g->images, name);
    need(cs_collection_by_paths(g->collection, &path, 1, &items, &g->err), &g->err);
    const clipsearch_item item = items.items[0];
    if (item.id) {
        *out = (row){.id = item.id, .size = item.size, .width = item.width, .height = item.height};
        snprintf(out->attributes, sizeof out->attributes, "%s", item.attributes);
        need(cs_collection_vectors(g->collection, &item.id, 1, out->vector, &g->err), &g->err);
    }
    cs_items_free(&items);
    return item.id != 0;
}

uint64_t gallery_count(gallery *g)
{
    clipsearch_collection_info info;
    clipsearch_collection_info_init(&info);
    need(clipsearch_collection_describe(g->collection, &info, &g->err), &g->err);
    return info.count;
}

bool gallery_report_is(const gallery *g, int found, int inserted, int replaced, int unchanged, int moved, int copied,
                       int updated, int skipped, int pruned)
{
    const clipsearch_ingest_report *r = &g->report;
    return r->found == (uint64_t)found && r->inserted == (uint64_t)inserted && r->replaced == (uint64_t)replaced &&
           r->unchanged == (uint64_t)unchanged && r->moved == (uint64_t)moved && r->copied == (uint64_t)copied &&
           r->updated == (uint64_t)updated && r->skipped == (uint64_t)skipped && r->pruned == (uint64_t)pruned;
}

const char *gallery_report_text(const gallery *g)
{
    static char text[256];
    const clipsearch_ingest_report *r = &g->report;
    snprintf(text, sizeof text,
             "found %d inserted %d replaced %d unchanged %d moved %d copied %d updated %d skipped %d "
             "pruned %d",
             (int)r->found, (int)r->inserted, (int)r->replaced, (int)r->unchanged, (int)r->moved, (int)r->copied,
             (int)r->updated, (int)r->skipped, (int)r->pruned);
    return text;
}
