/* SPDX-License-Identifier: MIT
 * milvus_sources.c - the sources that a collection remembers, in a property of the Milvus collection.
 *
 * They are a JSON list of lists: path, list, options, devices, each as base64, because they are any bytes. Two clients
 * that remember sources at the same moment: the one that writes last wins. */
#include "remote/milvus_collection.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { PARTS = 4, MAX_BYTES = 1 << 20, MAX_VALUES = 1 << 20 };

typedef struct source_list {
    cs_source_record *records; /* [count] */
    size_t count;
    cs_buf bytes; /* what they point to */
} source_list;

static void free_list(source_list *list)
{
    cs_free(list->records);
    cs_buf_free(&list->bytes);
}

/* Append the bytes of a part, with a NUL behind them; *size of them. */
static bool read_part(const cs_json *part, cs_buf *bytes, size_t *size)
{
    const size_t before = bytes->len;
    if (!part || part->type != CS_JSON_STRING || !cs_put_base64_bytes(bytes, part->string, part->string_len))
        return false;
    *size = bytes->len - before;
    return cs_buf_putc(bytes, '\0');
}

/* The records point into bytes->data, which must not move any more: so sizes first. */
static clipsearch_status read_list(const char *text, source_list *list, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    *list = (source_list){.bytes = cs_buf_make(SIZE_MAX / 2)};
    if (!text || !text[0])
        return CLIPSEARCH_OK;
    clipsearch_error why;
    clipsearch_status status = cs_json_parse(text, strlen(text), "sources", MAX_VALUES, &document, &why);
    if (status != CLIPSEARCH_OK)
        return status == CLIPSEARCH_E_MEMORY
                   ? cs_fail_memory(err, "the sources of a collection")
                   : cs_fail(err, CLIPSEARCH_E_DATABASE, "the sources that the collection remembers are damaged: %s",
                             why.message);
    const cs_json *root = status == CLIPSEARCH_OK ? cs_json_root(document) : NULL;
    size_t(*sizes)[PARTS] = cs_alloc_array(root ? root->count + 1 : 1, sizeof *sizes);
    list->records = cs_zalloc_array(root ? root->count + 1 : 1, sizeof *list->records);
    if (status == CLIPSEARCH_OK && (!sizes || !list->records))
        status = cs_fail_memory(err, "the sources of a collection");
    for (const cs_json *row = root ? root->first : NULL; row && status == CLIPSEARCH_OK; row = row->next) {
        const cs_json *part = row->first;
        for (size_t i = 0; i < PARTS && status == CLIPSEARCH_OK; i++, part = part ? part->next : NULL)
            if (!read_part(part, &list->bytes, &sizes[list->count][i]))
                status = list->bytes.failed ? cs_fail_memory(err, "the sources of a collection")
                                            : cs_fail(err, CLIPSEARCH_E_DATABASE,
                                                      "the sources that the collection remembers are damaged");
        list->count += status == CLIPSEARCH_OK;
    }
    const char *at = list->bytes.data;
    for (size_t i = 0; i < list->count && status == CLIPSEARCH_OK; i++) {
        const char *parts[PARTS];
        for (size_t part = 0; part < PARTS; at += sizes[i][part] + 1, part++)
            parts[part] = at;
        list->records[i] = (cs_source_record){.path = parts[0],
                                              .list = parts[1],
                                              .options = parts[2],
                                              .options_size = sizes[i][2],
                                              .devices = parts[3],
                                              .devices_size = sizes[i][3]};
    }
    cs_free(sizes);
    cs_json_close(&document);
    return status;
}

static void put_part(cs_buf *text, const char *bytes, size_t size, const char *behind)
{
    cs_buf_putc(text, '"');
    cs_put_base64(text, bytes, size);
    cs_buf_printf(text, "\"%s", behind);
}

static void put_record(const cs_source_record *record, const char *list, cs_buf *text)
{
    cs_buf_puts(text, text->len > 1 ? ",[" : "[");
    put_part(text, record->path, strlen(record->path), ",");
    put_part(text, list, strlen(list), ",");
    put_part(text, record->options, record->options_size, ",");
    put_part(text, record->devices, record->devices_size, "]");
}

clipsearch_status cs_milvus_write_sources(milvus_database *db, const char *name, const char *text,
                                          clipsearch_error *err)
{
    cs_buf request = cs_milvus_request_for(db, name);
    cs_milvus_put_pair(&request, 5, "clipsearch.sources", text);
    clipsearch_status status = cs_milvus_do(db, "AlterCollection", &request, err);
    cs_buf_free(&request);
    return status;
}

/* Store the list. */
static clipsearch_status write_list(milvus_collection *c, cs_buf *text, clipsearch_error *err)
{
    cs_buf_putc(text, ']');
    if (text->failed)
        return text->len >= MAX_BYTES / 2
                   ? cs_fail(err, CLIPSEARCH_E_LIMIT, "the sources are more than a Milvus collection remembers")
                   : cs_fail_memory(err, "the sources of a collection");
    return cs_milvus_write_sources(c->db, c->schema->name, text->data, err);
}

/* What the server has now. */
static clipsearch_status read_now(milvus_collection *c, source_list *list, clipsearch_error *err)
{
    cs_milvus_schema *schema = NULL;
    *list = (source_list){0};
    clipsearch_status status = cs_milvus_describe(c->db, c->schema->name, &schema, err);
    if (status == CLIPSEARCH_OK)
        status = read_list(schema->sources, list, err);
    cs_milvus_schema_free(&schema);
    return status;
}

clipsearch_status cs_milvus_each_source(clipsearch_collection *base,
                                        clipsearch_status (*each)(void *context, const cs_source_record *source,
                                                                  clipsearch_error *err),
                                        void *context, clipsearch_error *err)
{
    source_list list;
    clipsearch_status status = read_now(cs_milvus_collection(base), &list, err);
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++)
        status = each(context, &list.records[i], err);
    free_list(&list);
    return status;
}

static bool has_path(const cs_source_record *sources, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sources[i].path, path) == 0)
            return true;
    return false;
}

clipsearch_status cs_milvus_put_sources(clipsearch_collection *base, const char *list_name,
                                        const cs_source_record *sources, size_t count, clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    source_list list;
    cs_buf text = cs_buf_make(MAX_BYTES);
    clipsearch_status status = read_now(c, &list, err);
    cs_buf_putc(&text, '[');
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++) {
        const bool replaced = list_name[0] ? strcmp(list.records[i].list, list_name) == 0
                                           : has_path(sources, count, list.records[i].path);
        if (!replaced)
            put_record(&list.records[i], list.records[i].list, &text);
    }
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        put_record(&sources[i], list_name, &text);
    if (status == CLIPSEARCH_OK)
        status = write_list(c, &text, err);
    cs_buf_free(&text);
    free_list(&list);
    return status;
}

clipsearch_status cs_milvus_forget_sources(clipsearch_collection *base, const char *name, uint64_t *forgotten,
                                           clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    source_list list;
    cs_buf text = cs_buf_make(MAX_BYTES);
    clipsearch_status status = read_now(c, &list, err);
    cs_buf_putc(&text, '[');
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++) {
        if (strcmp(list.records[i].path, name) == 0 || strcmp(list.records[i].list, name) == 0)
            ++*forgotten;
        else
            put_record(&list.records[i], list.records[i].list, &text);
    }
    if (status == CLIPSEARCH_OK && *forgotten)
        status = write_list(c, &text, err);
    if (status != CLIPSEARCH_OK)
        *forgotten = 0;
    cs_buf_free(&text);
    free_list(&list);
    return status;
}
