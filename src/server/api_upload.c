/* SPDX-License-Identifier: MIT
 * api_upload.c - POST and DELETE of items. */
#include "base/content_kind.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/item_limits.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/replace.h"
#include "base/stored_attributes.h"
#include "config/yaml_keys.h"
#include "server/api.h"
#include "server/hit_json.h"
#include "server/site.h"
#include "server/upload_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const suffixes[CS_FORMATS] = {
    [CS_FORMAT_JPEG] = ".jpg", [CS_FORMAT_PNG] = ".png",   [CS_FORMAT_GIF] = ".gif",
    [CS_FORMAT_BMP] = ".bmp",  [CS_FORMAT_PNM] = ".pnm",   [CS_FORMAT_WEBP] = ".webp",
    [CS_FORMAT_TIFF] = ".tif", [CS_FORMAT_HEIC] = ".heic", [CS_FORMAT_AVIF] = ".avif"};

enum { MOST_NAMES = 100 };

/* An image that is being added. */
typedef struct adding {
    cs_request *request;
    const cs_form_field *image;
    char *collection, *attributes; /* owned; NULL: not given */
    clipsearch_image pixels;
    float *vector;
    char *path;  /* of the file; owned */
    bool stored; /* the file is new, and is removed when the item cannot be stored */
    clipsearch_item item;
    int64_t id;
} adding;

static clipsearch_status read_field(const cs_form *form, const char *name, char **value, clipsearch_error *err)
{
    const cs_form_field *field = cs_form_get(form, name);
    if (!field)
        return CLIPSEARCH_OK;
    if (memchr(field->data, '\0', field->size))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the field \"%s\" has a NUL character", name);
    *value = cs_strndup(field->data, field->size);
    return *value ? CLIPSEARCH_OK : cs_fail_memory(err, name);
}

/* The database would take JSON that no answer could show again, such as an object with a name twice. */
static clipsearch_status check_attributes(const char *attributes, clipsearch_error *err)
{
    cs_json_document *document = NULL;
    clipsearch_status status =
        cs_json_parse(attributes, strlen(attributes), "the field attributes", CS_ITEM_ATTRIBUTES_MAX, &document, err);
    if (status == CLIPSEARCH_OK && cs_json_root(document)->type != CS_JSON_OBJECT)
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the field attributes is a JSON %s; it should be an object",
                         cs_json_type_name(cs_json_root(document)->type));
    cs_json_close(&document);
    return status;
}

static clipsearch_status read_form(adding *a, const cs_form *form, clipsearch_error *err)
{
    for (size_t i = 0; i < form->count; i++) {
        const char *name = form->fields[i].name;
        if (strcmp(name, "image") != 0 && strcmp(name, "collection") != 0 && strcmp(name, "attributes") != 0)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                           "an upload has no field \"%s\"; it has image, collection and attributes", name);
    }
    a->image = cs_form_get(form, "image");
    if (!a->image || !a->image->size)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there is no file in the field \"image\"");
    clipsearch_status status = read_field(form, "collection", &a->collection, err);
    if (status == CLIPSEARCH_OK)
        status = read_field(form, "attributes", &a->attributes, err);
    return status == CLIPSEARCH_OK && a->attributes ? check_attributes(a->attributes, err) : status;
}

static clipsearch_status encode(adding *a, cs_encode_pool *pool, clipsearch_error *err)
{
    clipsearch_image_options options;
    clipsearch_image_options_init(&options);
    options.max_pixels = a->request->server->options.max_pixels;
    a->vector = cs_alloc_array(cs_encode_pool_info(pool)->dim, sizeof *a->vector);
    if (!a->vector)
        return cs_fail_memory(err, "a vector");
    clipsearch_status status =
        clipsearch_image_decode(a->image->data, a->image->size, "the image", &options, &a->pixels, err);
    return status == CLIPSEARCH_OK ? cs_encode_pool_image(pool, &a->pixels, a->vector, err) : status;
}

/* Take away the white space of JSON that is not in a string: as it is stored, a space means something. */
static void remove_space(char *json)
{
    bool in_string = false;
    char *to = json;
    for (const char *from = json; *from; from++) {
        if (!in_string && strchr(" \t\r\n", *from))
            continue;
        if (in_string && *from == '\\' && from[1])
            *to++ = *from++;
        else if (*from == '"')
            in_string = !in_string;
        *to++ = *from;
    }
    *to = '\0';
}

