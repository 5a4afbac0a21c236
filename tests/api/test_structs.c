/* SPDX-License-Identifier: MIT
 * test_structs.c - every struct of clipsearch.h that begins with struct_size, passed by callers that were compiled with
 * an older, the same and a newer header (docs/abi.md). */
#include "support/gallery.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A newer caller's struct is this much longer; behind it lie as many bytes that are not the library's to write. */
enum { NEWER = 24, GUARD = 64, LARGEST = 2048, DIM = 512 };

static gallery g;
static clipsearch_error err;
static float query[DIM];

/* ---- one call of the library for each struct */

static clipsearch_status use_encoder_options(void *o)
{
    clipsearch_encoder *encoder = NULL;
    clipsearch_status status = clipsearch_encoder_open(gallery_model(), o, &encoder, &err);
    clipsearch_encoder_close(&encoder);
    return status;
}

static clipsearch_status use_encoder_info(void *o)
{
    return clipsearch_encoder_describe(g.encoder, o, &err);
}

static clipsearch_status use_image_options(void *o)
{
    clipsearch_image image;
    clipsearch_status status = clipsearch_image_load(gallery_example("cat-snow.jpg"), o, &image, &err);
    clipsearch_image_free(&image);
    return status;
}

static clipsearch_status use_session_options(void *o)
{
    clipsearch_session *session = NULL;
    clipsearch_status status = clipsearch_session_open(g.encoder, o, &session, &err);
    clipsearch_session_close(&session);
    return status;
}

