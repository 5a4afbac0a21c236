/* SPDX-License-Identifier: MIT
 * safetensors.c - the header of a safetensors file, checked as a whole before it is used. */
#include "model/container.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * The format (https://huggingface.co/docs/safetensors): 8 bytes header length n, little-endian; n bytes of JSON, an
 * object beginning with '{', padded with spaces at its end; then the data. Each member of the object but __metadata__
 * is a tensor {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, the offsets counted from the end of the
 * header. The tensors cover the data from its first byte to its last, without holes or overlaps.
 */

enum {
    LENGTH_BYTES = 8,
    MAX_HEADER = 100000000, /* the reference implementation's own limit */
    MAX_VALUES = 1 << 20    /* JSON values: room for 100,000 tensors, and 130 MB at most */
};

static const struct dtype {
    const char *name;
    unsigned bits;
    bool is_float; /* a type that computation accepts */
    cs_dtype dtype;
} dtypes[] = {
    {"F32", 32, true, CS_F32}, {"F16", 16, true, CS_F16}, {"BF16", 16, true, CS_BF16}, {"BOOL", 8, false, 0},
    {"U8", 8, false, 0},       {"I8", 8, false, 0},       {"U16", 16, false, 0},       {"I16", 16, false, 0},
    {"U32", 32, false, 0},     {"I32", 32, false, 0},     {"U64", 64, false, 0},       {"I64", 64, false, 0},
    {"F64", 64, false, 0},     {"C64", 64, false, 0},     {"F8_E5M2", 8, false, 0},    {"F8_E4M3", 8, false, 0},
    {"F8_E8M0", 8, false, 0},  {"F6_E2M3", 6, false, 0},  {"F6_E3M2", 6, false, 0},    {"F4", 4, false, 0},
};

/* One member of the header, while it is read. */
struct entry {
    const cs_weights *weights;
    const cs_json *member;
    clipsearch_error *err;
};

bool cs_safetensors_probe(const uint8_t *data, size_t size)
{
    return size > LENGTH_BYTES && data[LENGTH_BYTES] == '{';
}

/* Refuse a tensor; `at` is the value that is wrong. */
static clipsearch_status bad(const struct entry *entry, const cs_json *at, const char *what)
{
    return cs_fail(entry->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: the tensor \"%.200s\": %s", entry->weights->path,
                   LENGTH_BYTES + at->offset, entry->member->key, what);
}

/* A whole number of at least 0 that fits size_t. */
static bool is_size(const cs_json *value)
{
    return value->type == CS_JSON_NUMBER && value->is_integer && value->integer >= 0 &&
           (uint64_t)value->integer <= SIZE_MAX;
}

static clipsearch_status read_dtype(const struct entry *entry, const struct dtype **dtype)
{
    const cs_json *value = cs_json_get(entry->member, "dtype");
    if (!value || value->type != CS_JSON_STRING)
        return bad(entry, value ? value : entry->member, "dtype wants a string");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(value->string, dtypes[i].name) == 0 && strlen(dtypes[i].name) == value->string_len) {
            *dtype = &dtypes[i];
            return CLIPSEARCH_OK;
        }
    return cs_fail(entry->err, CLIPSEARCH_E_MODEL, "%s: byte %zu: the tensor \"%.200s\": unknown dtype \"%.50s\"",
                   entry->weights->path, LENGTH_BYTES + value->offset, entry->member->key, value->string);
}

static clipsearch_status read_shape(const struct entry *entry, const struct dtype *dtype, cs_tensor *tensor)
{
    const cs_json *shape = cs_json_get(entry->member, "shape");
    if (!shape || shape->type != CS_JSON_ARRAY)
        return bad(entry, shape ? shape : entry->member, "shape wants an array");
    if (shape->count > CS_TENSOR_RANK)
        return cs_fail(entry->err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the tensor \"%.200s\": %zu dimensions, more than the limit of %d",
                       entry->weights->path, LENGTH_BYTES + shape->offset, entry->member->key, shape->count,
                       CS_TENSOR_RANK);
    size_t bits;
    tensor->count = 1;
    for (const cs_json *value = shape->first; value; value = value->next) {
        if (!is_size(value))
            return bad(entry, value, "a dimension wants a whole number of at least 0");
        tensor->shape[tensor->rank] = (size_t)value->integer;
        if (__builtin_mul_overflow(tensor->count, tensor->shape[tensor->rank++], &tensor->count))
            return bad(entry, shape, "the product of its dimensions overflows");
    }
    if (__builtin_mul_overflow(tensor->count, dtype->bits, &bits))
        return bad(entry, shape, "the product of its dimensions overflows");
    if (bits % 8)
        return bad(entry, shape, "its elements do not fill whole bytes");
    tensor->bytes = bits / 8;
    return CLIPSEARCH_OK;
}

