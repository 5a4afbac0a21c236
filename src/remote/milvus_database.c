/* SPDX-License-Identifier: MIT
 * milvus_database.c - a database on a Milvus server, and its collections. */
#include "remote/milvus.h"
#include "remote/milvus_collection.h"

#include "base/base64.h"
#include "base/environment.h"
#include "base/index_types.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- collections */

clipsearch_status cs_milvus_check_same(const milvus_collection *c, clipsearch_error *err)
{
    cs_milvus_schema *now = NULL;
    clipsearch_status status = cs_milvus_describe(c->db, c->schema->name, &now, err);
    if (status == CLIPSEARCH_OK && now->number != c->schema->number)
        status = cs_fail(
            err, CLIPSEARCH_E_NOT_FOUND,
            "the collection %s was dropped, made anew or encoded with another model since it was opened; open it "
            "again",
            c->schema->name);
    cs_milvus_schema_free(&now);
    return status;
}

static clipsearch_status describe(clipsearch_collection *base, cs_collection_state *state, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    const bool dirty = c->dirty;
    clipsearch_status status = cs_milvus_check_same(c, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_count(c, "", dirty, &state->count, err);
    if (status == CLIPSEARCH_OK && dirty)
        c->dirty = false;
    if (status == CLIPSEARCH_OK && c->schema->own)
        status = cs_milvus_count(c, "gone_since != 0", false, &state->gone, err);
    state->generation = c->changes;
    state->precisions = c->schema->precisions;
    return status;
}

/* The path is of the machine that made the collection; others have theirs. */
static clipsearch_status set_model_path(clipsearch_collection *base, const char *path, clipsearch_error *err)
{
    (void)base;
    (void)path;
    (void)err;
    return CLIPSEARCH_OK;
}

/* A command that wrote ends with a strong count, so that the next one sees all of it. */
static void close_collection(clipsearch_collection *base)
{
    milvus_collection *c = cs_milvus_collection(base);
    uint64_t count;
    if (c->dirty)
        cs_milvus_count(c, "", true, &count, NULL);
    cs_milvus_schema_free(&c->schema);
    cs_free(c);
}

static const cs_collection_ops collection_ops = {
    .describe = describe,
    .by_paths = cs_milvus_by_paths,
    .by_hashes = cs_milvus_by_hashes,
    .by_ids = cs_milvus_by_ids,
    .where = cs_milvus_where,
    .each_path = cs_milvus_each_path,
    .each_hash = cs_milvus_each_hash,
    .vectors = cs_milvus_vectors,
    .apply = cs_milvus_apply,
    .remove_where = cs_milvus_remove_where,
    .each_source = cs_milvus_each_source,
    .put_sources = cs_milvus_put_sources,
    .forget_sources = cs_milvus_forget_sources,
    .set_model_path = set_model_path,
    .search = cs_milvus_search,
    .describe_remodel = cs_milvus_describe_remodel,
    .begin_remodel = cs_milvus_begin_remodel,
    .items_to_remodel = cs_milvus_items_to_remodel,
    .put_new_vectors = cs_milvus_put_new_vectors,
    .finish_remodel = cs_milvus_finish_remodel,
    .check = cs_milvus_check,
    .close = close_collection,
};

/* A handle, which takes the schema. */
static clipsearch_status make_handle(milvus_database *db, cs_milvus_schema *schema, clipsearch_collection **out,
                                     clipsearch_error *err)
{
    milvus_collection *c = cs_zalloc_array(1, sizeof *c);
    if (!c) {
        cs_milvus_schema_free(&schema);
        return cs_fail_memory(err, "a collection handle");
    }
    c->base = (clipsearch_collection){.ops = &collection_ops, .db = &db->base, .identity = cs_milvus_identity(schema)};
    c->db = db;
    c->schema = schema;
    *out = &c->base;
    return CLIPSEARCH_OK;
}

/* What clipsearch needs of a collection. */
static clipsearch_status check_readable(const cs_milvus_schema *schema, clipsearch_error *err)
{
    if (schema->text_keys)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s has texts for keys; clipsearch reads those with whole numbers", schema->name);
    if (!schema->vector[0])
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "the collection %s has no vectors of floats", schema->name);
    if (cs_milvus_is_beside(schema))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s holds the new vectors of another, which is being encoded anew: use that one",
                       schema->name);
    return CLIPSEARCH_OK;
}

