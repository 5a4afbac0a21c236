/* SPDX-License-Identifier: MIT
 * weights.c - weight files: which container it is, look-up by name, the fingerprint. */
#include "model/weights.h"

#include "base/mem.h"
#include "base/digest.h"
#include "model/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 64, SHAPE_TEXT = 200, TAR_MAGIC_AT = 257 };

/* Other files that people have instead of safetensors, by their first bytes, and what to do about each. */
static const struct {
    const char *magic;
    size_t size;
    clipsearch_status status;
    const char *advice;
} others[] = {
    {"\x80\x02", 2, CLIPSEARCH_E_UNSUPPORTED,
     "a Python pickle without tensors of its own, which is not read; load it in Python and save its tensors with "
     "safetensors.torch.save_file"},
    {"GGUF", 4, CLIPSEARCH_E_UNSUPPORTED,
     "a GGUF file, which this build does not read; use the safetensors file it was made from"},
    {"version https://git-lfs", 23, CLIPSEARCH_E_MODEL,
     "a Git LFS pointer, which stands in for the weights; fetch the file itself with `git lfs pull`"},
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const cs_tensor *)a)->name, ((const cs_tensor *)b)->name);
}

/* By its signature at byte 0; the other places that the format allows (512, 1024, ...) are not tried. */
static bool is_hdf5(const uint8_t *data, size_t size)
{
    return size >= 8 && memcmp(data, "\x89HDF\r\n\x1a\n", 8) == 0;
}

/* The containers that are read, in the order in which they are tried. */
static const struct {
    bool (*probe)(const uint8_t *data, size_t size);
    clipsearch_status (*read)(cs_weights *weights, clipsearch_error *err);
} containers[] = {
    {cs_safetensors_probe, cs_safetensors_read},
    {cs_torch_zip_probe, cs_torch_zip_read},
    {cs_torch_legacy_probe, cs_torch_legacy_read},
    {is_hdf5, cs_hdf5_read},
};

static clipsearch_status refuse_other(const cs_weights *weights, clipsearch_error *err)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (weights->size >= others[i].size && memcmp(weights->data, others[i].magic, others[i].size) == 0)
            return cs_fail(err, others[i].status, "%s: this is %s", weights->path, others[i].advice);
    if (weights->size >= TAR_MAGIC_AT + 5 && memcmp(weights->data + TAR_MAGIC_AT, "ustar", 5) == 0)
        return cs_fail(
            err, CLIPSEARCH_E_UNSUPPORTED,
            "%s: this is a tar archive, as PyTorch wrote them before version 0.1.10, which is not read; load "
            "it in Python and save its state_dict again with torch.save",
            weights->path);
    if (weights->size < 10) /* a length and "{}" */
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: %zu bytes, too short for a safetensors file", weights->path,
                       weights->size);
    return cs_fail(err, CLIPSEARCH_E_MODEL,
                   "%s: not a safetensors file: byte 8, where its header begins, is 0x%02x and not '{'", weights->path,
                   weights->data[8]);
}

/* Read the tensors once path, data and size are set. */
static clipsearch_status read_container(cs_weights *weights, clipsearch_error *err)
{
    size_t kind = 0, kinds = sizeof containers / sizeof *containers;
    while (kind < kinds && !containers[kind].probe(weights->data, weights->size))
        kind++;
    clipsearch_status status = kind < kinds ? containers[kind].read(weights, err) : refuse_other(weights, err);
    if (status != CLIPSEARCH_OK)
        return status;
    qsort(weights->tensors, weights->count, sizeof *weights->tensors, compare_names);
    for (size_t i = 1; i < weights->count; i++)
        if (compare_names(&weights->tensors[i - 1], &weights->tensors[i]) == 0)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%.200s\" is there twice", weights->path,
                           weights->tensors[i].name);
    return CLIPSEARCH_OK;
}

static clipsearch_status open_with(const char *path, const void *data, size_t size, cs_weights **weights,
                                   clipsearch_error *err)
{
    *weights = NULL;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_weights *made = cs_zalloc_array(1, sizeof *made);
    if (!made || !(made->path = cs_strdup(path))) {
        status = cs_fail_memory(err, path);
        goto done;
    }
    if (!data) {
        status = cs_map_open(path, &made->map, err);
        if (status != CLIPSEARCH_OK)
            goto done;
        data = made->map.data;
        size = made->map.size;
    }
    made->data = data;
    made->size = size;
    status = read_container(made, err);
done:
    if (status != CLIPSEARCH_OK)
        cs_weights_close(&made);
    *weights = made;
    return status;
}

clipsearch_status cs_weights_open(const char *path, cs_weights **weights, clipsearch_error *err)
{
    return open_with(path, NULL, 0, weights, err);
}

clipsearch_status cs_weights_open_memory(const void *data, size_t size, const char *name, cs_weights **weights,
                                         clipsearch_error *err)
{
    return open_with(name, data, size, weights, err);
}