/* Check the offsets against the shape and the file; sets tensor->data. */
static clipsearch_status read_offsets(const struct entry *entry, size_t data_start, cs_tensor *tensor)
{
    const cs_json *offsets = cs_json_get(entry->member, "data_offsets");
    if (!offsets || offsets->type != CS_JSON_ARRAY || offsets->count != 2)
        return bad(entry, offsets ? offsets : entry->member, "data_offsets wants an array of two");
    const cs_json *first = offsets->first, *second = first->next;
    if (!is_size(first) || !is_size(second))
        return bad(entry, is_size(first) ? second : first, "an offset wants a whole number of at least 0");
    size_t begin = (size_t)first->integer, end = (size_t)second->integer, available = entry->weights->size - data_start;
    if (begin > end)
        return bad(entry, first, "its end lies before its beginning");
    if (end > available)
        return cs_fail(entry->err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the tensor \"%.200s\" ends at data byte %zu, but the file has %zu; it was cut "
                       "short, fetch it again",
                       entry->weights->path, LENGTH_BYTES + second->offset, entry->member->key, end, available);
    if (end - begin != tensor->bytes) {
        char shape[200];
        return cs_fail(entry->err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the tensor \"%.200s\" has %zu bytes, but its shape %s of %s takes %zu",
                       entry->weights->path, LENGTH_BYTES + offsets->offset, entry->member->key, end - begin,
                       cs_shape_text(tensor->rank, tensor->shape, shape, sizeof shape), tensor->stored, tensor->bytes);
    }
    tensor->data = entry->weights->data + data_start + begin;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_tensor(const struct entry *entry, size_t data_start, cs_tensor *tensor)
{
    const struct dtype *dtype = NULL;
    if (entry->member->type != CS_JSON_OBJECT)
        return bad(entry, entry->member, "expected an object");
    if (memchr(entry->member->key, '\0', entry->member->key_len))
        return bad(entry, entry->member, "its name has a NUL character inside");
    clipsearch_status status = read_dtype(entry, &dtype);
    if (status != CLIPSEARCH_OK)
        return status;
    *tensor = (cs_tensor){.dtype = dtype->dtype, .is_float = dtype->is_float, .stored = dtype->name};
    status = read_shape(entry, dtype, tensor);
    return status == CLIPSEARCH_OK ? read_offsets(entry, data_start, tensor) : status;
}

/* By place in the file; of two that begin together the empty one is first. */
static int compare_places(const void *a, const void *b)
{
    const cs_tensor *x = a, *y = b;
    if (x->data != y->data)
        return (const uint8_t *)x->data < (const uint8_t *)y->data ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* Sorts the tensors by place and checks that they cover the data without holes or overlaps. */
static clipsearch_status check_cover(cs_weights *weights, size_t data_start, clipsearch_error *err)
{
    qsort(weights->tensors, weights->count, sizeof *weights->tensors, compare_places);
    const uint8_t *at = weights->data + data_start;
    for (size_t i = 0; i < weights->count; i++) {
        const cs_tensor *tensor = &weights->tensors[i];
        const uint8_t *begin = tensor->data;
        if (begin != at)
            return cs_fail(err, CLIPSEARCH_E_MODEL,
                           "%s: byte %zu: the tensor \"%.200s\" %s; the file is damaged or not a proper safetensors "
                           "file",
                           weights->path, (size_t)(begin - weights->data), tensor->name,
                           begin < at ? "overlaps the one before it" : "leaves a hole before it");
        at = begin + tensor->bytes;
    }
    size_t end = (size_t)(at - weights->data);
    if (end != weights->size)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: byte %zu: %zu bytes after the last tensor belong to none",
                       weights->path, end, weights->size - end);
    return CLIPSEARCH_OK;
}

/* Memory for the tensors and for their names, which outlive the document. */
static clipsearch_status allocate(cs_weights *weights, const cs_json *root, clipsearch_error *err)
{
    size_t total = 0;
    for (const cs_json *member = root->first; member; member = member->next)
        total += member->key_len + 1; /* limited by the header's length */
    weights->names = cs_alloc_array(total, 1);
    weights->tensors = cs_alloc_array(root->count, sizeof *weights->tensors);
    return weights->names && weights->tensors ? CLIPSEARCH_OK : cs_fail_memory(err, weights->path);
}

/* 64 lower-case hex digits; anything else is another program's. */
static void read_fingerprint(cs_weights *weights, const cs_json *metadata)
{
    const cs_json *value =
        metadata && metadata->type == CS_JSON_OBJECT ? cs_json_get(metadata, CS_SOURCE_FINGERPRINT) : NULL;
    if (value && value->type == CS_JSON_STRING && value->string_len == sizeof weights->source_fingerprint - 1 &&
        strspn(value->string, "0123456789abcdef") == value->string_len)
        memcpy(weights->source_fingerprint, value->string, sizeof weights->source_fingerprint);
}

static clipsearch_status read_members(cs_weights *weights, const cs_json *root, size_t data_start,
                                      clipsearch_error *err)
{
    clipsearch_status status = allocate(weights, root, err);
    if (status != CLIPSEARCH_OK)
        return status;
    char *name = weights->names;
    const cs_json *metadata = cs_json_get(root, "__metadata__");
    read_fingerprint(weights, metadata);
    for (const cs_json *member = root->first; member; member = member->next) {
        if (member == metadata)
            continue;
        struct entry entry = {.weights = weights, .member = member, .err = err};
        cs_tensor *tensor = &weights->tensors[weights->count];
        status = read_tensor(&entry, data_start, tensor);
        if (status != CLIPSEARCH_OK)
            return status;
        memcpy(name, member->key, member->key_len + 1);
        tensor->name = name;
        name += member->key_len + 1;
        weights->count++;
    }
    return check_cover(weights, data_start, err);
}

/* Parse the header's JSON; every error in it is CLIPSEARCH_E_MODEL. */
static clipsearch_status parse_header(const cs_weights *weights, size_t length, cs_json_document **document,
                                      clipsearch_error *err)
{
    clipsearch_error inner = {0};
    clipsearch_status status =
        cs_json_parse((const char *)weights->data + LENGTH_BYTES, length, "header", MAX_VALUES, document, &inner);
    if (status == CLIPSEARCH_OK)
        return status;
    return cs_fail(err, status == CLIPSEARCH_E_MEMORY ? status : CLIPSEARCH_E_MODEL,
                   "%s: safetensors %s (byte 0 of the "
                   "header is byte %d of the file)",
                   weights->path, inner.message, LENGTH_BYTES);
}

clipsearch_status cs_safetensors_read(cs_weights *weights, clipsearch_error *err)
{
    weights->source = (cs_weights_source){.container = "safetensors", .inside = "", .prefix = ""};
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | weights->data[i];
    if (length > MAX_HEADER)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: byte 0: a header of %llu bytes, more than the limit of %d",
                       weights->path, (unsigned long long)length, MAX_HEADER);
    if (length > weights->size - LENGTH_BYTES)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: byte 0: a header of %llu bytes, but the file has %zu; it was cut short, fetch it again",
                       weights->path, (unsigned long long)length, weights->size);
    cs_json_document *document;
    clipsearch_status status = parse_header(weights, (size_t)length, &document, err);
    if (status == CLIPSEARCH_OK)
        status = read_members(weights, cs_json_root(document), LENGTH_BYTES + (size_t)length, err);
    cs_json_close(&document);
    return status;
}
