/* SPDX-License-Identifier: MIT
 * milvus_describe.c - what a server says of a collection. */
#include "remote/milvus_schema.h"

#include "base/index_types.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DESCRIPTION_VALUES = 64 };

/* ---- requests */

cs_buf cs_milvus_request_for(const milvus_database *db, const char *collection)
{
    cs_buf request = cs_milvus_request();
    cs_proto_put_text(&request, 2, db->address.database);
    cs_proto_put_text(&request, 3, collection);
    return request;
}

void cs_milvus_put_pair(cs_buf *request, uint32_t field, const char *key, const char *value)
{
    const size_t pair = cs_proto_begin(request, field);
    cs_proto_put_text(request, 1, key);
    cs_proto_put_text(request, 2, value);
    cs_proto_end(request, pair);
}

/* Read a KeyValuePair; the texts lie in the message. */
static void read_pair(cs_proto pair, cs_proto *key, cs_proto *value)
{
    cs_proto_field field;
    *key = *value = cs_proto_of(NULL, 0);
    while (cs_proto_next(&pair, &field)) {
        if (field.number == 1)
            *key = field.bytes;
        else if (field.number == 2)
            *value = field.bytes;
    }
}

/* ---- fields */

/* Names of fields that hold a path in programs that others wrote. */
static bool is_path_name(const cs_proto *name)
{
    return cs_proto_is_text(name, "path") || cs_proto_is_text(name, "filepath") || cs_proto_is_text(name, "filename");
}

static void read_field(cs_proto message, cs_milvus_schema *schema)
{
    cs_proto_field field;
    cs_proto name = cs_proto_of(NULL, 0), key, value;
    bool is_key = false, is_dynamic = false;
    uint64_t type = 0, dim = 0;
    while (cs_proto_next(&message, &field)) {
        if (field.number == 2)
            name = field.bytes;
        else if (field.number == 3)
            is_key = field.value != 0;
        else if (field.number == 5)
            type = field.value;
        else if (field.number == 9)
            is_dynamic = field.value != 0;
        else if (field.number == 6) {
            char text[24];
            read_pair(field.bytes, &key, &value);
            cs_proto_copy_text(&value, text, sizeof text);
            if (cs_proto_is_text(&key, "dim"))
                dim = strtoull(text, NULL, 10);
        }
    }
    if (is_key) {
        cs_proto_copy_text(&name, schema->key, sizeof schema->key);
        schema->text_keys = type != CS_MILVUS_INT64;
    } else if (type == CS_MILVUS_VECTOR && !schema->vector[0] && dim > 0 && dim <= CS_ITEM_DIM_MAX) {
        cs_proto_copy_text(&name, schema->vector, sizeof schema->vector);
        schema->dim = (size_t)dim;
    } else if (type < 100 && !is_dynamic && schema->count < CS_MILVUS_FIELDS_MAX) {
        cs_milvus_field *added = &schema->fields[schema->count++];
        cs_proto_copy_text(&name, added->name, sizeof added->name);
        added->type = (cs_milvus_type)type;
        if (type == CS_MILVUS_VARCHAR && is_path_name(&name) && !schema->path[0])
            cs_proto_copy_text(&name, schema->path, sizeof schema->path);
    }
}

/* ---- the description of our own */

static void copy_member(const cs_json *object, const char *key, char *text, size_t size)
{
    const cs_json *member = cs_json_get(object, key);
    snprintf(text, size, "%s", member && member->type == CS_JSON_STRING ? member->string : "");
}

static int64_t number_member(const cs_json *object, const char *key)
{
    const cs_json *member = cs_json_get(object, key);
    return member && member->is_integer ? member->integer : 0;
}