/* What the file says of its image becomes attributes too, as in an ingestion. */
static clipsearch_status join_attributes(adding *a, clipsearch_error *err)
{
    size_t length = 0;
    cs_buf joined = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = clipsearch_image_metadata(a->image->data, a->image->size, NULL, NULL, 0, &length, err);
    char *file = status == CLIPSEARCH_E_LIMIT ? cs_alloc_array(length + 1, 1) : NULL;
    if (!file)
        return status == CLIPSEARCH_E_LIMIT ? cs_fail_memory(err, "an image's attributes") : status;
    status = clipsearch_image_metadata(a->image->data, a->image->size, NULL, file, length + 1, &length, err);
    if (status == CLIPSEARCH_OK && a->attributes)
        remove_space(a->attributes);
    if (status == CLIPSEARCH_OK)
        status = cs_join_attributes(a->attributes ? a->attributes : "{}", file + 1, NULL, &joined, err);
    if (status == CLIPSEARCH_OK && joined.len) {
        cs_free(a->attributes);
        a->attributes = cs_buf_detach(&joined);
    }
    cs_buf_free(&joined);
    cs_free(file);
    return status;
}

/* Whether the file at a->path has the bytes of the upload. */
static clipsearch_status compare_file(const adding *a, bool *same, clipsearch_error *err)
{
    cs_buf there = cs_buf_make(a->image->size + 1);
    clipsearch_error why;
    clipsearch_status status = cs_file_read(a->path, &there, NULL, &why);
    *same = status == CLIPSEARCH_OK && there.len == a->image->size &&
            memcmp(there.data, a->image->data, a->image->size) == 0;
    cs_buf_free(&there);
    return status == CLIPSEARCH_E_MEMORY ? cs_fail_memory(err, "an upload") : CLIPSEARCH_OK;
}

/* Find a->path, under a name that the file's content and its own name decide: the same file twice is one file and item.
 * Where such a file is there with other bytes, because somebody has changed it, it is left alone: the next name. */
static clipsearch_status choose_path(adding *a, clipsearch_error *err)
{
    char name[CS_UPLOAD_NAME];
    const char *suffix = suffixes[cs_content_kind_of(a->image->data, a->image->size)->format];
    for (unsigned number = 1; number <= MOST_NAMES; number++) {
        bool same = false;
        cs_free(a->path);
        cs_upload_name(a->image->file_name, suffix ? suffix : ".img", a->item.hash, number, name);
        a->path = cs_path_join(a->request->server->upload_dir, name);
        if (!a->path)
            return cs_fail_memory(err, "an upload");
        a->stored = access(a->path, F_OK) != 0;
        clipsearch_status status = a->stored ? CLIPSEARCH_OK : compare_file(a, &same, err);
        if (a->stored || same || status != CLIPSEARCH_OK)
            return status;
    }
    return cs_fail(err, CLIPSEARCH_E_IO, "%s: too many files that were changed have the name of this upload", a->path);
}

/* Write the file. */
static clipsearch_status store_file(adding *a, clipsearch_error *err)
{
    cs_file_info info = {0};
    clipsearch_status status = choose_path(a, err);
    if (status == CLIPSEARCH_OK && a->stored)
        status = cs_replace_file(a->path, a->image->data, a->image->size, err);
    if (status == CLIPSEARCH_OK)
        status = cs_file_stat(a->path, &info, err);
    a->item.path = a->path;
    a->item.size = info.size;
    a->item.mtime_ns = info.mtime_ns;
    a->item.width = a->pixels.width;
    a->item.height = a->pixels.height;
    a->item.attributes = a->attributes;
    return status;
}

/* Store file and item, or neither. Uploads do this one after the other: of two of the same file at once, both would
 * find none there, and the one whose item cannot be stored would remove the other's. */
