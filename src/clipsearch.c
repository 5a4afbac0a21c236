/* SPDX-License-Identifier: MIT
 * clipsearch.c - the public entry points: check arguments, call the engine. */
#include "clipsearch.h"

#include "backend/backend.h"
#include "backend/code_kinds.h"
#include "base/error.h"
#include "base/mem.h"
#include "convert/convert.h"
#include "encode/encoder.h"
#include "encode/memory.h"
#include "encode/plain_image.h"
#include "encode/session.h"
#include "ingest/ingest.h"
#include "local/local.h"
#include "model/weights_walk.h"
#include "structs.h"

static const unsigned BOTH_TOWERS = CLIPSEARCH_IMAGE_TOWER | CLIPSEARCH_TEXT_TOWER;

static clipsearch_status fail_null(clipsearch_error *err, const char *function)
{
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: an argument that must be given is NULL", function);
}

const char *clipsearch_version(void)
{
    return CLIPSEARCH_VERSION;
}

const char *clipsearch_status_name(clipsearch_status status)
{
    switch (status) {
    case CLIPSEARCH_OK:
        return "ok";
    case CLIPSEARCH_E_ARGUMENT:
        return "argument";
    case CLIPSEARCH_E_MEMORY:
        return "memory";
    case CLIPSEARCH_E_IO:
        return "io";
    case CLIPSEARCH_E_FORMAT:
        return "format";
    case CLIPSEARCH_E_LIMIT:
        return "limit";
    case CLIPSEARCH_E_UNSUPPORTED:
        return "unsupported";
    case CLIPSEARCH_E_MODEL:
        return "model";
    case CLIPSEARCH_E_DATABASE:
        return "database";
    case CLIPSEARCH_E_MISMATCH:
        return "mismatch";
    case CLIPSEARCH_E_NOT_FOUND:
        return "not found";
    case CLIPSEARCH_E_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

/* ---------------------------------------------------------------- encoders */

clipsearch_status clipsearch_encoder_open(const char *path, const clipsearch_encoder_options *options,
                                          clipsearch_encoder **encoder, clipsearch_error *err)
{
    if (encoder)
        *encoder = NULL;
    if (!path || !encoder)
        return fail_null(err, __func__);
    clipsearch_encoder_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_encoder_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!own.towers || (own.towers & ~BOTH_TOWERS))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: towers is %#x; it must name one tower or both", __func__,
                       own.towers);
    return cs_encoder_open(path, &own, encoder, err);
}

void clipsearch_encoder_close(clipsearch_encoder **encoder)
{
    if (encoder)
        cs_encoder_close(encoder);
}

clipsearch_status clipsearch_encoder_describe(const clipsearch_encoder *encoder, clipsearch_encoder_info *info,
                                              clipsearch_error *err)
{
    if (!encoder || !info)
        return fail_null(err, __func__);
    clipsearch_status status = cs_struct_check(info, &cs_encoder_info_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_encoder_info own;
    cs_encoder_describe(encoder, &own);
    cs_struct_write(info, &own, &cs_encoder_info_type);
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- tokens */

clipsearch_status clipsearch_tokenize(const clipsearch_encoder *encoder, const char *text, clipsearch_overflow overflow,
                                      int32_t *ids, size_t capacity, size_t *count, clipsearch_error *err)
{
    if (count)
        *count = 0;
    if (!encoder || !text || !count || (!ids && capacity))
        return fail_null(err, __func__);
    return cs_encoder_tokenize(encoder, text, overflow, ids, capacity, count, err);
}

const char *clipsearch_token_piece(const clipsearch_encoder *encoder, int32_t id)
{
    return encoder ? cs_encoder_piece(encoder, id) : NULL;
}

/* ---------------------------------------------------------------- images */

clipsearch_status clipsearch_image_load(const char *path, const clipsearch_image_options *options,
                                        clipsearch_image *image, clipsearch_error *err)
{
    if (image)
        *image = (clipsearch_image){0};
    if (!path || !image)
        return fail_null(err, __func__);
    clipsearch_image_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_image_options_type, __func__, err);
    return status == CLIPSEARCH_OK ? cs_plain_image_load(path, &own, image, err) : status;
}

clipsearch_status clipsearch_image_decode(const void *data, size_t size, const char *name,
                                          const clipsearch_image_options *options, clipsearch_image *image,
                                          clipsearch_error *err)
{
    if (image)
        *image = (clipsearch_image){0};
    if ((!data && size) || !image)
        return fail_null(err, __func__);
    clipsearch_image_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_image_options_type, __func__, err);
    return status == CLIPSEARCH_OK
               ? cs_plain_image_decode(data ? data : "", size, name ? name : "image", &own, image, err)
               : status;
}