static clipsearch_status use_labels_options(void *o)
{
    static const char *const labels[] = {"dog", "cat"};
    clipsearch_labels *opened = NULL;
    clipsearch_session *session = NULL;
    clipsearch_encoder *encoder = NULL;
    clipsearch_status status = clipsearch_encoder_open(gallery_model(), NULL, &encoder, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_session_open(encoder, NULL, &session, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_labels_open(session, labels, 2, o, &opened, &err);
    clipsearch_labels_close(&opened);
    clipsearch_session_close(&session);
    clipsearch_encoder_close(&encoder);
    return status;
}

static clipsearch_status use_memory(void *o)
{
    return clipsearch_encoder_memory(g.encoder, NULL, o, &err);
}

static const char *tiny_model(const char *file)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/data/clip-tiny/hf%s", getenv("CLIPSEARCH_SOURCE_ROOT"), file);
    return path;
}

static clipsearch_status use_weights_info(void *o)
{
    return clipsearch_weights_walk(tiny_model("/model.safetensors"), NULL, NULL, o, &err);
}

static clipsearch_status convert(const clipsearch_convert_options *options, clipsearch_convert_report *report)
{
    return clipsearch_model_convert(tiny_model(""), folder_path(&g.elsewhere, "converted"), options, report, &err);
}

static clipsearch_status use_convert_options(void *o)
{
    return convert(o, NULL);
}

static clipsearch_status use_convert_report(void *o)
{
    return convert(NULL, o);
}

static clipsearch_status use_index_options(void *o)
{
    clipsearch_collection *collection = NULL;
    clipsearch_status status =
        clipsearch_collection_ensure_index(g.db, "other", g.encoder, CLIPSEARCH_L2, o, &collection, &err);
    clipsearch_collection_close(&collection);
    return status;
}

static clipsearch_status use_vectors_options(void *o)
{
    clipsearch_collection *collection = NULL;
    ((clipsearch_vectors_options *)o)->dim = 4;
    clipsearch_status status = clipsearch_collection_ensure_vectors(g.db, "own", o, &collection, &err);
    clipsearch_collection_close(&collection);
    return status;
}

static bool take_none(void *context, const clipsearch_hit *item, const float *vector)
{
    (void)context, (void)item, (void)vector;
    return false;
}

static clipsearch_status use_each_options(void *o)
{
    return clipsearch_collection_each(g.collection, o, take_none, NULL, &err);
}

static clipsearch_status use_collection_info(void *o)
{
    return clipsearch_collection_describe(g.collection, o, &err);
}

static clipsearch_status use_checkpoint_options(void *o)
{
    return clipsearch_collection_checkpoint(g.collection, o, &err);
}

static clipsearch_status use_check_report(void *o)
{
    return clipsearch_collection_check(g.collection, 0, o, &err);
}

static clipsearch_status use_source(void *o)
{
    clipsearch_source *source = o;
    clipsearch_ingest_options options;
    clipsearch_ingest_options_init(&options);
    source->path = g.images.path;
    options.sources = source;
    options.source_count = 1;
    return clipsearch_ingest(g.collection, g.session, &options, NULL, &err);
}

static clipsearch_status use_ingest_options(void *o)
{
    static clipsearch_source source;
    clipsearch_ingest_options *options = o;
    clipsearch_source_init(&source);
    source.path = g.images.path;
    options->sources = &source;
    options->source_count = 1;
    return clipsearch_ingest(g.collection, g.session, options, NULL, &err);
}

static clipsearch_status use_ingest_report(void *o)
{
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    return clipsearch_ingest(g.collection, g.session, &options, o, &err);
}

static clipsearch_status use_ingest_target(void *o)
{
    clipsearch_source source;
    clipsearch_ingest_options options = gallery_options(&g, &source);
    clipsearch_ingest_target *target = o;
    target->database = folder_path(&g.elsewhere, "target.db");
    target->collection = "photos";
    return clipsearch_ingest_into(target, g.session, &options, NULL, &err);
}

static clipsearch_status use_watch_options(void *o)
{
    clipsearch_source source;
    clipsearch_watch *watch = NULL;
    clipsearch_source_init(&source);
    source.path = g.images.path;
    clipsearch_status status = clipsearch_watch_open(&source, 1, o, &watch, &err);
    clipsearch_watch_close(&watch);
    return status;
}

static clipsearch_status search(const clipsearch_search_options *options)
{
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_search(g.collection, query, 1, 1, options, &hits, &err);
    clipsearch_hits_free(&hits);
    return status;
}

static clipsearch_status use_search_stats(void *o)
{
    clipsearch_search_options options;
    clipsearch_search_options_init(&options);
    options.stats = o;
    return search(&options);
}

static clipsearch_status use_search_options(void *o)
{
    return search(o);
}

static clipsearch_status use_list_options(void *o)
{
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_list(g.collection, o, &hits, &err);
    clipsearch_hits_free(&hits);
    return status;
}

static clipsearch_status use_part(void *o)
{
    clipsearch_part *part = o;
    clipsearch_question question;
    float vector[DIM];
    part->vector = query;
    clipsearch_question_init(&question);
    question.parts = part;
    question.part_count = 1;
    return clipsearch_question_vectors(g.collection, NULL, &question, 1, vector, &err);
}

static clipsearch_status use_question(void *o)
{
    static clipsearch_part part;
    clipsearch_question *question = o;
    float vector[DIM];
    clipsearch_part_init(&part);
    part.vector = query;
    question->parts = &part;
    question->part_count = 1;
    return clipsearch_question_vectors(g.collection, NULL, question, 1, vector, &err);
}

static clipsearch_status use_duplicates_options(void *o)
{
    clipsearch_duplicates *duplicates = NULL;
    clipsearch_status status = clipsearch_duplicates_find(g.collection, o, &duplicates, NULL, &err);
    clipsearch_duplicates_free(&duplicates);
    return status;
}

static clipsearch_status use_duplicates_report(void *o)
{
    clipsearch_duplicates *duplicates = NULL;
    clipsearch_status status = clipsearch_duplicates_find(g.collection, NULL, &duplicates, o, &err);
    clipsearch_duplicates_free(&duplicates);
    return status;
}

static clipsearch_status merge_with(clipsearch_merge_options *options, clipsearch_merge_report *report)
{
    clipsearch_database *into = NULL;
    clipsearch_status status = clipsearch_database_open(":memory:", 0, &into, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_merge(g.collection, into, options, report, &err);
    clipsearch_database_close(&into);
    return status;
}

static clipsearch_status use_merge_options(void *o)
{
    return merge_with(o, NULL);
}

static clipsearch_status use_merge_report(void *o)
{
    return merge_with(NULL, o);
}

/* ---- the table */

/* `size` and `end` are those of version 0.2 with 64-bit pointers and never change; end: where the last field ends. */
#define STRUCT(type, filled, size, end)                                                                                \
    {                                                                                                                  \
        "clipsearch_" #type, sizeof(clipsearch_##type), size, end, filled, init_##type, use_##type                     \
    }
#define INIT(type)                                                                                                     \
    static void init_##type(void *o, size_t size)                                                                      \
    {                                                                                                                  \
        clipsearch_##type##_init_sized(o, size);                                                                       \
    }
INIT(encoder_options)
INIT(encoder_info)
INIT(image_options)
INIT(session_options)
INIT(labels_options)
INIT(memory)
INIT(weights_info)
INIT(convert_options)
INIT(convert_report)
INIT(index_options)
INIT(vectors_options)
INIT(collection_info)
INIT(checkpoint_options)
INIT(check_report)
INIT(source)
INIT(ingest_options)
INIT(ingest_report)
INIT(ingest_target)
INIT(watch_options)
INIT(search_stats)
INIT(search_options)
INIT(list_options)
INIT(each_options)
INIT(merge_options)
INIT(merge_report)
INIT(duplicates_options)
INIT(duplicates_report)
INIT(part)
INIT(question)

static const struct {
    const char *name;
    size_t size_now, size, end;
    bool filled; /* by the library */
    void (*init)(void *o, size_t size);
    clipsearch_status (*use)(void *o);
} structs[] = {
    STRUCT(encoder_options, false, 24, 24),
    STRUCT(encoder_info, true, 112, 109),
    STRUCT(image_options, false, 32, 25),
    STRUCT(session_options, false, 40, 40),
    STRUCT(labels_options, false, 32, 28),
    STRUCT(memory, true, 32, 32),
    STRUCT(weights_info, true, 96, 96),
    STRUCT(convert_options, false, 32, 32),
    STRUCT(convert_report, true, 112, 112),
    STRUCT(index_options, false, 24, 24),
    STRUCT(vectors_options, false, 56, 56),
    STRUCT(collection_info, true, 112, 112),
    STRUCT(checkpoint_options, false, 48, 32),
    STRUCT(check_report, true, 1168, 1152),
    STRUCT(source, false, 88, 81),
    STRUCT(ingest_options, false, 80, 80),
    STRUCT(ingest_report, true, 120, 114),
    STRUCT(watch_options, false, 56, 56),
    STRUCT(ingest_target, false, 56, 56),
    STRUCT(search_stats, true, 56, 32),
    STRUCT(search_options, false, 48, 48),
    STRUCT(merge_options, false, 24, 24),
    STRUCT(merge_report, true, 48, 48),
    STRUCT(duplicates_options, false, 56, 56),
    STRUCT(duplicates_report, true, 64, 64),
    STRUCT(part, false, 72, 72),
    STRUCT(list_options, false, 40, 33),
    STRUCT(each_options, false, 32, 26),
    STRUCT(question, false, 40, 33),
};
enum { STRUCTS = sizeof structs / sizeof *structs };

/* A caller's struct with guarded memory behind it. */
static union {
    size_t struct_size;
    unsigned char bytes[LARGEST + NEWER + GUARD];
    max_align_t align;
} object;

static bool all(const unsigned char *bytes, size_t from, size_t to, unsigned char value)
{
    for (size_t i = from; i < to; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void init(size_t s, size_t size)
{
    memset(&object, 0xa5, sizeof object);
    structs[s].init(&object, size);
}

/* A caller whose struct has `size` bytes. */
static void test_caller(size_t s, const char *who, size_t size)
{
    init(s, size);
    bool set_up = object.struct_size == size && all(object.bytes, size, size + GUARD, 0xa5) &&
                  (size <= structs[s].size_now || all(object.bytes, structs[s].size_now, size, 0));
    err.message[0] = '\0';
    clipsearch_status status = structs[s].use(&object);
    TAP_OK(set_up && status == CLIPSEARCH_OK && object.struct_size == size &&
               all(object.bytes, size, size + GUARD, 0xa5) &&
               !(structs[s].filled && all(object.bytes, sizeof(size_t), size, 0)),
           "%s of %s caller: %zu bytes %s", structs[s].name, who, size, err.message);
}

/* A newer caller sets a field that the library does not know, or has old values in a struct that is to be filled. */
static void test_unknown_field(size_t s)
{
    const size_t size = structs[s].size_now + NEWER;
    init(s, size);
    memset(object.bytes + structs[s].size_now, 1, NEWER);
    clipsearch_status status = structs[s].use(&object);
    if (structs[s].filled)
        TAP_OK(status == CLIPSEARCH_OK && all(object.bytes, structs[s].size_now, size, 0) &&
                   all(object.bytes, size, size + GUARD, 0xa5),
               "%s: what the library does not know becomes 0", structs[s].name);
    else
        TAP_OK(status == CLIPSEARCH_E_ARGUMENT && strstr(err.message, structs[s].name), "%s", err.message);
}

static void test_not_initialised(size_t s)
{
    char expected[80];
    snprintf(expected, sizeof expected, "call %s_init on it first", structs[s].name);
    const size_t sizes[] = {0, structs[s].end - 1, (size_t)-1};
    bool refused = true;
    for (size_t i = 0; i < 3; i++) {
        init(s, structs[s].size_now);
        object.struct_size = sizes[i];
        refused = refused && structs[s].use(&object) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, expected);
        object.struct_size = structs[s].size_now;
    }
    TAP_OK(refused, "not initialised: %s", err.message);
}

static void test_structs(void)
{
    for (size_t s = 0; s < STRUCTS; s++) {
        if (sizeof(void *) == 8)
            TAP_OK(structs[s].size_now >= structs[s].size, "%s has %zu bytes, in version 0.2 %zu", structs[s].name,
                   structs[s].size_now, structs[s].size);
        test_caller(s, "an older", structs[s].end);
        test_caller(s, "an equal", structs[s].size_now);
        test_caller(s, "a newer", structs[s].size_now + NEWER);
        test_unknown_field(s);
        test_not_initialised(s);
    }
}

/* ---- values of enums that the library does not know (docs/abi.md) */

static void test_unknown_values(void)
{
    const int unknown = 99;
    clipsearch_session_options session;
    clipsearch_session_options_init(&session);
    memcpy(&session.overflow, &unknown, sizeof unknown);
    TAP_OK(use_session_options(&session) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "overflow 99"), "%s",
           err.message);
    int32_t ids[8];
    size_t count;
    TAP_OK(clipsearch_tokenize(g.encoder, "a dog", session.overflow, ids, 8, &count, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "overflow 99"),
           "%s", err.message);
    clipsearch_image_options image;
    clipsearch_image_options_init(&image);
    memcpy(&image.decode, &unknown, sizeof unknown);
    TAP_OK(use_image_options(&image) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "decode 99"), "%s", err.message);
    clipsearch_ingest_options ingest;
    clipsearch_ingest_options_init(&ingest);
    memcpy(&ingest.on_bad, &unknown, sizeof unknown);
    TAP_OK(use_ingest_options(&ingest) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "on_bad 99"), "%s", err.message);
}

