/* SPDX-License-Identifier: MIT
 * milvus_create.c - a collection of ours is made on a server, with its index, and loaded. */
#include "remote/milvus_schema.h"

#include "base/collection_name.h"
#include "base/decimal.h"
#include "base/index_types.h"
#include "base/json.h"
#include "base/limits.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DEFAULT_EF_CONSTRUCTION = 200,
    DEFAULT_EF = 64,
    DEFAULT_NLIST = 1024,
    DEFAULT_NPROBE = 64,
    LEAST_DIM = 1,
    NOT_LOADED = 1, /* states of GetLoadState */
    LOADED = 3,
    LOAD_SECONDS = 600,
    LOOK_MS = 100
};

/* Source of the rules: the server's own messages. */
clipsearch_status cs_milvus_check_new(const char *name, size_t dim, const clipsearch_index_options *index,
                                      clipsearch_error *err)
{
    clipsearch_status status = cs_check_server_collection_name(name, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (dim < LEAST_DIM || dim > CS_ITEM_DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "vectors of %zu numbers; 1 to %d are allowed", dim, CS_ITEM_DIM_MAX);
    if ((index->m && (index->m < CS_MIN_M || index->m > CS_MAX_M)) || index->ef_construction > CS_MAX_EF_CONSTRUCTION ||
        index->ef > CS_MAX_EF)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "m is %u, ef_construction %u, ef %u; %d to %d, up to %d, and up to %d are allowed", index->m,
                       index->ef_construction, index->ef, CS_MIN_M, CS_MAX_M, CS_MAX_EF_CONSTRUCTION, CS_MAX_EF);
    if (index->nlist > CS_MAX_NLIST || index->nprobe > CS_MAX_NPROBE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "nlist is %u and nprobe %u; up to %d and %d are allowed",
                       index->nlist, index->nprobe, CS_MAX_NLIST, CS_MAX_NPROBE);
    return CLIPSEARCH_OK;
}

static const char *metric_word(clipsearch_metric metric)
{
    return metric == CLIPSEARCH_IP ? "IP" : metric == CLIPSEARCH_L2 ? "L2" : "COSINE";
}

static void put_member(cs_buf *json, const char *key, const char *text)
{
    cs_buf_printf(json, ",\"%s\":", key);
    cs_json_put_string(json, text, strlen(text));
}

/* What a collection is made with. */
typedef struct making {
    const cs_encoder_identity *encoder;
    clipsearch_metric metric;
    clipsearch_index_options index;
    unsigned encoding; /* as in cs_milvus_schema */
    uint64_t replaces;
} making;

/* Whose vectors these are, for the next who opens the collection. */
static void put_description(cs_buf *json, const making *m)
{
    const cs_encoder_identity *encoder = m->encoder;
    const clipsearch_index_options *index = &m->index;
    cs_buf_puts(json, "{\"clipsearch\":1");
    put_member(json, "encoder", encoder->name);
    put_member(json, "fingerprint", encoder->fingerprint);
    put_member(json, "preprocessing", encoder->preprocessing);
    if (encoder->path && strlen(encoder->path) <= CS_MODEL_PATH_MAX)
        put_member(json, "model_path", encoder->path);
    put_member(json, "metric", metric_word(m->metric));
    put_member(json, "index", cs_index_type_word(index->type));
    if (encoder->precisions)
        cs_buf_printf(json, ",\"precisions\":%u", encoder->precisions);
    if (m->replaces)
        cs_buf_printf(json, ",\"encoding\":%u,\"replaces\":%llu", m->encoding, (unsigned long long)m->replaces);
    cs_buf_printf(json, ",\"created\":%lld,\"m\":%u,\"ef_construction\":%u,\"ef\":%u", (long long)time(NULL), index->m,
                  index->ef_construction, index->ef);
    cs_buf_printf(json, ",\"nlist\":%u,\"nprobe\":%u}", index->nlist, index->nprobe);
}

/* `parameter` NULL: none. */
static void put_field(cs_buf *schema, const char *name, cs_milvus_type type, const char *parameter, size_t value)
{
    char number[24];
    const size_t field = cs_proto_begin(schema, 4);
    cs_proto_put_text(schema, 2, name);
    cs_proto_put_number(schema, 3, strcmp(name, "id") == 0);
    cs_proto_put_number(schema, 5, type);
    snprintf(number, sizeof number, "%zu", value);
    if (parameter)
        cs_milvus_put_pair(schema, 6, parameter, number);
    cs_proto_end(schema, field);
}

/* mtime is there for filters, mtime_ns is what is compared: a double holds the time of today to 0.2 microseconds. The
 * field of vectors has another name after each remodel: a client that still has the collection open as it was
 * before asks for a field that is not there, and is refused, whatever the model's vectors look like. */
