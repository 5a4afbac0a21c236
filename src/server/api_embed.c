/* SPDX-License-Identifier: MIT
 * api_embed.c - POST /v1/embed: the vectors of texts, of an image, or of a region of an item's image. */
#include "base/decimal.h"
#include "base/mem.h"
#include "config/yaml_keys.h"
#include "server/api.h"
#include "server/part_vector.h"
#include "server/search_json.h"
#include "server/site.h"

#include <string.h>

enum { MOST_TEXTS = 1000 };

/* What is to be encoded: texts, or one image. All pointers but `bytes` of a form are owned. */
typedef struct embedding {
    char *collection;
    char *texts[MOST_TEXTS];
    size_t text_count;
    uint8_t *image; /* owned */
    size_t image_size;
    int64_t id;
    bool has_crop;
    double crop[4];
} embedding;

static clipsearch_status read_texts(const cs_json *value, embedding *e, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (value->type != CS_JSON_ARRAY || !value->count)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"texts\" should be an array of strings");
    if (value->count > MOST_TEXTS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "there are %zu texts; at most %d are taken", value->count,
                       (int)MOST_TEXTS);
    for (const cs_json *each = value->first; each && status == CLIPSEARCH_OK; each = each->next)
        status = cs_json_read_text(each, "texts", CS_SEARCH_MOST_TEXT, &e->texts[e->text_count++], err);
    return status;
}

static clipsearch_status read_json(const cs_request *request, embedding *e, clipsearch_error *err)
{
    static const char *const known[] = {"collection", "texts", "image", "id", "crop", NULL};
    cs_json_document *document = NULL;
    clipsearch_status status = cs_request_json(request, &document, err);
    const cs_json *root = document ? cs_json_root(document) : NULL;
    if (status == CLIPSEARCH_OK)
        status = cs_json_check_keys(root, known, "an encoding", err);
    for (const cs_json *each = root ? root->first : NULL; each && status == CLIPSEARCH_OK; each = each->next) {
        if (each->type == CS_JSON_NULL)
            continue;
        if (strcmp(each->key, "texts") == 0)
            status = read_texts(each, e, err);
        else if (strcmp(each->key, "collection") == 0)
            status = cs_json_read_text(each, "collection", 64, &e->collection, err);
        else if (strcmp(each->key, "image") == 0)
            status = cs_json_read_base64(each, "image", &e->image, &e->image_size, err);
        else if (strcmp(each->key, "id") == 0)
            status = cs_json_read_whole(each, "id", 1, INT64_MAX, &e->id, err);
        else {
            e->has_crop = true;
            status = cs_json_read_crop(each, e->crop, err);
        }
    }
    cs_json_close(&document);
    return status;
}

static clipsearch_status set_field(const cs_form_field *field, embedding *e, clipsearch_error *err)
{
    char text[128];
    size_t id = 0;
    if (strcmp(field->name, "image") == 0) {
        if (!field->size)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the image is empty");
        e->image = cs_alloc_array(field->size, 1);
        if (!e->image)
            return cs_fail_memory(err, "an image");
        memcpy(e->image, field->data, field->size);
        e->image_size = field->size;
        return CLIPSEARCH_OK;
    }
    if (field->size >= sizeof text || memchr(field->data, '\0', field->size))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the field \"%s\" is too long", field->name);
    memcpy(text, field->data, field->size);
    text[field->size] = '\0';
    if (strcmp(field->name, "collection") == 0) {
        e->collection = cs_strdup(text);
        return e->collection ? CLIPSEARCH_OK : cs_fail_memory(err, "a form");
    }
    if (strcmp(field->name, "id") == 0) {
        if (!cs_read_count(text, INT64_MAX, &id) || !id)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" is no number of an image", text);
        e->id = (int64_t)id;
        return CLIPSEARCH_OK;
    }
    if (strcmp(field->name, "crop") != 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "an encoding has no field \"%s\"", field->name);
    e->has_crop = true;
    return cs_read_crop(text, e->crop, err);
}

static clipsearch_status read_form(const cs_request *request, embedding *e, clipsearch_error *err)
{
    cs_form *form = NULL;
    clipsearch_status status = cs_request_form(request, NULL, &form, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < form->count; i++)
        status = set_field(&form->fields[i], e, err);
    cs_free(form);
    return status;
}

