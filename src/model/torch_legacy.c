/* SPDX-License-Identifier: MIT
 * torch_legacy.c - PyTorch files from before version 1.6: pickles one after the other, then the storages. */
#include "model/torch_tensors.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * The file is a pickle of a magic number, one of the protocol's version (1001), one of a dictionary that describes
 * the machine, one of the object, one of a list of storage keys, and then for each key, in that order, 8 bytes with the
 * number of elements and the elements. Only the object's persistent ids give the size of an element.
 * (torch/serialization.py, _legacy_load)
 */

enum { VERSION = 1001, COUNT_BYTES = 8 };

static const char magic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."; /* a long integer, and STOP */

/* A storage as the object's pickle names it, and where the file has it. */
struct stored {
    const char *key;
    size_t key_len, element, elements;
    const uint8_t *data; /* NULL: not yet seen in the list of keys */
};

struct file {
    const cs_weights *weights;
    struct stored *stored; /* [count] ascending by key */
    size_t count;
};

bool cs_torch_legacy_probe(const uint8_t *data, size_t size)
{
    return size >= sizeof magic - 1 && memcmp(data, magic, sizeof magic - 1) == 0;
}

static int compare_keys(const void *a, const void *b)
{
    const struct stored *x = a, *y = b;
    int order = memcmp(x->key, y->key, x->key_len < y->key_len ? x->key_len : y->key_len);
    return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

static struct stored *find(const struct file *file, const char *key, size_t n)
{
    const struct stored wanted = {.key = key, .key_len = n};
    return file->count ? bsearch(&wanted, file->stored, file->count, sizeof *file->stored, compare_keys) : NULL;
}

static clipsearch_status find_storage(const void *context, const char *key, size_t n, cs_torch_bytes *bytes,
                                      clipsearch_error *err)
{
    const struct file *file = context;
    const struct stored *stored = find(file, key, n);
    if (!stored || !stored->data)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the storage \"%.*s\", which its pickle names, is not in the file",
                       file->weights->path, (int)(n < 100 ? n : 100), key);
    *bytes = (cs_torch_bytes){.data = stored->data, .size = stored->elements * stored->element};
    return CLIPSEARCH_OK;
}

/* Read the pickle at *at; *at becomes its end. */
static clipsearch_status read_pickle(const cs_weights *weights, size_t *at, cs_pickle *pickle, clipsearch_error *err)
{
    clipsearch_status status =
        cs_pickle_read(weights->data + *at, weights->size - *at, weights->path, *at, pickle, err);
    if (status == CLIPSEARCH_OK)
        *at += pickle->end;
    return status;
}

/* The two small pickles after the magic number. */
static clipsearch_status read_preamble(const cs_weights *weights, size_t *at, clipsearch_error *err)
{
    cs_pickle version = {0}, machine = {0};
    size_t number = 0;
    clipsearch_status status = read_pickle(weights, at, &version, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!cs_torch_size(&version, version.root, &number) || number != VERSION)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: a PyTorch file of a protocol other than %d", weights->path,
                         VERSION);
    if (status == CLIPSEARCH_OK)
        status = read_pickle(weights, at, &machine, err);
    if (status == CLIPSEARCH_OK) {
        const cs_pickle_value *little = &machine.values[cs_pickle_get(&machine, machine.root, "little_endian")];
        if (little->kind != CS_PICKLE_BOOL || !little->integer)
            status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                             "%s: its numbers are not little-endian; load the file in Python on the machine that wrote "
                             "it and save its state_dict with safetensors.torch.save_file",
                             weights->path);
    }
    cs_pickle_free(&version);
    cs_pickle_free(&machine);
    return status;
}

/* ---------------------------------------------------------------- storages */

static size_t count_values(const cs_pickle *pickle, cs_pickle_kind kind)
{
    size_t n = 0;
    for (uint32_t i = 0; i < pickle->value_count; i++)
        n += pickle->values[i].kind == kind;
    return n;
}