static void put_schema(cs_buf *schema, const char *name, const char *description, const making *m)
{
    char vector[24] = "vector";
    if (m->encoding)
        snprintf(vector, sizeof vector, "vector_%u", m->encoding);
    cs_proto_put_text(schema, 1, name);
    cs_proto_put_text(schema, 2, description);
    put_field(schema, "id", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "path", CS_MILVUS_VARCHAR, "max_length", CS_MILVUS_PATH_MAX);
    put_field(schema, "name", CS_MILVUS_VARCHAR, "max_length", 1024);
    put_field(schema, "size", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "width", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "height", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "mtime", CS_MILVUS_DOUBLE, NULL, 0);
    put_field(schema, "mtime_ns", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "ctime_ns", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "gone_since", CS_MILVUS_INT64, NULL, 0);
    put_field(schema, "hash", CS_MILVUS_VARCHAR, "max_length", 64);
    put_field(schema, vector, CS_MILVUS_VECTOR, "dim", m->encoder->dim);
    cs_proto_put_number(schema, 5, true); /* attributes are dynamic fields */
}

static clipsearch_status create_collection(milvus_database *db, const char *name, const making *m,
                                           clipsearch_error *err)
{
    cs_buf request = cs_milvus_request_for(db, name), description = cs_buf_make(SIZE_MAX / 2);
    put_description(&description, m);
    if (description.failed) {
        cs_buf_free(&description);
        cs_buf_free(&request);
        return cs_fail_memory(err, "a collection");
    }
    const size_t schema = cs_proto_begin(&request, 4);
    put_schema(&request, name, description.data, m);
    cs_proto_end(&request, schema);
    cs_proto_put_number(&request, 6, CS_CONSISTENCY_BOUNDED);
    clipsearch_status status = cs_milvus_do(db, "CreateCollection", &request, err);
    cs_buf_free(&description);
    cs_buf_free(&request);
    return status;
}

/* The parameters of a type of index, as a text of JSON; "" for none. */
static void print_parameters(const clipsearch_index_options *index, char *text, size_t size)
{
    text[0] = '\0';
    if (index->type == CLIPSEARCH_INDEX_TYPE_HNSW)
        snprintf(text, size, "{\"M\":%u,\"efConstruction\":%u}", index->m, index->ef_construction);
    else if (index->type == CLIPSEARCH_INDEX_TYPE_IVF_FLAT || index->type == CLIPSEARCH_INDEX_TYPE_IVF_SQ8)
        snprintf(text, size, "{\"nlist\":%u}", index->nlist);
}

