/* SPDX-License-Identifier: MIT
 * search_json.c - reads what a request searches for. */
#include "server/search_json.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "config/nearest.h"
#include "config/yaml_keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void cs_search_body_init(cs_search_body *body)
{
    *body = (cs_search_body){.k = 10};
}

void cs_search_body_free(cs_search_body *body)
{
    for (size_t i = 0; i < body->part_count; i++) {
        cs_free(body->parts[i].text);
        cs_free(body->parts[i].image);
        cs_free(body->parts[i].vector);
    }
    cs_free(body->parts);
    cs_free(body->collection);
    cs_free(body->filter);
    cs_search_body_init(body);
}

cs_search_part *cs_search_add_part(cs_search_body *body, clipsearch_error *err)
{
    if (body->part_count == CS_SEARCH_MOST_PARTS) {
        cs_fail(err, CLIPSEARCH_E_LIMIT, "the query has more than %d parts", (int)CS_SEARCH_MOST_PARTS);
        return NULL;
    }
    cs_search_part *parts = cs_grow(body->parts, &body->part_room, body->part_count + 1, sizeof *parts);
    if (!parts) {
        cs_fail_memory(err, "a query");
        return NULL;
    }
    body->parts = parts;
    parts[body->part_count] = (cs_search_part){.weight = 1};
    return &parts[body->part_count++];
}

/* ---------------------------------------------------------------- values */

clipsearch_status cs_json_check_keys(const cs_json *object, const char *const *known, const char *what,
                                     clipsearch_error *err)
{
    for (const cs_json *each = object->first; each; each = each->next) {
        size_t count = 0;
        while (known[count] && strcmp(known[count], each->key) != 0)
            count++;
        if (known[count])
            continue;
        const char *nearest = cs_nearest(each->key, known, count);
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s has no \"%.100s\"%s%s%s", what, each->key,
                       nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_json_read_text(const cs_json *value, const char *key, size_t most, char **text,
                                    clipsearch_error *err)
{
    if (value->type != CS_JSON_STRING)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" is a JSON %s; it should be a string", key,
                       cs_json_type_name(value->type));
    if (memchr(value->string, '\0', value->string_len))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" has a NUL character", key);
    if (value->string_len > most)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "\"%s\" has %zu bytes; at most %zu are taken", key, value->string_len,
                       most);
    cs_free(*text);
    *text = cs_strndup(value->string, value->string_len);
    return *text ? CLIPSEARCH_OK : cs_fail_memory(err, key);
}

clipsearch_status cs_json_read_base64(const cs_json *value, const char *key, uint8_t **bytes, size_t *size,
                                      clipsearch_error *err)
{
    if (value->type != CS_JSON_STRING)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" is a JSON %s; it should be a string of base64", key,
                       cs_json_type_name(value->type));
    cs_buf out = cs_buf_make(value->string_len + 4);
    const bool good = cs_put_base64_bytes(&out, value->string, value->string_len);
    if (!good || out.failed || !out.len) {
        const bool memory = out.failed;
        cs_buf_free(&out);
        return memory ? cs_fail_memory(err, key)
                      : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" is no base64 of an image file", key);
    }
    *size = out.len;
    *bytes = (uint8_t *)cs_buf_detach(&out);
    return *bytes ? CLIPSEARCH_OK : cs_fail_memory(err, key);
}

clipsearch_status cs_json_read_whole(const cs_json *value, const char *key, int64_t least, int64_t most,
                                     int64_t *number, clipsearch_error *err)
{
    if (value->type != CS_JSON_NUMBER || !value->is_integer || value->integer < least || value->integer > most)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" should be a whole number from %lld to %lld", key,
                       (long long)least, (long long)most);
    *number = value->integer;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_size(const cs_json *value, const char *key, size_t least, size_t most, size_t *number,
                                   clipsearch_error *err)
{
    int64_t whole = 0;
    clipsearch_status status = cs_json_read_whole(value, key, (int64_t)least, (int64_t)most, &whole, err);
    if (status == CLIPSEARCH_OK)
        *number = (size_t)whole;
    return status;
}

static clipsearch_status read_number(const cs_json *value, const char *key, float *number, clipsearch_error *err)
{
    if (value->type != CS_JSON_NUMBER || !isfinite((float)value->number))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" should be a number", key);
    *number = (float)value->number;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_bool(const cs_json *value, const char *key, bool *flag, clipsearch_error *err)
{
    if (value->type != CS_JSON_BOOL)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%s\" should be true or false", key);
    *flag = value->boolean;
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- crops */

static clipsearch_status check_crop(const double crop[4], clipsearch_error *err)
{
    if (crop[0] >= 0 && crop[1] >= 0 && crop[2] > 0 && crop[3] > 0 && crop[0] + crop[2] <= 100.001 &&
        crop[1] + crop[3] <= 100.001)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "the crop is left, top, width and height in per cent of the image, within it");
}

