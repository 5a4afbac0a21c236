/* SPDX-License-Identifier: MIT
 * test_item_attributes.c - attributes of the user and of the file: joined, taken apart, and through ingestions. */
#include "base/mem.h"
#include "ingest/item_attributes.h"
#include "support/gallery.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static clipsearch_error err;
static const uint32_t ALL = UINT32_MAX;

static void expect_joined(const char *user, const char *file, const char *expected)
{
    cs_buf out = cs_buf_make(1 << 22), back = cs_buf_make(1 << 22);
    clipsearch_status status = cs_join_attributes(user, file + 1, NULL, &out, &err);
    TAP_OK(status == CLIPSEARCH_OK && strcmp(out.data, expected) == 0, "%s and %s: %.200s", user, file, out.data);
    cs_item_attributes_user(out.data, &back);
    TAP_OK(strcmp(back.data, user) == 0, "the user's again: %.200s", back.data);
    cs_buf_clear(&back);
    cs_item_attributes_file(out.data, ALL, &back);
    cs_buf again = cs_buf_make(1 << 22);
    TAP_OK(cs_join_attributes(user, back.data + 1, NULL, &again, &err) == CLIPSEARCH_OK &&
               strcmp(again.data, out.data) == 0,
           "and joined again: %.200s", again.data);
    cs_buf_free(&again);
    cs_buf_free(&back);
    cs_buf_free(&out);
}

static void expect_user(const char *stored, const char *user)
{
    cs_buf out = cs_buf_make(1 << 20);
    cs_item_attributes_user(stored, &out);
    TAP_OK(strcmp(out.data, user) == 0, "of %s the user's are %s", stored, out.data);
    cs_buf_free(&out);
}

static void test_text(void)
{
    expect_joined("{}", "{}", "{}");
    expect_joined("{\"a\":1}", "{}", "{\"a\":1}");
    expect_joined("{}", "{\"camera\":\"x y\",\"keywords\":[\"a, b\",\"}\"]}",
                  "{ \"camera\":\"x y\",\"keywords\":[\"a, b\",\"}\"]}");
    expect_joined("{\"a\":\" \\\" \",\"title\":\"mine\"}", "{\"iso\":400,\"title\":\"its\"}",
                  "{\"a\":\" \\\" \",\"title\":\"mine\", \"iso\":400}");
    expect_joined("{\"iso\":1}", "{\"iso\":400}", "{\"iso\":1}");
    expect_joined("{\"a\":1,\"a\":2}", "{\"iso\":400}", "{\"a\":1,\"a\":2}"); /* a name twice: SQLite allows it */
    expect_user("{\"a\": 1, \"taken\": 2}", "{\"a\": 1, \"taken\": 2}");      /* white space of another program */
    expect_user("{\"a\":1, \"b\":2}", "{\"a\":1, \"b\":2}");                  /* no file states b */
    expect_user("{\"a\":1, \"taken\":2", "{\"a\":1, \"taken\":2");            /* cut short */
    expect_user("{ }", "{ }");
    cs_buf out = cs_buf_make(1 << 20);
    cs_item_attributes_file("{\"a\":1, \"iso\":400,\"taken\":\"2024\"}", 1u << 9, &out);
    TAP_OK(strcmp(out.data, "{\"iso\":400}") == 0, "only some fields: %s", out.data);
    cs_buf_free(&out);
    char *long_user = cs_alloc_array(1 << 21, 1);
    sprintf(long_user, "{\"a\":\"%01048550d\"}", 0);
    expect_joined(long_user, "{\"camera\":\"a name of some length\"}", long_user);
    cs_free(long_user);
}

static void copy(const gallery *g, const char *name, const char *fixture)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/metadata/%s", getenv("CLIPSEARCH_SOURCE_ROOT"), fixture);
    folder_copy(&g->images, name, path);
}

static void set_mtime(const gallery *g, const char *name, time_t seconds)
{
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    utimensat(AT_FDCWD, folder_path(&g->images, name), times, 0);
}

static void expect_stored(gallery *g, const char *what, const char *name, const char *attributes)
{
    row r = {.attributes = "(none)"};
    gallery_row(g, name, &r);
    TAP_OK(strcmp(r.attributes, attributes) == 0, "%s: %s has %s; %s", what, name, r.attributes,
           gallery_report_text(g));
}

#define SOUTH                                                                                                          \
    "\"altitude\":-12,\"camera\":\"NIKON D90\",\"latitude\":-54.8,\"longitude\":-68.3,"                                \
    "\"make\":\"NIKON CORPORATION\""