static void read_description(const cs_proto *text, cs_milvus_schema *schema)
{
    cs_json_document *document = NULL;
    char word[16];
    if (cs_json_parse((const char *)text->at, cs_proto_size(text), "description", MAX_DESCRIPTION_VALUES, &document,
                      NULL) != CLIPSEARCH_OK)
        return;
    const cs_json *root = cs_json_root(document);
    schema->own = number_member(root, "clipsearch") == 1;
    if (schema->own) {
        copy_member(root, "encoder", schema->encoder, sizeof schema->encoder);
        copy_member(root, "fingerprint", schema->fingerprint, sizeof schema->fingerprint);
        copy_member(root, "preprocessing", schema->preprocessing, sizeof schema->preprocessing);
        copy_member(root, "model_path", schema->model_path, sizeof schema->model_path);
        copy_member(root, "metric", word, sizeof word);
        schema->metric = strcmp(word, "IP") == 0   ? CLIPSEARCH_IP
                         : strcmp(word, "L2") == 0 ? CLIPSEARCH_L2
                                                   : CLIPSEARCH_COSINE;
        schema->created = number_member(root, "created");
        const int64_t precisions = number_member(root, "precisions");
        schema->precisions = precisions > 0 && precisions <= UINT16_MAX ? (unsigned)precisions : 0;
        const int64_t encoding = number_member(root, "encoding");
        schema->encoding = encoding > 0 && encoding < UINT32_MAX ? (unsigned)encoding : 0;
        schema->replaces = number_member(root, "replaces");
        schema->index.m = (unsigned)number_member(root, "m");
        schema->index.ef_construction = (unsigned)number_member(root, "ef_construction");
        schema->index.ef = (unsigned)number_member(root, "ef");
        schema->index.nlist = (unsigned)number_member(root, "nlist");
        schema->index.nprobe = (unsigned)number_member(root, "nprobe");
        copy_member(root, "index", word, sizeof word);
        schema->index.type = word[0] ? cs_index_type_of(word) : CLIPSEARCH_INDEX_TYPE_HNSW;
    }
    cs_json_close(&document);
}

static void read_schema(cs_proto message, cs_milvus_schema *schema)
{
    cs_proto_field field;
    cs_proto description = cs_proto_of(NULL, 0);
    while (cs_proto_next(&message, &field)) {
        if (field.number == 2)
            description = field.bytes;
        else if (field.number == 4)
            read_field(field.bytes, schema);
        else if (field.number == 5)
            schema->dynamic = field.value != 0;
    }
    read_description(&description, schema);
}

/* ---- the index */

static uint64_t read_count(const cs_proto *text)
{
    char digits[24];
    cs_proto_copy_text(text, digits, sizeof digits);
    return strtoull(digits, NULL, 10);
}

/* Parameters stand beside the type, or in a text of JSON; numbers as such or as texts. */
static void read_parameter(const cs_proto *key, const cs_proto *value, clipsearch_index_options *options)
{
    const struct {
        const char *name;
        unsigned *value;
    } known[] = {{"M", &options->m}, {"efConstruction", &options->ef_construction}, {"nlist", &options->nlist}};
    cs_json_document *document = NULL;
    const bool is_object =
        cs_proto_is_text(key, "params") && cs_json_parse((const char *)value->at, cs_proto_size(value), "parameters",
                                                         MAX_DESCRIPTION_VALUES, &document, NULL) == CLIPSEARCH_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const cs_json *member = is_object ? cs_json_get(cs_json_root(document), known[i].name) : NULL;
        if (cs_proto_is_text(key, known[i].name))
            *known[i].value = (unsigned)read_count(value);
        else if (member && member->is_integer)
            *known[i].value = (unsigned)member->integer;
        else if (member && member->type == CS_JSON_STRING)
            *known[i].value = (unsigned)strtoul(member->string, NULL, 10);
    }
    cs_json_close(&document);
}