clipsearch_status cs_read_crop(const char *text, double crop[4], clipsearch_error *err)
{
    size_t count = 0;
    for (const char *at = text; count < 4; count++) {
        char number[64];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof number || at[length] != (count < 3 ? ',' : '\0'))
            break;
        memcpy(number, at, length);
        number[length] = '\0';
        if (!cs_read_double(number, &crop[count]))
            break;
        at += length + (count < 3);
    }
    return count == 4 ? check_crop(crop, err)
                      : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the crop should be four numbers, X,Y,W,H in per cent");
}

clipsearch_status cs_json_read_crop(const cs_json *value, double crop[4], clipsearch_error *err)
{
    size_t count = 0;
    if (value->type == CS_JSON_ARRAY && value->count == 4)
        for (const cs_json *each = value->first; each && each->type == CS_JSON_NUMBER; each = each->next)
            crop[count++] = each->number;
    return count == 4 ? check_crop(crop, err)
                      : cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"crop\" should be [X, Y, W, H] in per cent");
}

/* ---------------------------------------------------------------- parts */

static clipsearch_status read_vector(const cs_json *value, cs_search_part *part, clipsearch_error *err)
{
    size_t count = 0;
    if (value->type != CS_JSON_ARRAY || !value->count || value->count > CS_ITEM_DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"vector\" should be an array of 1 to %d numbers",
                       (int)CS_ITEM_DIM_MAX);
    part->vector = cs_alloc_array(value->count, sizeof *part->vector);
    if (!part->vector)
        return cs_fail_memory(err, "a vector");
    for (const cs_json *each = value->first; each; each = each->next) {
        if (each->type != CS_JSON_NUMBER)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"vector\" has something that is no number at place %zu",
                           count + 1);
        part->vector[count++] = (float)each->number;
    }
    part->vector_size = count;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_part_member(const cs_json *value, cs_search_part *part, clipsearch_error *err)
{
    if (strcmp(value->key, "text") == 0)
        return cs_json_read_text(value, "text", CS_SEARCH_MOST_TEXT, &part->text, err);
    if (strcmp(value->key, "id") == 0)
        return cs_json_read_whole(value, "id", 1, INT64_MAX, &part->id, err);
    if (strcmp(value->key, "image") == 0)
        return cs_json_read_base64(value, "image", &part->image, &part->image_size, err);
    if (strcmp(value->key, "vector") == 0)
        return read_vector(value, part, err);
    if (strcmp(value->key, "crop") == 0) {
        part->has_crop = true;
        return cs_json_read_crop(value, part->crop, err);
    }
    if (value->type != CS_JSON_NUMBER || !isfinite(value->number) || value->number == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"weight\" should be a number other than 0; below 0 subtracts");
    part->weight = value->number;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_part(const cs_json *object, cs_search_body *body, clipsearch_error *err)
{
    static const char *const known[] = {"text", "id", "image", "vector", "crop", "weight", NULL};
    cs_search_part *part = cs_search_add_part(body, err);
    clipsearch_error why;
    if (!part)
        return err ? err->code : CLIPSEARCH_E_LIMIT;
    if (object->type != CS_JSON_OBJECT)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "part %zu of the query is a JSON %s; it should be an object such as {\"text\": \"a white dog\"}",
                       body->part_count, cs_json_type_name(object->type));
    clipsearch_status status = cs_json_check_keys(object, known, "it", &why);
    for (const cs_json *each = object->first; each && status == CLIPSEARCH_OK; each = each->next)
        status = read_part_member(each, part, &why);
    const int set = (part->text != NULL) + (part->id != 0) + (part->image != NULL) + (part->vector != NULL);
    if (status == CLIPSEARCH_OK && set != 1)
        status = cs_fail(&why, CLIPSEARCH_E_ARGUMENT, "it should have one of text, id, image and vector");
    if (status == CLIPSEARCH_OK && part->has_crop && !part->image)
        status = cs_fail(&why, CLIPSEARCH_E_ARGUMENT, "a crop is one of an image");
    return status == CLIPSEARCH_OK ? status
                                   : cs_fail(err, status, "part %zu of the query: %s", body->part_count, why.message);
}

static clipsearch_status read_query(const cs_json *value, cs_search_body *body, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (value->type == CS_JSON_STRING) { /* a lone text */
        cs_search_part *part = cs_search_add_part(body, err);
        return part ? cs_json_read_text(value, "query", CS_SEARCH_MOST_TEXT, &part->text, err) : err->code;
    }
    if (value->type != CS_JSON_ARRAY)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "\"query\" should be an array of parts such as {\"text\": \"a white dog\"}, or a string");
    for (const cs_json *each = value->first; each && status == CLIPSEARCH_OK; each = each->next)
        status = read_part(each, body, err);
    return status;
}

/* ---------------------------------------------------------------- the whole */

static const char *const keys[] = {
    "query",         "collection", "filter", "k",    "offset",    "ef",    "min_score", "max_distance",
    "min_relevance", "relevance",  "all",    "gone", "with_self", "exact", NULL};