static void test_ingestion(void)
{
    gallery g;
    clipsearch_source source;
    gallery_open(&g, false);
    copy(&g, "a.jpg", "south.jpg");
    copy(&g, "b.jpg", "latin.jpg");
    gallery_ingest(&g, NULL);
    expect_stored(&g, "from the file", "a.jpg", "{ " SOUTH "}");
    gallery_ingest(&g, NULL);
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 2, 0, 0, 0, 0, 0), "again: %s", gallery_report_text(&g));

    clipsearch_ingest_options options = gallery_options(&g, &source);
    source.attributes = "{\"camera\":\"mine\",\"zoo\":true}";
    gallery_ingest(&g, &options);
    expect_stored(&g, "the user's value wins", "a.jpg",
                  "{\"camera\":\"mine\",\"zoo\":true, \"altitude\":-12,\"latitude\":-54.8,\"longitude\":-68.3,"
                  "\"make\":\"NIKON CORPORATION\"}");
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 0, 0, 0, 2, 0, 0), "two updated: %s", gallery_report_text(&g));
    gallery_ingest(&g, &options);
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 2, 0, 0, 0, 0, 0), "again: %s", gallery_report_text(&g));
    gallery_ingest(&g, NULL);
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 2, 0, 0, 0, 0, 0), "no attributes given, none lost: %s",
           gallery_report_text(&g));

    source.attributes = "{\"zoo\":true}";
    gallery_ingest(&g, &options);
    expect_stored(&g, "the file's comes back", "a.jpg", "{\"zoo\":true, " SOUTH "}");
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 0, 0, 0, 2, 0, 0), "two updated: %s", gallery_report_text(&g));

    options.metadata = "gps,taken";
    gallery_ingest(&g, &options);
    expect_stored(&g, "fewer are wanted", "a.jpg",
                  "{\"zoo\":true, \"altitude\":-12,\"latitude\":-54.8,\"longitude\":-68.3}");
    expect_stored(&g, "fewer are wanted", "b.jpg", "{\"zoo\":true, \"taken\":\"1999-12-31\"}");
    options.metadata = "";
    gallery_ingest(&g, &options);
    expect_stored(&g, "none is wanted", "b.jpg", "{\"zoo\":true}");
    options.metadata = NULL;
    set_mtime(&g, "b.jpg", 1000);
    gallery_ingest(&g, &options);
    expect_stored(
        &g, "all are wanted, of a file that is read", "b.jpg",
        "{\"zoo\":true, \"keywords\":[\"\xC3\xA9t\xC3\xA9\"],\"taken\":\"1999-12-31\",\"title\":\"Caf\xC3\xA9\"}");
    TAP_OK(gallery_report_is(&g, 2, 0, 0, 1, 0, 0, 1, 0, 0), "one updated: %s", gallery_report_text(&g));

    copy(&g, "b.jpg", "changed.jpg");
    set_mtime(&g, "b.jpg", 2000);
    gallery_ingest(&g, NULL);
    expect_stored(&g, "the file changed", "b.jpg", "{\"zoo\":true, \"taken\":\"2010-10-10T10:10:10\"}");

    rename(folder_path(&g.images, "b.jpg"), folder_path(&g.images, "c.jpg"));
    copy(&g, "d.jpg", "south.jpg");
    gallery_ingest(&g, NULL);
    expect_stored(&g, "moved", "c.jpg", "{\"zoo\":true, \"taken\":\"2010-10-10T10:10:10\"}");
    expect_stored(&g, "a copy", "d.jpg", "{ " SOUTH "}");
    TAP_OK(gallery_report_is(&g, 3, 0, 0, 1, 1, 1, 0, 0, 0), "one moved, one copied: %s", gallery_report_text(&g));

    /* a label is the user's, also when it has the name of something that files state */
    row south;
    gallery_row(&g, "d.jpg", &south);
    const char *label = "{\"camera\":\"a box\",\"label\":\"dog\",\"make\":null}";
    TAP_OK(clipsearch_collection_merge_attributes(g.collection, &south.id, &label, 1, &g.err) == CLIPSEARCH_OK,
           "labelled: %s", g.err.message);
    expect_stored(&g, "labelled", "d.jpg",
                  "{\"camera\":\"a box\",\"label\":\"dog\", \"altitude\":-12,\"latitude\":-54.8,\"longitude\":-68.3}");
    copy(&g, "d.jpg", "camera.jpg");
    set_mtime(&g, "d.jpg", 3000);
    options.metadata = "camera,iso";
    source.attributes = NULL;
    gallery_ingest(&g, &options);
    expect_stored(&g, "and its file changed", "d.jpg", "{\"camera\":\"a box\",\"label\":\"dog\", \"iso\":400}");

    options.metadata = "taken,size";
    TAP_OK(gallery_ingest(&g, &options) == CLIPSEARCH_E_ARGUMENT && strstr(g.err.message, "\"size\""),
           "an unknown name: %s", g.err.message);
    gallery_close(&g);
}

int main(void)
{
    test_text();
    test_ingestion();
    size_t names = 0;
    while (clipsearch_metadata_name(names))
        names++;
    TAP_OK(names == 18 && strcmp(clipsearch_metadata_name(0), "altitude") == 0, "%zu names", names);
    return tap_done();
}