static bool is_picture(const clipsearch_image *image)
{
    return image->rgb && image->width && image->height;
}

clipsearch_status clipsearch_image_resize(const clipsearch_image *image, uint32_t width, uint32_t height,
                                          clipsearch_image *resized, clipsearch_error *err)
{
    if (!image || !resized)
        return fail_null(err, __func__);
    const clipsearch_image in = *image; /* the two may be the same structure */
    *resized = (clipsearch_image){0};
    if (!is_picture(&in) || !width || !height)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a picture without pixels (%u x %u to %u x %u)", __func__,
                       in.width, in.height, width, height);
    return cs_plain_image_resize(&in, width, height, resized, err);
}

void clipsearch_image_free(clipsearch_image *image)
{
    if (image)
        cs_plain_image_free(image);
}

/* ---------------------------------------------------------------- encoding */

/* Read a session's options, and those for images that they point to, into the library's own. */
static clipsearch_status read_session_options(clipsearch_session_options *own, clipsearch_image_options *image,
                                              const clipsearch_session_options *options, const char *function,
                                              clipsearch_error *err)
{
    clipsearch_status status = cs_struct_read(own, options, &cs_session_options_type, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(image, own->image, &cs_image_options_type, function, err);
    own->image = image;
    return status;
}

clipsearch_status clipsearch_session_open(const clipsearch_encoder *encoder, const clipsearch_session_options *options,
                                          clipsearch_session **session, clipsearch_error *err)
{
    if (session)
        *session = NULL;
    if (!encoder || !session)
        return fail_null(err, __func__);
    clipsearch_session_options own;
    clipsearch_image_options image;
    clipsearch_status status = read_session_options(&own, &image, options, __func__, err);
    return status == CLIPSEARCH_OK ? cs_session_open(encoder, &own, session, err) : status;
}

void clipsearch_session_close(clipsearch_session **session)
{
    if (session)
        cs_session_close(session);
}

clipsearch_status clipsearch_encode_texts(clipsearch_session *session, const char *const *texts, size_t count,
                                          float *vectors, clipsearch_error *err)
{
    if (!session || (count && (!texts || !vectors)))
        return fail_null(err, __func__);
    for (size_t i = 0; i < count; i++)
        if (!texts[i])
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: text %zu is NULL", __func__, i);
    return cs_session_encode_texts(session, texts, count, vectors, err);
}

size_t clipsearch_session_truncated(const clipsearch_session *session)
{
    return session ? session->truncated : 0;
}

clipsearch_status clipsearch_encode_images(clipsearch_session *session, const clipsearch_image *images, size_t count,
                                           float *vectors, clipsearch_error *err)
{
    if (!session || (count && (!images || !vectors)))
        return fail_null(err, __func__);
    for (size_t i = 0; i < count; i++)
        if (!is_picture(&images[i]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: image %zu has no pixels", __func__, i);
    return cs_session_encode_images(session, images, count, vectors, err);
}

clipsearch_status clipsearch_encode_file(clipsearch_session *session, const char *path, float *vector,
                                         clipsearch_error *err)
{
    if (!session || !path || !vector)
        return fail_null(err, __func__);
    return cs_session_encode_file(session, path, vector, err);
}

clipsearch_status clipsearch_encoder_memory(const clipsearch_encoder *encoder,
                                            const clipsearch_session_options *options, clipsearch_memory *memory,
                                            clipsearch_error *err)
{
    if (!encoder || !memory)
        return fail_null(err, __func__);
    clipsearch_session_options own;
    clipsearch_image_options image;
    clipsearch_memory took = {0};
    clipsearch_status status = cs_struct_check(memory, &cs_memory_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = read_session_options(&own, &image, options, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_encoder_memory(encoder, &own, &took, err);
    cs_struct_write(memory, &took, &cs_memory_type);
    return status;
}

/* ---------------------------------------------------------------- model files */

clipsearch_status clipsearch_weights_walk(const char *path,
                                          bool (*each)(void *context, const clipsearch_tensor *tensor), void *context,
                                          clipsearch_weights_info *info, clipsearch_error *err)
{
    if (!path)
        return fail_null(err, __func__);
    clipsearch_weights_info own = {0};
    clipsearch_status status = info ? cs_struct_check(info, &cs_weights_info_type, __func__, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_weights_walk(path, each, context, &own, err);
    if (info)
        cs_struct_write(info, &own, &cs_weights_info_type);
    return status;
}

clipsearch_status clipsearch_model_convert(const char *from, const char *to, const clipsearch_convert_options *options,
                                           clipsearch_convert_report *report, clipsearch_error *err)
{
    if (!from || !to)
        return fail_null(err, __func__);
    clipsearch_convert_options own;
    clipsearch_convert_report done = {0};
    clipsearch_status status = report ? cs_struct_check(report, &cs_convert_report_type, __func__, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&own, options, &cs_convert_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (own.towers & ~BOTH_TOWERS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: towers is %#x; it must name one tower, both, or be 0", __func__,
                       own.towers);
    if (own.type != CLIPSEARCH_F32 && own.type != CLIPSEARCH_F16 && own.type != CLIPSEARCH_BF16)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no type of numbers %d", __func__, (int)own.type);
    status = cs_model_convert(from, to, &own, &done, err);
    if (report)
        cs_struct_write(report, &done, &cs_convert_report_type);
    return status;
}

/* ---------------------------------------------------------------- databases and collections */

clipsearch_status clipsearch_database_open(const char *path, unsigned flags, clipsearch_database **db,
                                           clipsearch_error *err)
{
    if (db)
        *db = NULL;
    if (!path || !db)
        return fail_null(err, __func__);
    if (flags != 0 && flags != CLIPSEARCH_READ_ONLY && flags != CLIPSEARCH_CREATE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: flags are %#x; CLIPSEARCH_READ_ONLY, CLIPSEARCH_CREATE or 0",
                       __func__, flags);
    return cs_local_open(path, flags, db, err);
}

void clipsearch_database_close(clipsearch_database **db)
{
    if (db)
        cs_database_close(db);
}

void clipsearch_database_on_note(clipsearch_database *db, void (*note)(void *context, const char *line), void *context)
{
    if (db)
        cs_database_on_note(db, note, context);
}

clipsearch_status clipsearch_database_vacuum(clipsearch_database *db, clipsearch_error *err)
{
    return db ? cs_database_vacuum(db, err) : fail_null(err, __func__);
}

const char *clipsearch_codes_name(clipsearch_codes codes)
{
    return cs_codes_word(codes);
}

static clipsearch_collection_info info_of(const cs_collection_identity *identity, const cs_collection_state *state)
{
    return (clipsearch_collection_info){.struct_size = sizeof(clipsearch_collection_info),
                                        .name = identity->name,
                                        .encoder = identity->encoder,
                                        .fingerprint = identity->fingerprint,
                                        .preprocessing = identity->preprocessing,
                                        .dim = identity->dim,
                                        .metric = identity->metric,
                                        .count = state->count,
                                        .vector_bytes = state->count * identity->dim * sizeof(float),
                                        .created = identity->created,
                                        .index_codes = identity->index.codes,
                                        .index_m = identity->index.m,
                                        .index_ef_construction = identity->index.ef_construction,
                                        .index_ef = identity->index.ef,
                                        .indexed = state->indexed,
                                        .changes = state->changes};
}

typedef struct each_call {
    bool (*each)(void *context, const clipsearch_collection_info *info);
    void *context;
} each_call;

static bool call_each(void *context, const cs_collection_identity *identity, const cs_collection_state *state)
{
    const each_call *call = context;
    const clipsearch_collection_info info = info_of(identity, state);
    return call->each(call->context, &info);
}

clipsearch_status clipsearch_database_collections(clipsearch_database *db,
                                                  bool (*each)(void *context, const clipsearch_collection_info *info),
                                                  void *context, clipsearch_error *err)
{
    if (!db || !each)
        return fail_null(err, __func__);
    each_call call = {each, context};
    return cs_database_each_collection(db, call_each, &call, err);
}

clipsearch_status clipsearch_collection_check_encoder(const clipsearch_collection *collection,
                                                      const clipsearch_encoder *encoder, clipsearch_error *err)
{
    if (!collection || !encoder)
        return fail_null(err, __func__);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    return cs_collection_check_encoder(collection, &identity, err);
}

clipsearch_status clipsearch_collection_open(clipsearch_database *db, const char *name,
                                             const clipsearch_encoder *encoder, clipsearch_collection **collection,
                                             clipsearch_error *err)
{
    if (collection)
        *collection = NULL;
    if (!db || !name || !collection)
        return fail_null(err, __func__);
    if (!encoder)
        return cs_collection_open(db, name, NULL, collection, err);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    return cs_collection_open(db, name, &identity, collection, err);
}

clipsearch_status clipsearch_collection_ensure(clipsearch_database *db, const char *name,
                                               const clipsearch_encoder *encoder, clipsearch_metric metric,
                                               clipsearch_collection **collection, clipsearch_error *err)
{
    return clipsearch_collection_ensure_index(db, name, encoder, metric, NULL, collection, err);
}

clipsearch_status clipsearch_collection_ensure_index(clipsearch_database *db, const char *name,
                                                     const clipsearch_encoder *encoder, clipsearch_metric metric,
                                                     const clipsearch_index_options *options,
                                                     clipsearch_collection **collection, clipsearch_error *err)
{
    if (collection)
        *collection = NULL;
    if (!db || !name || !encoder || !collection)
        return fail_null(err, __func__);
    if (metric != CLIPSEARCH_COSINE && metric != CLIPSEARCH_IP && metric != CLIPSEARCH_L2)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: there is no metric %d", __func__, (int)metric);
    const cs_encoder_identity identity = cs_encoder_identify(encoder);
    clipsearch_index_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_index_options_type, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_ensure(db, name, &identity, metric, &own, collection, err);
    return status;
}

void clipsearch_collection_close(clipsearch_collection **collection)
{
    if (collection)
        cs_collection_close(collection);
}

clipsearch_status clipsearch_collection_drop(clipsearch_database *db, const char *name, clipsearch_error *err)
{
    if (!db || !name)
        return fail_null(err, __func__);
    return cs_collection_drop(db, name, err);
}

clipsearch_status clipsearch_collection_describe(clipsearch_collection *collection, clipsearch_collection_info *info,
                                                 clipsearch_error *err)
{
    if (!collection || !info)
        return fail_null(err, __func__);
    clipsearch_status status = cs_struct_check(info, &cs_collection_info_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_collection_info own = {0};
    cs_collection_state state;
    status = cs_collection_describe(collection, &state, err);
    if (status == CLIPSEARCH_OK)
        own = info_of(cs_collection_identify(collection), &state);
    cs_struct_write(info, &own, &cs_collection_info_type);
    return status;
}

clipsearch_status clipsearch_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                            const float *vectors, size_t count, int64_t *ids, clipsearch_error *err)
{
    if (!collection || (count && (!items || !vectors)))
        return fail_null(err, __func__);
    return cs_collection_put(collection, items, vectors, count, ids, err);
}

clipsearch_status clipsearch_collection_remove(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                               size_t *removed, clipsearch_error *err)
{
    if (!collection || (count && !ids))
        return fail_null(err, __func__);
    return cs_collection_remove(collection, ids, count, removed, err);
}

clipsearch_status clipsearch_collection_remove_where(clipsearch_collection *collection, const char *filter,
                                                     uint64_t *removed, clipsearch_error *err)
{
    if (removed)
        *removed = 0;
    if (!collection || !filter)
        return fail_null(err, __func__);
    cs_filter_tree *tree;
    clipsearch_status status = cs_filter_parse(filter, &tree, NULL, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_remove_where(collection, tree, removed, err);
    cs_filter_free(&tree);
    return status;
}

/* ---------------------------------------------------------------- the index file */

clipsearch_status clipsearch_collection_checkpoint(clipsearch_collection *collection,
                                                   const clipsearch_checkpoint_options *options, clipsearch_error *err)
{
    if (!collection)
        return fail_null(err, __func__);
    clipsearch_checkpoint_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_checkpoint_options_type, __func__, err);
    return status == CLIPSEARCH_OK ? cs_collection_checkpoint(collection, &own, err) : status;
}

clipsearch_status clipsearch_collection_check(clipsearch_collection *collection, size_t sample,
                                              clipsearch_check_report *report, clipsearch_error *err)
{
    if (!collection || !report)
        return fail_null(err, __func__);
    clipsearch_status status = cs_struct_check(report, &cs_check_report_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_check_report own = {0};
    status = cs_collection_check(collection, sample, &own, err);
    cs_struct_write(report, &own, &cs_check_report_type);
    return status;
}

/* ---------------------------------------------------------------- ingestion */

/* The caller's sources lie as far apart as their struct_size says. *own receives an array that the caller frees. */
static clipsearch_status read_sources(const clipsearch_source *sources, size_t count, const char *function,
                                      clipsearch_source **own, clipsearch_error *err)
{
    *own = cs_zalloc_array(count, sizeof **own);
    if (!*own)
        return cs_fail_memory(err, "the sources");
    size_t stride = sources->struct_size;
    for (size_t i = 0; i < count; i++) {
        const clipsearch_source *source = (const void *)((const char *)sources + i * stride);
        clipsearch_status status = cs_struct_read(&(*own)[i], source, &cs_source_type, function, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (source->struct_size != stride)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: struct_size of source %zu is %zu, that of source 0 is %zu",
                           function, i, source->struct_size, stride);
    }
    return CLIPSEARCH_OK;
}

/* Read the options, ingest and fill in the report. */
static clipsearch_status ingest_into(const cs_ingest_into *into, clipsearch_session *session,
                                     const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                     const char *function, clipsearch_error *err)
{
    clipsearch_ingest_options own;
    clipsearch_image_options image;
    clipsearch_ingest_report done = {0};
    clipsearch_source *sources = NULL;
    clipsearch_status status = report ? cs_struct_check(report, &cs_ingest_report_type, function, err) : CLIPSEARCH_OK;
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_struct_read(&own, options, &cs_ingest_options_type, function, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&image, own.image, &cs_image_options_type, function, err);
    if (status == CLIPSEARCH_OK && own.sources && own.source_count)
        status = read_sources(own.sources, own.source_count, function, &sources, err);
    if (status == CLIPSEARCH_OK) {
        own.image = &image;
        own.sources = sources;
        status = cs_ingest(into, session, &own, &done, err);
    }
    cs_free(sources);
    if (report)
        cs_struct_write(report, &done, &cs_ingest_report_type);
    return status;
}

clipsearch_status clipsearch_ingest(clipsearch_collection *collection, clipsearch_session *session,
                                    const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                    clipsearch_error *err)
{
    if (!collection || !session || !options)
        return fail_null(err, __func__);
    const cs_ingest_into into = {.collection = collection};
    return ingest_into(&into, session, options, report, __func__, err);
}

clipsearch_status clipsearch_ingest_into(const clipsearch_ingest_target *target, clipsearch_session *session,
                                         const clipsearch_ingest_options *options, clipsearch_ingest_report *report,
                                         clipsearch_error *err)
{
    static const cs_database_opener opener = {.open = cs_local_open, .check_new = cs_local_check_new};
    if (!target || !session || !options)
        return fail_null(err, __func__);
    clipsearch_ingest_target own;
    clipsearch_index_options index;
    clipsearch_status status = cs_struct_read(&own, target, &cs_ingest_target_type, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_struct_read(&index, own.index, &cs_index_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!own.database || !own.collection)
        return fail_null(err, __func__);
    own.index = &index;
    const cs_ingest_into into = {.target = &own, .opener = &opener};
    return ingest_into(&into, session, options, report, __func__, err);
}

/* ---------------------------------------------------------------- search */

clipsearch_status clipsearch_search(clipsearch_collection *collection, const float *queries, size_t count, size_t k,
                                    const clipsearch_search_options *options, clipsearch_hits **hits,
                                    clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits || (count && !queries))
        return fail_null(err, __func__);
    clipsearch_search_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_search_options_type, __func__, err);
    if (status == CLIPSEARCH_OK && own.stats)
        status = cs_struct_check(own.stats, &cs_search_stats_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    clipsearch_search_stats stats = {0};
    cs_filter_tree *filter = NULL;
    if (own.filter)
        status = cs_filter_parse(own.filter, &filter, NULL, err);
    const cs_search_request request = {.queries = queries,
                                       .count = count,
                                       .k = k,
                                       .filter = filter,
                                       .has_limit = own.has_limit,
                                       .limit = own.limit,
                                       .exact = own.exact,
                                       .ef = own.ef,
                                       .stats = own.stats ? &stats : NULL};
    if (status == CLIPSEARCH_OK)
        status = cs_collection_search(collection, &request, hits, err);
    cs_filter_free(&filter);
    if (own.stats)
        cs_struct_write(own.stats, &stats, &cs_search_stats_type);
    return status;
}

clipsearch_status clipsearch_query(clipsearch_collection *collection, const char *filter, size_t limit, size_t offset,
                                   clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits)
        return fail_null(err, __func__);
    const cs_page page = {.offset = offset, .limit = limit};
    cs_filter_tree *tree = NULL;
    clipsearch_status status = filter ? cs_filter_parse(filter, &tree, NULL, err) : CLIPSEARCH_OK;
    if (status == CLIPSEARCH_OK)
        status = cs_collection_where(collection, tree, &page, hits, err);
    cs_filter_free(&tree);
    return status;
}

clipsearch_status clipsearch_get(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                 clipsearch_hits **hits, clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits || (count && !ids))
        return fail_null(err, __func__);
    return cs_collection_by_ids(collection, ids, count, hits, err);
}

clipsearch_status clipsearch_filter_check(const char *filter, size_t *column, clipsearch_error *err)
{
    if (column)
        *column = 0;
    if (!filter)
        return fail_null(err, __func__);
    cs_filter_tree *tree;
    clipsearch_status status = cs_filter_parse(filter, &tree, column, err);
    cs_filter_free(&tree);
    return status;
}

size_t clipsearch_hits_count(const clipsearch_hits *hits, size_t query)
{
    return hits ? cs_hits_count(hits, query) : 0;
}

const clipsearch_hit *clipsearch_hits_get(const clipsearch_hits *hits, size_t query, size_t rank)
{
    return hits ? cs_hits_get(hits, query, rank) : NULL;
}

void clipsearch_hits_free(clipsearch_hits **hits)
{
    if (hits)
        cs_hits_free(hits);
}