static clipsearch_status set_member(const cs_json *value, cs_search_body *body, clipsearch_error *err)
{
    const char *key = value->key;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"relevance", &body->relevance},
                 {"all", &body->all},
                 {"gone", &body->gone},
                 {"with_self", &body->with_self},
                 {"exact", &body->exact}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(key, flags[i].name) == 0)
            return read_bool(value, key, flags[i].flag, err);
    if (strcmp(key, "query") == 0)
        return read_query(value, body, err);
    if (strcmp(key, "collection") == 0)
        return cs_json_read_text(value, key, 64, &body->collection, err);
    if (strcmp(key, "filter") == 0)
        return cs_json_read_text(value, key, CS_SEARCH_MOST_FILTER, &body->filter, err);
    if (strcmp(key, "k") == 0)
        return read_size(value, key, 1, CS_SEARCH_MOST_K, &body->k, err);
    if (strcmp(key, "offset") == 0)
        return read_size(value, key, 0, CS_SEARCH_MOST_HITS, &body->offset, err);
    if (strcmp(key, "ef") == 0)
        return read_size(value, key, 1, 65536, &body->ef, err);
    if (strcmp(key, "min_relevance") == 0)
        return read_number(value, key, &body->min_relevance, err);
    const bool score = strcmp(key, "min_score") == 0;
    *(score ? &body->has_min_score : &body->has_max_distance) = true;
    return read_number(value, key, score ? &body->min_score : &body->max_distance, err);
}

clipsearch_status cs_search_check(const cs_search_body *body, clipsearch_error *err)
{
    if (body->offset + body->k > CS_SEARCH_MOST_HITS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "offset + k is %zu; at most %d hits can be paged through",
                       body->offset + body->k, (int)CS_SEARCH_MOST_HITS);
    if (body->has_min_score && body->has_max_distance)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "min_score and max_distance exclude each other");
    for (size_t i = 0; i < body->part_count && body->min_relevance > 0; i++)
        if (!body->parts[i].text)
            return cs_fail(
                err, CLIPSEARCH_E_ARGUMENT,
                "min_relevance is for queries of texts, and part %zu is none; for others there are min_score "
                "and max_distance",
                i + 1);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_search_from_json(const cs_json *object, cs_search_body *body, clipsearch_error *err)
{
    clipsearch_status status = cs_json_check_keys(object, keys, "a search", err);
    for (const cs_json *each = object->first; each && status == CLIPSEARCH_OK; each = each->next)
        if (each->type != CS_JSON_NULL)
            status = set_member(each, body, err);
    return status == CLIPSEARCH_OK ? cs_search_check(body, err) : status;
}

/* ---------------------------------------------------------------- fields of text */

static clipsearch_status set_text(const char *value, char **text, clipsearch_error *err)
{
    cs_free(*text);
    *text = cs_strdup(value);
    return *text ? CLIPSEARCH_OK : cs_fail_memory(err, "a query");
}

static clipsearch_status add_text(cs_search_body *body, const char *value, double weight, clipsearch_error *err)
{
    if (strlen(value) > CS_SEARCH_MOST_TEXT)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "a text has %zu bytes; at most %d are taken", strlen(value),
                       (int)CS_SEARCH_MOST_TEXT);
    cs_search_part *part = cs_search_add_part(body, err);
    if (!part)
        return err->code;
    part->weight = weight;
    return set_text(value, &part->text, err);
}

/* A field of a query string as a value of JSON: a number or a truth value where the member wants one. */
static clipsearch_status set_scalar(cs_search_body *body, const char *name, const char *value, clipsearch_error *err)
{
    cs_json json = {.key = name, .type = CS_JSON_STRING, .string = value, .string_len = strlen(value)};
    size_t whole = 0;
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
        json.type = CS_JSON_BOOL;
        json.boolean = value[0] == 't';
    } else if (cs_read_double(value, &json.number)) {
        json.type = CS_JSON_NUMBER;
        json.is_integer = cs_read_count(value, SIZE_MAX / 4, &whole);
        json.integer = (int64_t)whole;
    }
    return set_member(&json, body, err);
}

clipsearch_status cs_search_set(cs_search_body *body, const char *name, const char *value, clipsearch_error *err)
{
    size_t known = 0, id = 0;
    if (strlen(value) > CS_SEARCH_MOST_FILTER)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "\"%.40s\" has more than %d bytes", name, (int)CS_SEARCH_MOST_FILTER);
    if (strcmp(name, "q") == 0 || strcmp(name, "not") == 0)
        return add_text(body, value, name[0] == 'q' ? 1 : -1, err);
    if (strcmp(name, "id") == 0) {
        if (!cs_read_count(value, INT64_MAX, &id) || !id)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "\"%.40s\" is no id of an image", value);
        cs_search_part *part = cs_search_add_part(body, err);
        if (!part)
            return err->code;
        part->id = (int64_t)id;
        return CLIPSEARCH_OK;
    }
    if (strcmp(name, "filter") == 0)
        return set_text(value, &body->filter, err);
    if (strcmp(name, "collection") == 0)
        return set_text(value, &body->collection, err);
    while (keys[known] && strcmp(keys[known], name) != 0)
        known++;
    if (!keys[known] || known == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "a search has no field \"%.100s\"", name);
    return set_scalar(body, name, value, err);
}