/* ---- structs that others point to */

static void test_pointed_to(void)
{
    clipsearch_image_options image;
    memset(&image, 0, sizeof image);
    clipsearch_session_options session;
    clipsearch_session_options_init(&session);
    session.image = &image;
    TAP_OK(use_session_options(&session) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "image_options"),
           "a session's image options: %s", err.message);
    clipsearch_ingest_options ingest;
    clipsearch_ingest_options_init(&ingest);
    ingest.image = &image;
    TAP_OK(use_ingest_options(&ingest) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "image_options"),
           "an ingestion's: %s", err.message);
    clipsearch_image_options_init(&image);
    image.max_bytes = 1;
    TAP_OK(use_session_options(&session) == CLIPSEARCH_OK, "and good ones");
    clipsearch_index_options index;
    memset(&index, 0, sizeof index);
    clipsearch_ingest_target target;
    clipsearch_ingest_target_init(&target);
    target.index = &index;
    TAP_OK(use_ingest_target(&target) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "index_options"),
           "a target's index options: %s", err.message);
}

/* An array of sources of a newer caller: they lie further apart than the library's own. */
static void test_array(void)
{
    const size_t size = sizeof(clipsearch_source) + NEWER;
    static max_align_t memory[1 + 2 * (sizeof(clipsearch_source) + NEWER) / sizeof(max_align_t)];
    clipsearch_source *one = (void *)memory, *two = (void *)((char *)memory + size);
    clipsearch_source_init_sized(one, size);
    clipsearch_source_init_sized(two, size);
    one->path = g.images.path;
    two->path = g.elsewhere.path;
    static const char *const none = "*.none";
    two->include = &none;
    two->include_count = 1;
    clipsearch_ingest_options options;
    clipsearch_ingest_options_init(&options);
    options.sources = one;
    options.source_count = 2;
    clipsearch_ingest_report report;
    clipsearch_ingest_report_init(&report);
    TAP_OK(clipsearch_ingest(g.collection, g.session, &options, &report, &err) == CLIPSEARCH_OK && report.found == 2,
           "two sources of a newer caller: %d images", (int)report.found);
    two->struct_size -= 8;
    TAP_OK(clipsearch_ingest(g.collection, g.session, &options, &report, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "source 1"),
           "of different sizes: %s", err.message);
}

int main(void)
{
    gallery_open(&g, false);
    gallery_image(&g, "a.png", 1);
    gallery_image(&g, "b.png", 2);
    gallery_ingest(&g, NULL);
    query[0] = 1;
    test_structs();
    test_unknown_values();
    test_pointed_to();
    test_array();
    gallery_close(&g);
    return tap_done();
}