/* Read IndexDescription. False: it is of another field. */
static bool read_index(cs_proto message, const char *vector, cs_milvus_index *index)
{
    cs_proto_field part;
    cs_proto key, value;
    bool is_vector = false;
    *index = (cs_milvus_index){.metric = CLIPSEARCH_L2}; /* Milvus's own default of old */
    while (cs_proto_next(&message, &part)) {
        if (part.number == 4)
            is_vector = cs_proto_is_text(&part.bytes, vector);
        else if (part.number == 5)
            index->indexed = part.value;
        else if (part.number == 6)
            index->total = part.value;
        else if (part.number == 7)
            index->state = part.value;
        if (part.number != 3)
            continue;
        read_pair(part.bytes, &key, &value);
        if (cs_proto_is_text(&key, "index_type"))
            cs_proto_copy_text(&value, index->type, sizeof index->type);
        else if (cs_proto_is_text(&key, "metric_type"))
            index->metric = cs_proto_is_text(&value, "COSINE") ? CLIPSEARCH_COSINE
                            : cs_proto_is_text(&value, "IP")   ? CLIPSEARCH_IP
                                                               : CLIPSEARCH_L2;
        else
            read_parameter(&key, &value, &index->options);
    }
    index->options.type = cs_index_type_of(index->type);
    return is_vector;
}

clipsearch_status cs_milvus_describe_index(milvus_database *db, const cs_milvus_schema *schema, cs_milvus_index *index,
                                           clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request_for(db, schema->name);
    cs_proto answer;
    cs_proto_field field;
    cs_milvus_refusal refusal;
    cs_milvus_index one;
    *index = (cs_milvus_index){.metric = CLIPSEARCH_L2};
    clipsearch_status status = cs_milvus_try(db, "DescribeIndex", &request, 1, &body, &answer, &refusal, err);
    if (status == CLIPSEARCH_OK && refusal.is && refusal.code != CS_MILVUS_NO_INDEX)
        status = cs_milvus_refused(db, "DescribeIndex", &refusal, err);
    while (status == CLIPSEARCH_OK && cs_proto_next(&answer, &field))
        if (field.number == 2 && field.type == CS_PROTO_BYTES && read_index(field.bytes, schema->vector, &one))
            *index = one;
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

/* Of the collections of others nothing else says how they are compared. */
static clipsearch_status read_metric(milvus_database *db, cs_milvus_schema *schema, clipsearch_error *err)
{
    cs_milvus_index index;
    clipsearch_status status = cs_milvus_describe_index(db, schema, &index, err);
    if (status != CLIPSEARCH_OK)
        return status;
    schema->metric = index.metric;
    schema->index = index.options;
    return CLIPSEARCH_OK;
}

/* ---- the whole */

static clipsearch_status read_description_of(cs_proto answer, cs_milvus_schema *schema, clipsearch_error *err)
{
    cs_proto_field field;
    cs_proto key, value;
    while (cs_proto_next(&answer, &field)) {
        if (field.number == 2)
            read_schema(field.bytes, schema);
        else if (field.number == 3)
            schema->number = field.value;
        else if (field.number == 13) {
            read_pair(field.bytes, &key, &value);
            if (!cs_proto_is_text(&key, "clipsearch.sources"))
                continue;
            cs_free(schema->sources);
            schema->sources = cs_strndup((const char *)value.at, cs_proto_size(&value));
            if (!schema->sources)
                return cs_fail_memory(err, "the sources of a collection");
        }
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status fail_missing(milvus_database *db, const char *name, clipsearch_error *err)
{
    cs_buf names = cs_buf_make(SIZE_MAX / 2), list = cs_buf_make(400);
    if (cs_milvus_list(db, &names, NULL) == CLIPSEARCH_OK)
        for (const char *at = names.data; at && at < names.data + names.len; at += strlen(at) + 1)
            cs_buf_printf(&list, "%s%s", list.len ? ", " : "", at);
    clipsearch_status status =
        list.failed ? cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "there is no collection %s", name)
        : list.len  ? cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "there is no collection %s; there are: %s", name, list.data)
                    : cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "there is no collection %s; the database has none", name);
    cs_buf_free(&names);
    cs_buf_free(&list);
    return status;
}