static clipsearch_status open_collection(clipsearch_database *base, const char *name, clipsearch_collection **out,
                                         clipsearch_error *err)
{
    milvus_database *db = cs_milvus_database(base);
    cs_milvus_schema *schema = NULL;
    clipsearch_status status = cs_milvus_describe(db, name, &schema, err);
    if (status == CLIPSEARCH_OK)
        status = check_readable(schema, err);
    if (status == CLIPSEARCH_OK)
        return make_handle(db, schema, out, err);
    cs_milvus_schema_free(&schema);
    return status;
}

static clipsearch_status ensure_collection(clipsearch_database *base, const char *name,
                                           const cs_encoder_identity *encoder, clipsearch_metric metric,
                                           const clipsearch_index_options *index, clipsearch_collection **out,
                                           clipsearch_error *err)
{
    milvus_database *db = cs_milvus_database(base);
    cs_milvus_schema *schema = NULL;
    clipsearch_error why;
    clipsearch_status status = cs_milvus_check_new(name, encoder->dim, index, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_milvus_describe(db, name, &schema, &why);
    if (status == CLIPSEARCH_E_NOT_FOUND && db->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", db->address.authority);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        status = cs_milvus_create(db, name, encoder, metric, index, NULL, &schema, err);
    else if (status != CLIPSEARCH_OK)
        return cs_fail(err, status, "%s", why.message);
    if (status == CLIPSEARCH_OK && !schema->own)
        status =
            cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                    "the collection %s was not made by clipsearch, which reads it and changes nothing in it", name);
    if (status == CLIPSEARCH_OK)
        status = check_readable(schema, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_load(db, schema, err);
    if (status == CLIPSEARCH_OK)
        return make_handle(db, schema, out, err);
    cs_milvus_schema_free(&schema);
    return status;
}

static clipsearch_status drop_collection(clipsearch_database *base, const char *name, clipsearch_error *err)
{
    milvus_database *db = cs_milvus_database(base);
    cs_milvus_schema *schema = NULL;
    if (db->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", db->address.authority);
    clipsearch_status status = cs_milvus_describe(db, name, &schema, err);
    if (status == CLIPSEARCH_OK && !schema->own)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "the collection %s was not made by clipsearch, which does not drop it", name);
    if (status == CLIPSEARCH_OK && !cs_milvus_is_beside(schema))
        status = cs_milvus_drop_beside(db, schema, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_drop(db, name, err);
    cs_milvus_schema_free(&schema);
    return status;
}

/* ---- all collections */

typedef struct listing {
    bool (*each)(void *context, const cs_collection_identity *identity, const cs_collection_state *state);
    void *context;
    bool ended;
} listing;

/* Describe one; a collection that clipsearch cannot read is passed over, such as one that another program has made and
 * given no index. One that is there for the new vectors of another is not mentioned. */
static clipsearch_status list_one(milvus_database *db, const char *name, listing *l, clipsearch_error *err)
{
    clipsearch_collection *collection = NULL;
    cs_collection_state state = {0};
    cs_remodel_state begun = {0};
    clipsearch_error why;
    clipsearch_status status = cs_collection_open(&db->base, name, NULL, &collection, &why);
    if (status == CLIPSEARCH_OK)
        status = describe(collection, &state, &why);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_describe_remodel(collection, &begun, &why);
    if (status == CLIPSEARCH_OK) {
        state.indexed = true;
        memcpy(state.remodel, begun.encoder, sizeof state.remodel);
        state.remodelled = begun.done;
        l->ended = !l->each(l->context, &collection->identity, &state);
    } else if (status == CLIPSEARCH_E_UNSUPPORTED || status == CLIPSEARCH_E_NOT_FOUND ||
               (status == CLIPSEARCH_E_DATABASE && collection && !cs_milvus_collection(collection)->schema->own)) {
        if (!cs_milvus_has_ending(name, cs_milvus_remodel_ending))
            cs_database_note(&db->base, "%s", why.message);
        status = CLIPSEARCH_OK;
    } else if (err) {
        *err = why;
    }
    cs_collection_close(&collection);
    return status;
}

static clipsearch_status each_collection(clipsearch_database *base,
                                         bool (*each)(void *context, const cs_collection_identity *identity,
                                                      const cs_collection_state *state),
                                         void *context, clipsearch_error *err)
{
    milvus_database *db = cs_milvus_database(base);
    listing l = {.each = each, .context = context};
    cs_buf names = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = cs_milvus_list(db, &names, err);
    for (const char *at = names.data; at && at < names.data + names.len && !l.ended && status == CLIPSEARCH_OK;
         at += strlen(at) + 1)
        status = list_one(db, at, &l, err);
    cs_buf_free(&names);
    return status;
}

/* ---- the database */

static void close_database(clipsearch_database *base)
{
    milvus_database *db = cs_milvus_database(base);
    cs_milvus_close_connections(db);
    pthread_mutex_destroy(&db->lock);
    cs_database_destroy(&db->base);
    cs_free(db->authorization);
    cs_free(db->ca);
    cs_free(db);
}

static const cs_database_ops ops = {
    .each_collection = each_collection,
    .open_collection = open_collection,
    .ensure_collection = ensure_collection,
    .drop_collection = drop_collection,
    .close = close_database,
    .index_types = CS_MILVUS_INDEX_TYPES,
};

/* "v2.3.5-lite" */
static void read_version(const char *text, unsigned version[3])
{
    text += *text == 'v';
    for (int i = 0; i < 3; i++) {
        char *end;
        const unsigned long number = strtoul(text, &end, 10);
        version[i] = end > text && number < 1000 ? (unsigned)number : 0;
        if (*end != '.')
            break;
        text = end + 1;
    }
}

/* Say who we are, and ask for the version. */
static clipsearch_status greet(milvus_database *db, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request();
    cs_proto answer;
    cs_proto_field field, part;
    const size_t client = cs_proto_begin(&request, 2);
    cs_proto_put_text(&request, 1, "clipsearch");
    cs_proto_end(&request, client);
    clipsearch_status status = cs_milvus_call(db, "Connect", &request, 1, &body, &answer, err);
    while (status == CLIPSEARCH_OK && cs_proto_next(&answer, &field)) {
        while (field.number == 2 && cs_proto_next(&field.bytes, &part))
            if (part.number == 1) {
                char text[64];
                cs_proto_copy_text(&part.bytes, text, sizeof text);
                read_version(text, db->version);
            }
    }
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

static clipsearch_status read_environment(milvus_database *db, clipsearch_error *err)
{
    const char *token = cs_variable("CLIPSEARCH_MILVUS_TOKEN"), *ca = cs_variable("CLIPSEARCH_MILVUS_CA");
    const char *level = NULL;
    if (token) {
        cs_buf text = cs_buf_make(1 << 16);
        cs_put_base64(&text, token, strlen(token));
        db->authorization = cs_buf_detach(&text);
    }
    db->ca = ca ? cs_strdup(ca) : NULL;
    db->address.server.ca = db->ca;
    if ((token && !db->authorization) || (ca && !db->ca))
        return cs_fail_memory(err, "a database");
    clipsearch_status status = cs_variable_choice("CLIPSEARCH_MILVUS_CONSISTENCY", cs_consistency_names, &level, err);
    db->consistency = cs_consistency_of(level);
    return status;
}

clipsearch_status cs_milvus_open(const char *address, unsigned flags, clipsearch_database **out, clipsearch_error *err)
{
    *out = NULL;
    milvus_database *db = cs_zalloc_array(1, sizeof *db);
    if (!db)
        return cs_fail_memory(err, "a database");
    cs_database_init(&db->base, &ops, 0);
    pthread_mutex_init(&db->lock, NULL);
    db->read_only = flags & CLIPSEARCH_READ_ONLY;
    clipsearch_status status = cs_milvus_address_parse(address, &db->address, err);
    if (status == CLIPSEARCH_OK)
        status = read_environment(db, err);
    if (status == CLIPSEARCH_OK)
        status = greet(db, err);
    if (status == CLIPSEARCH_OK)
        *out = &db->base;
    else
        close_database(&db->base);
    return status;
}

const char *cs_milvus_library(void)
{
    return cs_http2_library();
}

clipsearch_status cs_milvus_check_new_in(const char *address, const char *name, const cs_encoder_identity *encoder,
                                         clipsearch_metric metric, const clipsearch_index_options *index,
                                         clipsearch_error *err)
{
    (void)address;
    (void)metric;
    clipsearch_status status = cs_index_type_check(CS_MILVUS_INDEX_TYPES, index->type, err);
    return status == CLIPSEARCH_OK ? cs_milvus_check_new(name, encoder->dim, index, err) : status;
}

clipsearch_status cs_milvus_lock_ingestion(const char *address, const char *collection, cs_lock_file **lock,
                                           long *holder, clipsearch_error *err)
{
    (void)address;
    (void)collection;
    return cs_lock_file_try(NULL, lock, holder, err);
}