static clipsearch_status check(const embedding *e, clipsearch_error *err)
{
    if ((e->text_count != 0) + (e->image != NULL) + (e->id != 0) != 1)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "give one of texts, image and id");
    if (e->has_crop && e->text_count)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a crop is one of an image");
    return CLIPSEARCH_OK;
}

/* An item's own image, from its file. */
static clipsearch_status encode_item(cs_request *request, cs_encode_pool *pool, clipsearch_collection *collection,
                                     const embedding *e, float *vector, clipsearch_error *err)
{
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_get(collection, &e->id, 1, &hits, err);
    const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, 0);
    if (status == CLIPSEARCH_OK && !hit)
        status =
            cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "the collection has no image with the number %lld", (long long)e->id);
    if (status == CLIPSEARCH_OK) {
        const cs_upload upload = {.path = hit->path, .crop = e->has_crop ? e->crop : NULL};
        status = cs_upload_vector(request, pool, collection, &upload, vector, err);
    }
    clipsearch_hits_free(&hits);
    return status;
}

static clipsearch_status encode(cs_request *request, cs_encode_pool *pool, clipsearch_collection *collection,
                                const embedding *e, float *vectors, clipsearch_error *err)
{
    const size_t dim = cs_encode_pool_info(pool)->dim;
    clipsearch_status status = CLIPSEARCH_OK;
    if (e->id)
        return encode_item(request, pool, collection, e, vectors, err);
    if (e->image) {
        const cs_upload upload = {
            .bytes = e->image, .size = e->image_size, .path = "the image", .crop = e->has_crop ? e->crop : NULL};
        return cs_upload_vector(request, pool, collection, &upload, vectors, err);
    }
    if (e->text_count == 1)
        return cs_text_vector(request, pool, e->texts[0], vectors, err);
    for (size_t i = 0; i < e->text_count && status == CLIPSEARCH_OK; i++)
        status = cs_text_vector(request, pool, e->texts[i], vectors + i * dim, err);
    return status;
}

static void put_vectors(cs_buf *out, const float *vectors, size_t count, size_t dim, const char *model)
{
    cs_buf_puts(out, "{\"model\":");
    cs_json_put_string(out, model, strlen(model));
    cs_buf_printf(out, ",\"dim\":%zu,\"vectors\":[", dim);
    for (size_t i = 0; i < count; i++) {
        cs_buf_puts(out, i ? ",\n [" : "\n [");
        for (size_t j = 0; j < dim; j++) {
            if (j)
                cs_buf_putc(out, ',');
            cs_put_float(out, vectors[i * dim + j]);
        }
        cs_buf_putc(out, ']');
    }
    cs_buf_puts(out, "]}\n");
}

static clipsearch_status embed(cs_request *request, const embedding *e, clipsearch_error *err)
{
    cs_open_collection *open = NULL;
    clipsearch_collection_info info;
    cs_encode_pool *pool = NULL;
    const size_t count = e->text_count ? e->text_count : 1;
    clipsearch_status status = cs_collection_take(request->server->collections, e->collection, &open, &info, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_encoder(request->server->collections, &info, &pool, err);
    float *vectors = status == CLIPSEARCH_OK ? cs_alloc_array(count, info.dim * sizeof *vectors) : NULL;
    if (status == CLIPSEARCH_OK)
        status = vectors ? encode(request, pool, open->collection, e, vectors, err) : cs_fail_memory(err, "vectors");
    if (status == CLIPSEARCH_OK)
        put_vectors(cs_reply_json(&request->reply), vectors, count, info.dim, info.encoder);
    cs_free(vectors);
    cs_collection_give(request->server->collections, open);
    return status;
}

void cs_answer_embed(cs_request *request)
{
    clipsearch_error err;
    embedding *e = cs_zalloc_array(1, sizeof *e);
    clipsearch_status status = e ? CLIPSEARCH_OK : cs_fail_memory(&err, "a request");
    if (e)
        status = cs_request_has_type(request, "multipart/form-data") ? read_form(request, e, &err)
                                                                     : read_json(request, e, &err);
    if (status == CLIPSEARCH_OK)
        status = check(e, &err);
    if (status == CLIPSEARCH_OK)
        status = embed(request, e, &err);
    if (status != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
    for (size_t i = 0; e && i < e->text_count; i++)
        cs_free(e->texts[i]);
    if (e) {
        cs_free(e->image);
        cs_free(e->collection);
    }
    cs_free(e);
}