static clipsearch_status store(adding *a, clipsearch_collection *collection, const clipsearch_encoder *encoder,
                               clipsearch_error *err)
{
    cs_server *server = a->request->server;
    clipsearch_status status = cs_digest_of(CS_SHA256, a->image->data, a->image->size, a->item.hash, err);
    if (status != CLIPSEARCH_OK)
        return status;
    pthread_mutex_lock(&server->uploads);
    status = store_file(a, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_put_encoded(collection, encoder, &a->item, a->vector, 1, &a->id, err);
    if (status != CLIPSEARCH_OK && a->stored)
        unlink(a->path);
    pthread_mutex_unlock(&server->uploads);
    return status;
}

static clipsearch_status answer_item(adding *a, clipsearch_collection *collection, clipsearch_error *err)
{
    clipsearch_hits *hits = NULL;
    clipsearch_status status = clipsearch_get(collection, &a->id, 1, &hits, err);
    const clipsearch_hit *hit = clipsearch_hits_get(hits, 0, 0);
    if (status == CLIPSEARCH_OK && !hit)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "the image was removed at once");
    if (status == CLIPSEARCH_OK) {
        cs_buf *out = cs_reply_json(&a->request->reply);
        cs_buf_putc(out, '{');
        cs_put_hit(out, hit);
        cs_buf_puts(out, "}\n");
        a->request->reply.status = 201;
    }
    clipsearch_hits_free(&hits);
    return status;
}

static clipsearch_status add(adding *a, const cs_form *form, clipsearch_error *err)
{
    cs_server *server = a->request->server;
    cs_open_collection *open = NULL;
    clipsearch_collection_info info;
    cs_encode_pool *pool = NULL;
    clipsearch_status status = read_form(a, form, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_take(server->collections, a->collection, &open, &info, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_encoder(server->collections, &info, &pool, err);
    if (status == CLIPSEARCH_OK)
        status = encode(a, pool, err);
    if (status == CLIPSEARCH_OK)
        status = join_attributes(a, err);
    if (status == CLIPSEARCH_OK)
        status = store(a, open->collection, cs_encode_pool_encoder(pool), err);
    if (status == CLIPSEARCH_OK)
        status = answer_item(a, open->collection, err);
    cs_collection_give(server->collections, open);
    return status;
}

void cs_answer_upload(cs_request *request)
{
    clipsearch_error err;
    adding a = {.request = request};
    if (!request->server->upload_dir) {
        cs_reply_fail(&request->reply, 403, "off", "this server takes no images; it was started without --upload-dir");
        return;
    }
    cs_form *form = NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    if (!cs_request_has_type(request, "multipart/form-data"))
        status =
            cs_fail(&err, CLIPSEARCH_E_UNSUPPORTED, "the body should be multipart/form-data, with a file \"image\"");
    if (status == CLIPSEARCH_OK)
        status = cs_request_form(request, NULL, &form, &err);
    if (status == CLIPSEARCH_OK)
        status = add(&a, form, &err);
    if (status != CLIPSEARCH_OK)
        cs_reply_error(&request->reply, &err);
    clipsearch_image_free(&a.pixels);
    cs_free(a.vector);
    cs_free(a.path);
    cs_free(a.collection);
    cs_free(a.attributes);
    cs_free(form);
}

static clipsearch_status read_removal(const cs_request *request, size_t *id, clipsearch_error *err)
{
    if (!request->places[0] || !cs_read_count(request->places[0], INT64_MAX, id) || !*id)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there is no number of an image in the path");
    return CLIPSEARCH_OK;
}

void cs_answer_delete(cs_request *request)
{
    cs_server *server = request->server;
    cs_open_collection *open = NULL;
    clipsearch_error err;
    size_t id = 0, removed = 0;
    if (!server->options.allow_delete) {
        cs_reply_fail(&request->reply, 403, "off",
                      "this server removes no images; it was started without --allow-delete");
        return;
    }
    clipsearch_status status = read_removal(request, &id, &err);
    const int64_t number = (int64_t)id;
    if (status == CLIPSEARCH_OK)
        status = cs_collection_take(server->collections, cs_request_argument(request, "collection"), &open, NULL, &err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_collection_remove(open->collection, &number, 1, &removed, &err);
    if (status == CLIPSEARCH_OK && !removed)
        status = cs_fail(&err, CLIPSEARCH_E_NOT_FOUND, "the collection has no image with the number %zu", id);
    if (status == CLIPSEARCH_OK)
        cs_reply_empty(&request->reply, 204);
    else
        cs_reply_error(&request->reply, &err);
    cs_collection_give(server->collections, open);
}
