/* SPDX-License-Identifier: MIT
 * torch_zip.c - PyTorch's zip archives: state dictionaries, checkpoints, TorchScript. */
#include "model/torch_tensors.h"
#include "model/zip.h"

#include <stdio.h>
#include <string.h>

/*
 * torch.save (1.6 and later) and torch.jit.save write an archive whose files lie in one folder: data.pkl, the pickle of
 * the object; data/<key>, the bytes of each storage, little-endian unless a file `byteorder` says "big"; code/ and
 * constants.pkl for TorchScript, which describe a program and are not read. (torch/serialization.py,
 * torch/csrc/jit/serialization)
 */

enum { MAX_FOLDER = 512, MAX_KEY = 100 };

struct archive {
    const cs_weights *weights;
    cs_zip zip;
    char folder[MAX_FOLDER]; /* with its slash */
};

static const char pickle_name[] = "data.pkl";

bool cs_torch_zip_probe(const uint8_t *data, size_t size)
{
    return size >= 4 && memcmp(data, "PK\x03\x04", 4) == 0;
}

static const cs_zip_entry *find(const struct archive *archive, const char *folder, const char *name, size_t n)
{
    char path[MAX_FOLDER + MAX_KEY];
    int length = snprintf(path, sizeof path, "%s%s%.*s", archive->folder, folder, (int)n, name);
    return cs_zip_find(&archive->zip, path, (size_t)length);
}

static clipsearch_status find_storage(const void *context, const char *key, size_t n, cs_torch_bytes *bytes,
                                      clipsearch_error *err)
{
    const struct archive *archive = context;
    const char *path = archive->weights->path;
    /* with a NUL in it the name would end early, and the comparison would not notice */
    const cs_zip_entry *entry = n <= MAX_KEY / 2 && !memchr(key, '\0', n) ? find(archive, "data/", key, n) : NULL;
    if (!entry)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the storage \"%.*s\", which its pickle names, is not in the archive", path,
                       (int)(n < MAX_KEY ? n : MAX_KEY), key);
    if (!entry->stored)
        return cs_fail(
            err, CLIPSEARCH_E_UNSUPPORTED,
            "%s: byte %zu: the storage \"%.*s\" is compressed, and weights are used where they lie; load the "
            "file in Python and save it again with torch.save",
            path, entry->header_at, (int)n, key);
    *bytes = (cs_torch_bytes){.data = archive->weights->data + entry->at, .size = entry->size};
    return CLIPSEARCH_OK;
}

/* ---------------------------------------------------------------- what the archive is */

static bool ends_with(const cs_zip_entry *entry, const char *end)
{
    size_t n = strlen(end);
    return entry->name_len >= n && memcmp(entry->name + entry->name_len - n, end, n) == 0;
}

static clipsearch_status refuse_other(const struct archive *archive, clipsearch_error *err)
{
    static const struct {
        const char *end, *advice;
    } others[] = {
        {"/model.json",
         "a TorchScript archive from before version 1.4, which is not read; save it again with torch.jit.save"},
        {"model.weights.h5", "a .keras archive; take model.weights.h5 out of it and give that"},
        {".npy", "a NumPy archive, which is not read; save its arrays with safetensors.numpy.save_file"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (size_t k = 0; k < archive->zip.count; k++)
            if (ends_with(&archive->zip.entries[k], others[i].end))
                return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: this is %s", archive->weights->path,
                               others[i].advice);
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: a zip archive, but not PyTorch's: there is no %s in its folder",
                   archive->weights->path, pickle_name);
}

/* Find the one folder that has a data.pkl; sets archive->folder. */
static clipsearch_status find_pickle(struct archive *archive, const cs_zip_entry **pickle, clipsearch_error *err)
{
    *pickle = NULL;
    for (size_t i = 0; i < archive->zip.count; i++) {
        const cs_zip_entry *entry = &archive->zip.entries[i];
        const char *slash = memchr(entry->name, '/', entry->name_len);
        size_t folder = slash ? (size_t)(slash + 1 - entry->name) : 0;
        if (folder < 2 || folder >= MAX_FOLDER || entry->name_len - folder != sizeof pickle_name - 1 ||
            !ends_with(entry, pickle_name))
            continue;
        if (*pickle)
            return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the archive has more than one %s", archive->weights->path,
                           pickle_name);
        *pickle = entry;
        memcpy(archive->folder, entry->name, folder);
        archive->folder[folder] = '\0';
    }
    if (!*pickle)
        return refuse_other(archive, err);
    if (!(*pickle)->stored)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: byte %zu: %s is compressed, which torch.save never does; load the file in Python and save "
                       "it again with torch.save",
                       archive->weights->path, (*pickle)->header_at, pickle_name);
    return CLIPSEARCH_OK;
}

static clipsearch_status check_byteorder(const struct archive *archive, clipsearch_error *err)
{
    static const char name[] = "byteorder", little[] = "little";
    const cs_zip_entry *entry = find(archive, "", name, sizeof name - 1);
    if (!entry || (entry->stored && entry->size == sizeof little - 1 &&
                   memcmp(archive->weights->data + entry->at, little, sizeof little - 1) == 0))
        return CLIPSEARCH_OK;
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "%s: byte %zu: its numbers are not little-endian (byteorder); load the file in Python on the machine "
        "that wrote it and save its state_dict with safetensors.torch.save_file",
        archive->weights->path, entry->at);
}

clipsearch_status cs_torch_zip_read(cs_weights *weights, clipsearch_error *err)
{
    struct archive archive = {.weights = weights};
    cs_pickle pickle = {0};
    const cs_zip_entry *entry;
    clipsearch_status status = cs_zip_open(weights->data, weights->size, weights->path, &archive.zip, err);
    if (status == CLIPSEARCH_OK)
        status = find_pickle(&archive, &entry, err);
    if (status == CLIPSEARCH_OK)
        status = check_byteorder(&archive, err);
    if (status == CLIPSEARCH_OK)
        status = cs_pickle_read(weights->data + entry->at, entry->size, weights->path, entry->at, &pickle, err);
    if (status == CLIPSEARCH_OK) {
        weights->source.container = cs_torch_is_module(&pickle) ? "TorchScript archive" : "PyTorch archive";
        const cs_torch_storages storages = {.find = find_storage, .context = &archive};
        status = cs_torch_tensors(weights, &pickle, &storages, err);
    }
    cs_pickle_free(&pickle);
    cs_zip_free(&archive.zip);
    return status;
}