void cs_weights_close(cs_weights **weights)
{
    if (!weights || !*weights)
        return;
    cs_map_close(&(*weights)->map);
    for (size_t i = 0; i < (*weights)->copy_count; i++)
        cs_free((*weights)->copies[i]);
    cs_free((*weights)->copies);
    cs_free((*weights)->tensors);
    cs_free((*weights)->names);
    cs_free((*weights)->path);
    cs_free(*weights);
    *weights = NULL;
}

const char *cs_weights_path(const cs_weights *weights)
{
    return weights->path;
}

const cs_weights_source *cs_weights_source_of(const cs_weights *weights)
{
    return &weights->source;
}

clipsearch_status cs_weights_copy(cs_weights *weights, const char *name, size_t bytes, size_t limit, void **block,
                                  clipsearch_error *err)
{
    *block = NULL;
    if (bytes > limit || weights->source.copied_bytes > limit - bytes)
        return cs_fail(
            err, CLIPSEARCH_E_MODEL,
            "%s: the tensor \"%.200s\" must be copied into memory, and with its %zu bytes the copies take more "
            "than the limit of %zu; save it in Python with .contiguous()",
            weights->path, name, bytes, limit);
    void **copies = cs_grow(weights->copies, &weights->copy_capacity, weights->copy_count + 1, sizeof *copies);
    if (!copies)
        return cs_fail_memory(err, weights->path);
    weights->copies = copies;
    *block = cs_alloc_aligned(bytes, 1);
    if (!*block)
        return cs_fail_memory(err, weights->path);
    weights->copies[weights->copy_count++] = *block;
    weights->source.copied_bytes += bytes;
    return CLIPSEARCH_OK;
}

size_t cs_weights_count(const cs_weights *weights)
{
    return weights->count;
}

const cs_tensor *cs_weights_at(const cs_weights *weights, size_t i)
{
    return &weights->tensors[i];
}

const cs_tensor *cs_weights_find(const cs_weights *weights, const char *name)
{
    const cs_tensor wanted = {.name = name};
    return bsearch(&wanted, weights->tensors, weights->count, sizeof *weights->tensors, compare_names);
}

const char *cs_shape_text(int rank, const size_t *shape, char *out, size_t size)
{
    size_t at = (size_t)snprintf(out, size, "[");
    for (int i = 0; i < rank && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, i ? ", %zu" : "%zu", shape[i]);
    if (at < size)
        snprintf(out + at, size - at, "]");
    return out;
}

clipsearch_status cs_weights_get(const cs_weights *weights, const char *name, int rank, const size_t *shape,
                                 const cs_tensor **tensor, clipsearch_error *err)
{
    *tensor = NULL;
    char expected[SHAPE_TEXT], found[SHAPE_TEXT];
    cs_shape_text(rank, shape, expected, sizeof expected);
    const cs_tensor *it = cs_weights_find(weights, name);
    if (!it)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\", expected of shape %s, is not there",
                       weights->path, name, expected);
    bool same = it->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = it->shape[i] == shape[i];
    if (!same)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%s\" is of shape %s, expected %s; the configuration and the weights are of "
                       "different models",
                       weights->path, name, cs_shape_text(it->rank, it->shape, found, sizeof found), expected);
    if (!it->is_float)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%s\" is stored as %s, expected F32, F16 or BF16; convert the file to one of "
                       "these",
                       weights->path, name, it->stored);
    *tensor = it;
    return CLIPSEARCH_OK;
}

static void add_text(cs_digest *digest, const char *text)
{
    cs_digest_update(digest, text, strlen(text) + 1); /* its NUL ends it */
}

clipsearch_status cs_weights_fingerprint(const cs_weights *weights, char hex[65], clipsearch_error *err)
{
    if (weights->source_fingerprint[0]) {
        memcpy(hex, weights->source_fingerprint, sizeof weights->source_fingerprint);
        return CLIPSEARCH_OK;
    }
    cs_digest digest;
    cs_digest_init(&digest, CS_SHA256);
    for (size_t i = 0; i < weights->count; i++) {
        const cs_tensor *tensor = &weights->tensors[i];
        add_text(&digest, tensor->name);
        add_text(&digest, tensor->stored);
        char dims[CS_TENSOR_RANK * 21 + 1] = ""; /* 20 digits and a comma each */
        for (int d = 0, at = 0; d < tensor->rank; d++)
            at += snprintf(dims + at, sizeof dims - (size_t)at, d ? ",%zu" : "%zu", tensor->shape[d]);
        add_text(&digest, dims);
        size_t sample = tensor->bytes < SAMPLE ? tensor->bytes : SAMPLE;
        cs_digest_update(&digest, (const uint8_t *)tensor->data + (tensor->bytes - sample) / 2, sample);
    }
    uint8_t bytes[CS_SHA256_BYTES];
    clipsearch_status status = cs_digest_final(&digest, bytes, err);
    cs_digest_hex(bytes, sizeof bytes, hex);
    return status;
}