/* Collect the storages that the object names, each once. */
static clipsearch_status collect(struct file *file, const cs_pickle *pickle, clipsearch_error *err)
{
    file->stored = cs_alloc_array(count_values(pickle, CS_PICKLE_PERSISTENT), sizeof *file->stored);
    if (!file->stored)
        return cs_fail_memory(err, file->weights->path);
    for (uint32_t i = 0; i < pickle->value_count; i++) {
        cs_torch_storage storage;
        if (cs_torch_storage_read(pickle, i, &storage))
            file->stored[file->count++] = (struct stored){.key = storage.key,
                                                          .key_len = storage.key_len,
                                                          .element = cs_pickle_type_of(storage.type)->bytes,
                                                          .elements = storage.elements};
    }
    if (file->count == 0)
        return CLIPSEARCH_OK;
    qsort(file->stored, file->count, sizeof *file->stored, compare_keys);
    size_t kept = 1;
    for (size_t i = 1; i < file->count; i++) {
        const struct stored *last = &file->stored[kept - 1], *next = &file->stored[i];
        if (compare_keys(last, next) != 0)
            file->stored[kept++] = *next;
        else if (last->element != next->element || last->elements != next->elements)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: its pickle gives the storage \"%.*s\" two sizes",
                           file->weights->path, (int)(next->key_len < 100 ? next->key_len : 100), next->key);
    }
    file->count = kept;
    return CLIPSEARCH_OK;
}

/* Find the bytes of the storage key[n] at *at; *at becomes their end. */
static clipsearch_status locate(const struct file *file, const char *key, size_t n, size_t *at, clipsearch_error *err)
{
    const cs_weights *weights = file->weights;
    int shown = (int)(n < 100 ? n : 100);
    struct stored *stored = find(file, key, n);
    if (!stored || stored->data)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: byte %zu: the storage \"%.*s\" %s", weights->path, *at, shown, key,
                       stored ? "is there twice" : "is of a size that nothing tells");
    if (weights->size - *at < COUNT_BYTES)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the file ends before the storage \"%.*s\"; fetch it again", weights->path, *at,
                       shown, key);
    uint64_t elements = 0;
    for (int i = COUNT_BYTES - 1; i >= 0; i--)
        elements = elements << 8 | weights->data[*at + (size_t)i];
    if (elements != stored->elements)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the storage \"%.*s\" has %llu elements, but its pickle says %zu", weights->path,
                       *at, shown, key, (unsigned long long)elements, stored->elements);
    *at += COUNT_BYTES;
    size_t left = weights->size - *at, bytes;
    if (__builtin_mul_overflow(stored->elements, stored->element, &bytes) || bytes > left)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: byte %zu: the storage \"%.*s\" has %zu elements of %zu bytes, but the file has %zu bytes "
                       "more; it was cut short, fetch it again",
                       weights->path, *at, shown, key, stored->elements, stored->element, left);
    stored->data = weights->data + *at;
    *at += bytes;
    return CLIPSEARCH_OK;
}

static clipsearch_status locate_all(const struct file *file, const cs_pickle *keys, size_t at, clipsearch_error *err)
{
    const cs_pickle_value *list = &keys->values[keys->root];
    clipsearch_status status = CLIPSEARCH_OK;
    if (list->kind != CS_PICKLE_LIST)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: its list of storages is no list", file->weights->path);
    for (uint32_t cell = list->first; cell && status == CLIPSEARCH_OK; cell = keys->cells[cell].next) {
        size_t n;
        const char *key = cs_pickle_text(keys, keys->cells[cell].value, &n);
        status = key ? locate(file, key, n, &at, err)
                     : cs_fail(err, CLIPSEARCH_E_MODEL, "%s: a storage's key is no text", file->weights->path);
    }
    if (status == CLIPSEARCH_OK && at != file->weights->size)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: byte %zu: %zu bytes after the last storage belong to none",
                       file->weights->path, at, file->weights->size - at);
    return status;
}

clipsearch_status cs_torch_legacy_read(cs_weights *weights, clipsearch_error *err)
{
    struct file file = {.weights = weights};
    cs_pickle object = {0}, keys = {0};
    size_t at = sizeof magic - 1;
    weights->source.container = "PyTorch file (before 1.6)";
    clipsearch_status status = read_preamble(weights, &at, err);
    if (status == CLIPSEARCH_OK)
        status = read_pickle(weights, &at, &object, err);
    if (status == CLIPSEARCH_OK)
        status = read_pickle(weights, &at, &keys, err);
    if (status == CLIPSEARCH_OK)
        status = collect(&file, &object, err);
    if (status == CLIPSEARCH_OK)
        status = locate_all(&file, &keys, at, err);
    if (status == CLIPSEARCH_OK) {
        const cs_torch_storages storages = {.find = find_storage, .context = &file};
        status = cs_torch_tensors(weights, &object, &storages, err);
    }
    cs_free(file.stored);
    cs_pickle_free(&keys);
    cs_pickle_free(&object);
    return status;
}