static clipsearch_status create_index(milvus_database *db, const cs_milvus_schema *schema,
                                      const clipsearch_index_options *index, bool *refused, clipsearch_error *err)
{
    char parameters[64], type[16];
    cs_buf body, request = cs_milvus_request_for(db, schema->name);
    cs_proto answer;
    cs_milvus_refusal refusal;
    snprintf(type, sizeof type, "%s", cs_index_type_word(index->type));
    for (char *c = type; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    print_parameters(index, parameters, sizeof parameters);
    cs_proto_put_text(&request, 4, schema->vector);
    cs_milvus_put_pair(&request, 5, "index_type", type);
    cs_milvus_put_pair(&request, 5, "metric_type", metric_word(schema->metric));
    if (parameters[0])
        cs_milvus_put_pair(&request, 5, "params", parameters);
    clipsearch_status status = cs_milvus_try(db, "CreateIndex", &request, 0, &body, &answer, &refusal, err);
    *refused = status == CLIPSEARCH_OK && refusal.is;
    if (*refused)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "the Milvus server at %s makes no index of the type %s: %s",
                         db->address.authority, type, refusal.reason);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

/* The index that the schema says, or AUTOINDEX where a server makes nothing else and nothing else was asked for. */
static clipsearch_status make_index(milvus_database *db, const cs_milvus_schema *schema, bool *refused,
                                    clipsearch_error *err)
{
    clipsearch_status status = create_index(db, schema, &schema->index, refused, err);
    if (*refused && schema->index.type == CLIPSEARCH_INDEX_TYPE_HNSW) {
        const clipsearch_index_options automatic = {.type = CLIPSEARCH_INDEX_TYPE_AUTOINDEX};
        status = create_index(db, schema, &automatic, refused, err);
        if (status == CLIPSEARCH_OK)
            cs_database_note(&db->base,
                             "the server at %s makes no index of the type HNSW: %s has one of its own choice",
                             db->address.authority, schema->name);
    }
    return status;
}

clipsearch_status cs_milvus_drop(milvus_database *db, const char *name, clipsearch_error *err)
{
    cs_buf request = cs_milvus_request_for(db, name);
    clipsearch_status status = cs_milvus_do(db, "DropCollection", &request, err);
    cs_buf_free(&request);
    return status;
}

/* Fill in what was left to us. What another type of index has no use for is 0. */
static clipsearch_index_options choose_index(const milvus_database *db, const clipsearch_index_options *wanted)
{
    clipsearch_index_options index = {.type = wanted->type};
    if (index.type == CLIPSEARCH_INDEX_TYPE_DEFAULT)
        index.type = wanted->nlist || wanted->nprobe ? CLIPSEARCH_INDEX_TYPE_IVF_FLAT
                     : db->address.zilliz            ? CLIPSEARCH_INDEX_TYPE_AUTOINDEX
                                                     : CLIPSEARCH_INDEX_TYPE_HNSW;
    const bool clusters = index.type == CLIPSEARCH_INDEX_TYPE_IVF_FLAT || index.type == CLIPSEARCH_INDEX_TYPE_IVF_SQ8;
    if (index.type == CLIPSEARCH_INDEX_TYPE_HNSW) {
        index.m = wanted->m ? wanted->m : CS_DEFAULT_M;
        index.ef_construction = wanted->ef_construction ? wanted->ef_construction : DEFAULT_EF_CONSTRUCTION;
    }
    if (clusters) {
        index.nlist = wanted->nlist ? wanted->nlist : DEFAULT_NLIST;
        index.nprobe = wanted->nprobe ? wanted->nprobe : DEFAULT_NPROBE;
    } else {
        index.ef = wanted->ef ? wanted->ef : DEFAULT_EF;
    }
    return index;
}

clipsearch_status cs_milvus_create(milvus_database *db, const char *name, const cs_encoder_identity *encoder,
                                   clipsearch_metric metric, const clipsearch_index_options *wanted,
                                   const cs_milvus_schema *replaces, cs_milvus_schema **schema, clipsearch_error *err)
{
    clipsearch_error why;
    bool refused;
    const making m = {.encoder = encoder,
                      .metric = metric,
                      .index = choose_index(db, wanted),
                      .encoding = replaces ? replaces->encoding + 1 : 0,
                      .replaces = replaces ? replaces->number : 0};
    clipsearch_status status = create_collection(db, name, &m, &why);
    const bool made = status == CLIPSEARCH_OK;
    if (cs_milvus_describe(db, name, schema, made ? err : NULL) != CLIPSEARCH_OK)
        return made ? CLIPSEARCH_E_DATABASE : cs_fail(err, status, "%s", why.message);
    if (!made)
        return CLIPSEARCH_OK; /* another client has made it; whoever loads it makes its index if that is missing */
    status = make_index(db, *schema, &refused, err);
    if (refused) { /* without an index nobody can load it, so nothing is in it */
        cs_milvus_drop(db, name, NULL);
        cs_milvus_schema_free(schema);
    }
    return status;
}

/* ---- loading */

/* GetLoadState has its names in other fields than the rest. */
static clipsearch_status get_load_state(milvus_database *db, const char *name, uint64_t *state, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request();
    cs_proto answer;
    cs_proto_field field;
    cs_proto_put_text(&request, 2, name);
    cs_proto_put_text(&request, 4, db->address.database);
    clipsearch_status status = cs_milvus_call(db, "GetLoadState", &request, 1, &body, &answer, err);
    *state = 0;
    while (status == CLIPSEARCH_OK && cs_proto_next(&answer, &field))
        if (field.number == 2)
            *state = field.value;
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

clipsearch_status cs_milvus_is_loaded(milvus_database *db, const char *name, bool *loaded, clipsearch_error *err)
{
    uint64_t state;
    clipsearch_status status = get_load_state(db, name, &state, err);
    *loaded = state == LOADED;
    return status;
}

/* *no_index: it has none yet, because whoever made the collection was stopped, or is just about to. */
static clipsearch_status request_load(milvus_database *db, const char *name, bool *no_index, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request_for(db, name);
    cs_proto answer;
    cs_milvus_refusal refusal;
    cs_proto_put_number(&request, 4, 1); /* replica */
    clipsearch_status status = cs_milvus_try(db, "LoadCollection", &request, 0, &body, &answer, &refusal, err);
    *no_index = status == CLIPSEARCH_OK && refusal.is && refusal.code == CS_MILVUS_NO_INDEX;
    if (status == CLIPSEARCH_OK && refusal.is)
        status = cs_milvus_refused(db, "LoadCollection", &refusal, err);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

clipsearch_status cs_milvus_load(milvus_database *db, const cs_milvus_schema *schema, clipsearch_error *err)
{
    const cs_wait wait = cs_milvus_wait(db, LOAD_SECONDS);
    const char *name = schema->name;
    uint64_t state;
    bool no_index = false;
    clipsearch_status status = get_load_state(db, name, &state, err);
    if (status == CLIPSEARCH_OK && state == NOT_LOADED)
        status = request_load(db, name, &no_index, err);
    if (no_index && schema->own) {
        bool refused;
        status = make_index(db, schema, &refused, err);
        if (status == CLIPSEARCH_OK)
            status = request_load(db, name, &no_index, err);
    }
    while (status == CLIPSEARCH_OK && state != LOADED) {
        status = get_load_state(db, name, &state, err);
        if (status == CLIPSEARCH_OK && state != LOADED)
            status = cs_milvus_pause(db, LOOK_MS, &wait, err);
    }
    return status;
}