clipsearch_status cs_milvus_find(milvus_database *db, const char *name, cs_milvus_schema **out, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request_for(db, name);
    cs_proto answer;
    cs_milvus_refusal refusal;
    *out = NULL;
    cs_milvus_schema *schema = cs_zalloc_array(1, sizeof *schema);
    clipsearch_status status = cs_milvus_try(db, "DescribeCollection", &request, 1, &body, &answer, &refusal, err);
    if (status == CLIPSEARCH_OK && !schema)
        status = cs_fail_memory(err, "a collection");
    const bool none = status == CLIPSEARCH_OK && refusal.is && refusal.code == CS_MILVUS_NO_COLLECTION;
    if (status == CLIPSEARCH_OK && refusal.is && !none)
        status = cs_milvus_refused(db, "DescribeCollection", &refusal, err);
    if (status == CLIPSEARCH_OK && !none) {
        snprintf(schema->name, sizeof schema->name, "%s", name);
        status = read_description_of(answer, schema, err);
    }
    if (status == CLIPSEARCH_OK && !none && !schema->own)
        status = read_metric(db, schema, err);
    cs_buf_free(&body);
    cs_buf_free(&request);
    if (status == CLIPSEARCH_OK && !none)
        *out = schema;
    else
        cs_milvus_schema_free(&schema);
    return status;
}

clipsearch_status cs_milvus_describe(milvus_database *db, const char *name, cs_milvus_schema **schema,
                                     clipsearch_error *err)
{
    clipsearch_status status = cs_milvus_find(db, name, schema, err);
    if (status == CLIPSEARCH_OK && !*schema)
        status = cs_milvus_finish_switch(db, name, schema, err);
    return status == CLIPSEARCH_OK && !*schema ? fail_missing(db, name, err) : status;
}

void cs_milvus_schema_free(cs_milvus_schema **schema)
{
    if (*schema)
        cs_free((*schema)->sources);
    cs_free(*schema);
    *schema = NULL;
}

cs_collection_identity cs_milvus_identity(const cs_milvus_schema *schema)
{
    return (cs_collection_identity){.name = schema->name,
                                    .encoder = schema->encoder,
                                    .fingerprint = schema->fingerprint,
                                    .preprocessing = schema->preprocessing,
                                    .dim = schema->dim,
                                    .foreign = !schema->own,
                                    .metric = schema->metric,
                                    .created = schema->created,
                                    .model_path = schema->model_path[0] ? schema->model_path : NULL,
                                    .index = schema->index};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

clipsearch_status cs_milvus_list(milvus_database *db, cs_buf *names, clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request();
    cs_proto answer;
    cs_proto_field field;
    cs_buf unsorted = cs_buf_make(SIZE_MAX / 2);
    size_t count = 0;
    cs_proto_put_text(&request, 2, db->address.database);
    clipsearch_status status = cs_milvus_call(db, "ShowCollections", &request, 1, &body, &answer, err);
    while (status == CLIPSEARCH_OK && cs_proto_next(&answer, &field))
        if (field.number == 2 && field.type == CS_PROTO_BYTES) {
            cs_buf_append(&unsorted, field.bytes.at, cs_proto_size(&field.bytes));
            cs_buf_putc(&unsorted, '\0');
            count++;
        }
    const char **sorted = cs_alloc_array(count, sizeof *sorted);
    if (status == CLIPSEARCH_OK && (!sorted || unsorted.failed))
        status = cs_fail_memory(err, "names of collections");
    if (status == CLIPSEARCH_OK) {
        const char *at = unsorted.data;
        for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
            sorted[i] = at;
        qsort(sorted, count, sizeof *sorted, compare_names);
        for (size_t i = 0; i < count; i++)
            cs_buf_append(names, sorted[i], strlen(sorted[i]) + 1);
        if (names->failed)
            status = cs_fail_memory(err, "names of collections");
    }
    cs_free(sorted);
    cs_buf_free(&unsorted);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}
