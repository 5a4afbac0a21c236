/* SPDX-License-Identifier: MIT
 * model_dir.c - a model directory: which files it has, and which of them are used. */
#include "model/model_dir.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/config_source.h"
#include "model/image_source.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CONFIG_BYTES = 4 << 20, /* real ones have a few thousand */
    MAX_CONFIG_VALUES = 1 << 16,
    MAX_NAMES = 8 /* weight files named in a message */
};

/* A JSON file of the directory; document NULL when it is not there. */
struct json_file {
    char *path;
    cs_json_document *document;
};

static void json_file_close(struct json_file *file)
{
    cs_free(file->path);
    cs_json_close(&file->document);
    file->path = NULL;
}

/* The path of `name` in the directory when such a file is there, else NULL in *path. */
static clipsearch_status find_file(const char *directory, const char *name, char **path, clipsearch_error *err)
{
    cs_file_info info;
    *path = cs_path_join(directory, name);
    if (!*path)
        return cs_fail_memory(err, directory);
    clipsearch_error inner;
    clipsearch_status status = cs_file_stat(*path, &info, &inner);
    if (status == CLIPSEARCH_OK && !info.is_directory)
        return CLIPSEARCH_OK;
    cs_free(*path);
    *path = NULL;
    if (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND)
        return CLIPSEARCH_OK;
    return cs_fail(err, status, "%s", inner.message);
}

/* The first of `names` that is there. */
static clipsearch_status find_first(const char *directory, const char *const *names, size_t count, char **path,
                                    clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    *path = NULL;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK && !*path; i++)
        status = find_file(directory, names[i], path, err);
    return status;
}

/* Read the JSON file `name` if it is there. Every error in its content is CLIPSEARCH_E_MODEL. */
static clipsearch_status read_json(const char *directory, const char *name, struct json_file *file,
                                   clipsearch_error *err)
{
    *file = (struct json_file){0};
    clipsearch_status status = find_file(directory, name, &file->path, err);
    if (status != CLIPSEARCH_OK || !file->path)
        return status;
    clipsearch_error inner = {0};
    cs_buf text = cs_buf_make(MAX_CONFIG_BYTES);
    status = cs_file_read(file->path, &text, NULL, &inner);
    if (status == CLIPSEARCH_OK)
        status =
            cs_json_parse(text.data ? text.data : "", text.len, file->path, MAX_CONFIG_VALUES, &file->document, &inner);
    cs_buf_free(&text);
    if (status == CLIPSEARCH_E_FORMAT || status == CLIPSEARCH_E_LIMIT)
        status = CLIPSEARCH_E_MODEL;
    return status == CLIPSEARCH_OK ? status : cs_fail(err, status, "%s", inner.message);
}

/* ---------------------------------------------------------------- weights */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Files of one kind. */
struct names {
    char *kept[MAX_NAMES]; /* owned */
    size_t count;          /* may be more than are kept */
};

/* What the directory holds besides the names that are tried first. */
struct listing {
    struct names safetensors, others; /* others: PyTorch's and Keras' files, which are read as well */
    char *sharded;                    /* a part of a model in several files, or their index; owned or NULL */
    char *unread;                     /* weights in a container that is not read; owned or NULL */
};

static void listing_free(struct listing *listing)
{
    for (size_t i = 0; i < MAX_NAMES; i++) {
        cs_free(listing->safetensors.kept[i]);
        cs_free(listing->others.kept[i]);
    }
    cs_free(listing->sharded);
    cs_free(listing->unread);
}

/* Keep a copy of `name` at *kept unless one is there. False when out of memory. */
static bool keep(char **kept, const char *name)
{
    if (!*kept)
        *kept = cs_strdup(name);
    return *kept != NULL;
}

static bool add_name(struct names *names, const char *name)
{
    size_t i = names->count++;
    return i >= MAX_NAMES || keep(&names->kept[i], name);
}

static bool ends_with_one(const char *name, const char *const *ends, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ends_with(name, ends[i]))
            return true;
    return false;
}

/* Whether the name is that of one file of several: "model-00001-of-00002.safetensors". */
static bool is_shard(const char *name)
{
    for (const char *of = strstr(name, "-of-"); of; of = strstr(of + 1, "-of-"))
        if (of > name && of[-1] >= '0' && of[-1] <= '9' && of[4] >= '0' && of[4] <= '9')
            return true;
    return false;
}

static bool list_name(struct listing *listing, const char *name)
{
    static const char *const read[] = {".pt", ".pth", ".bin", ".h5"};
    static const char *const unread[] = {".ckpt", ".keras", ".msgpack", ".onnx", ".gguf"};
    /* files that training programs write beside a model */
    static const char *const no_weights[] = {"optimizer.pt", "optimizer.bin", "scheduler.pt", "training_args.bin"};
    if (name[0] == '.') /* "._model.safetensors", say, is what macOS puts beside a file on foreign disks */
        return true;
    bool weights = ends_with(name, ".safetensors"), other = ends_with_one(name, read, sizeof read / sizeof *read);
    if (ends_with(name, ".safetensors.index.json") || ends_with(name, ".bin.index.json") ||
        ((weights || other) && is_shard(name)))
        return keep(&listing->sharded, name);
    if (weights)
        return add_name(&listing->safetensors, name);
    for (size_t i = 0; i < sizeof no_weights / sizeof *no_weights; i++)
        if (strcmp(name, no_weights[i]) == 0)
            return true;
    if (other)
        return add_name(&listing->others, name);
    return !ends_with_one(name, unread, sizeof unread / sizeof *unread) || keep(&listing->unread, name);
}

static clipsearch_status list_directory(const char *path, struct listing *listing, clipsearch_error *err)
{
    DIR *directory = opendir(path);
    if (!directory)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
    clipsearch_status status = CLIPSEARCH_OK;
    for (struct dirent *entry; status == CLIPSEARCH_OK && (entry = readdir(directory));)
        if (!list_name(listing, entry->d_name))
            status = cs_fail_memory(err, path);
    closedir(directory);
    return status;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The only file of `files`, or an error that lists them. `wanted` is the name that would decide. */
static clipsearch_status choose_only(const char *path, struct names *files, const char *wanted, char **weights,
                                     clipsearch_error *err)
{
    if (files->count == 1) {
        *weights = cs_path_join(path, files->kept[0]);
        return *weights ? CLIPSEARCH_OK : cs_fail_memory(err, path);
    }
    size_t kept = files->count < MAX_NAMES ? files->count : MAX_NAMES;
    qsort(files->kept, kept, sizeof *files->kept, compare_strings);
    cs_buf names = cs_buf_make(4096);
    for (size_t i = 0; i < kept; i++)
        cs_buf_printf(&names, i ? ", %s" : "%s", files->kept[i]);
    if (kept < files->count)
        cs_buf_puts(&names, ", ...");
    clipsearch_status status =
        cs_fail(err, CLIPSEARCH_E_MODEL,
                "%s: several weight files (%s) and none called %s; rename the right one, or give its path instead of "
                "the directory's",
                path, names.data ? names.data : "", wanted);
    cs_buf_free(&names);
    return status;
}

/* The weights when none of the names that are tried first exists: the only *.safetensors, else PyTorch's by their usual
 * names, else the only file of the other kinds; or an error that says what the directory has instead. */
static clipsearch_status find_only_weights(const char *path, char **weights, clipsearch_error *err)
{
    static const char *const pytorch[] = {"pytorch_model.bin", "open_clip_pytorch_model.bin"};
    struct listing listing = {0};
    clipsearch_status status = list_directory(path, &listing, err);
    if (status == CLIPSEARCH_OK && listing.safetensors.count) {
        status = choose_only(path, &listing.safetensors, "model.safetensors", weights, err);
        goto done;
    }
    if (status == CLIPSEARCH_OK)
        status = find_first(path, pytorch, 2, weights, err);
    if (status != CLIPSEARCH_OK || *weights)
        goto done;
    if (listing.sharded)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "%s: the weights are in several files (%s), which are not read; load the model in Python and "
                         "save it with save_pretrained(..., max_shard_size=\"100GB\")",
                         path, listing.sharded);
    else if (listing.others.count)
        status = choose_only(path, &listing.others, pytorch[0], weights, err);
    else if (listing.unread)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "%s: the only weight file is %s, which is not read; fetch the model.safetensors beside it, "
                         "or load the model in Python and save its state_dict with safetensors.torch.save_file",
                         path, listing.unread);
    else
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                         "%s: no weights there; looked for model.safetensors, open_clip_model.safetensors, one other "
                         "*.safetensors, pytorch_model.bin, open_clip_pytorch_model.bin, and one *.pt, *.pth, *.bin or "
                         "*.h5",
                         path);
done:
    listing_free(&listing);
    return status;
}

/* transformers' name first, or open_clip's first when its configuration is used: repositories that
 * serve both libraries hold both files. */
static clipsearch_status find_weights(const char *path, bool open_clip, char **weights, clipsearch_error *err)
{
    static const char *const names[] = {"model.safetensors", "open_clip_model.safetensors", "model.safetensors"};
    clipsearch_status status = find_first(path, names + open_clip, 2, weights, err);
    if (status == CLIPSEARCH_OK && !*weights)
        status = find_only_weights(path, weights, err);
    return status;
}

/* ---------------------------------------------------------------- configuration */

/* Open the configuration that is used and find its kind; a document of NULL: there is none. */
static clipsearch_status choose_config(const char *path, struct json_file *file, cs_config_kind *kind,
                                       clipsearch_error *err)
{
    struct json_file other = {0};
    *kind = CS_CONFIG_OTHER;
    clipsearch_status status = read_json(path, "config.json", file, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (file->document) {
        *kind = cs_config_kind_of(cs_json_root(file->document));
        if (*kind != CS_CONFIG_OTHER)
            return CLIPSEARCH_OK;
    }
    /* a config.json of timm, say, lies beside open_clip's file in repositories that serve both */
    status = read_json(path, "open_clip_config.json", &other, err);
    if (status == CLIPSEARCH_OK && other.document) {
        json_file_close(file);
        *file = other;
        *kind = cs_config_kind_of(cs_json_root(file->document));
        return *kind == CS_CONFIG_OPEN_CLIP
                   ? CLIPSEARCH_OK
                   : cs_fail(err, CLIPSEARCH_E_MODEL, "%s: it has no model_cfg with embed_dim, vision_cfg and text_cfg",
                             file->path);
    }
    json_file_close(&other);
    if (status == CLIPSEARCH_OK && file->document)
        status = cs_config_refuse_other(cs_json_root(file->document), file->path, err);
    return status;
}

/* preprocessor_config.json, or the image_processor inside the processor_config.json of newer versions. */
static clipsearch_status read_preprocessor(const char *path, cs_model_dir *dir, clipsearch_error *err)
{
    struct json_file file;
    clipsearch_status status = read_json(path, "preprocessor_config.json", &file, err);
    const cs_json *root = file.document ? cs_json_root(file.document) : NULL;
    if (status == CLIPSEARCH_OK && !file.path) {
        status = read_json(path, "processor_config.json", &file, err);
        root = file.document ? cs_json_get(cs_json_root(file.document), "image_processor") : NULL;
    }
    if (status == CLIPSEARCH_OK && root && root->type != CS_JSON_OBJECT)
        status = cs_fail(err, CLIPSEARCH_E_MODEL, "%s: expected a JSON object", file.path);
    const char *name = root ? file.path : path;
    if (status == CLIPSEARCH_OK)
        status = dir->image_only ? cs_hf_resnet_preprocessor_read(root, name, &dir->image, err)
                                 : cs_hf_preprocessor_read(root, name, &dir->config, err);
    json_file_close(&file);
    return status;
}

/* clipsearch.json, when it is there. */
static clipsearch_status read_override(const char *path, cs_image_config *config, clipsearch_error *err)
{
    struct json_file file;
    clipsearch_status status = read_json(path, "clipsearch.json", &file, err);
    if (status == CLIPSEARCH_OK && file.document)
        status = cs_image_override_read(cs_json_root(file.document), file.path, config, err);
    json_file_close(&file);
    return status;
}

/* The configuration of an image network: what the tensors say, then the library's file, then clipsearch.json. `path` is
 * NULL when a weight file is used alone. */
static clipsearch_status read_image_config(const char *path, const struct json_file *file, cs_config_kind kind,
                                           const cs_weights *weights, cs_model_dir *dir, clipsearch_error *err)
{
    dir->image_only = true;
    clipsearch_status status = cs_image_recognise(weights, &dir->image, err);
    if (status == CLIPSEARCH_OK && kind == CS_CONFIG_TIMM)
        status = cs_timm_config_read(cs_json_root(file->document), file->path, &dir->image, err);
    if (status == CLIPSEARCH_OK && kind == CS_CONFIG_HF_RESNET) {
        status = cs_hf_resnet_read(cs_json_root(file->document), file->path, &dir->image, err);
        if (status == CLIPSEARCH_OK)
            status = read_preprocessor(path, dir, err);
    }
    if (status == CLIPSEARCH_OK && path)
        status = read_override(path, &dir->image, err);
    if (status == CLIPSEARCH_OK && (dir->image.dim < 1 || dir->image.dim > CS_MAX_DIM))
        status = cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the last stage makes %zu channels, expected 1 to %d",
                         cs_weights_path(weights), dir->image.dim, CS_MAX_DIM);
    return status;
}

/* The network below CLIP's head, as its tensors say; the size of images is the configuration's. A file may have the
 * text tower only. */
static clipsearch_status read_lite(const cs_weights *weights, cs_model_dir *dir, clipsearch_error *err)
{
    if (!cs_image_is_one(weights))
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_image_recognise(weights, &dir->image, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (dir->image.family != CS_FAMILY_EFFICIENTNET_LITE || dir->image.naming != CS_IMAGE_TORCH)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "%s: the configuration says efficientnet_lite, but the tensors are those of %s, or named by "
                       "another library",
                       cs_weights_path(weights), dir->image.name);
    dir->image.preprocess = dir->config.preprocess;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_config(const char *path, const struct json_file *file, cs_config_kind kind,
                                     const cs_weights *weights, cs_model_dir *dir, clipsearch_error *err)
{
    clipsearch_status status;
    const char *source = file->document ? file->path : cs_weights_path(weights);
    if (kind == CS_CONFIG_TIMM || kind == CS_CONFIG_HF_RESNET || (!file->document && cs_image_is_one(weights)))
        return read_image_config(path, file, kind, weights, dir, err);
    if (!file->document) {
        status = cs_infer_config(weights, &dir->config, err);
    } else if (kind == CS_CONFIG_OPEN_CLIP) {
        status = cs_open_clip_config_read(cs_json_root(file->document), file->path, &dir->config, err);
    } else {
        status = cs_hf_config_read(cs_json_root(file->document), file->path, &dir->config, err);
        if (status == CLIPSEARCH_OK)
            status = read_preprocessor(path, dir, err);
        if (status == CLIPSEARCH_OK && dir->config.lite)
            status = read_lite(weights, dir, err);
    }
    return status == CLIPSEARCH_OK ? cs_clip_config_finish(&dir->config, source, err) : status;
}

/* ---------------------------------------------------------------- the directory */

static clipsearch_status check_path(const char *path, bool *is_file, clipsearch_error *err)
{
    cs_file_info info;
    clipsearch_status status = cs_file_stat(path, &info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND)
        return cs_fail(err, status, "%s: no such model directory or weight file", path);
    *is_file = status == CLIPSEARCH_OK && !info.is_directory;
    return status;
}

/* Tokenizer files, in the directory of the weights. */
static clipsearch_status find_vocabulary(const char *directory, cs_model_dir *dir, clipsearch_error *err)
{
    static const char *const merges[] = {"merges.txt", "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
                                         "tokenizer.json"};
    clipsearch_status status = find_file(directory, "vocab.json", &dir->vocab, err);
    if (status == CLIPSEARCH_OK)
        status = find_first(directory, merges, sizeof merges / sizeof *merges, &dir->merges, err);
    if (status == CLIPSEARCH_OK)
        status = find_file(directory, CS_COMPILED_VOCABULARY, &dir->compiled, err);
    return status;
}

/* A weight file by itself. */
static clipsearch_status open_file(cs_model_dir *dir, cs_weights **weights, clipsearch_error *err)
{
    const struct json_file none = {0};
    size_t n = (size_t)(cs_path_base(dir->path) - dir->path);
    char *directory = n ? cs_strndup(dir->path, n) : cs_strdup(".");
    dir->weights = cs_strdup(dir->path);
    clipsearch_status status = directory && dir->weights ? CLIPSEARCH_OK : cs_fail_memory(err, dir->path);
    if (status == CLIPSEARCH_OK)
        status = cs_weights_open(dir->weights, weights, err);
    if (status == CLIPSEARCH_OK)
        status = read_config(NULL, &none, CS_CONFIG_OTHER, *weights, dir, err);
    if (status == CLIPSEARCH_OK && !dir->image_only)
        status = find_vocabulary(directory, dir, err);
    cs_free(directory);
    return status;
}

static clipsearch_status open_directory(cs_model_dir *dir, cs_weights **weights, clipsearch_error *err)
{
    struct json_file config = {0};
    cs_config_kind kind = CS_CONFIG_OTHER;
    clipsearch_status status = choose_config(dir->path, &config, &kind, err);
    if (status == CLIPSEARCH_OK)
        status = find_weights(dir->path, kind == CS_CONFIG_OPEN_CLIP, &dir->weights, err);
    if (status == CLIPSEARCH_OK)
        status = cs_weights_open(dir->weights, weights, err);
    if (status == CLIPSEARCH_OK)
        status = read_config(dir->path, &config, kind, *weights, dir, err);
    if (status == CLIPSEARCH_OK && !dir->image_only)
        status = find_vocabulary(dir->path, dir, err);
    json_file_close(&config);
    return status;
}

clipsearch_status cs_model_dir_open(const char *path, cs_model_dir *dir, cs_weights **weights, clipsearch_error *err)
{
    bool is_file = false;
    *dir = (cs_model_dir){0};
    *weights = NULL;
    clipsearch_status status = check_path(path, &is_file, err);
    if (status == CLIPSEARCH_OK && !(dir->path = cs_strdup(path)))
        status = cs_fail_memory(err, path);
    if (status == CLIPSEARCH_OK)
        status = is_file ? open_file(dir, weights, err) : open_directory(dir, weights, err);
    if (status != CLIPSEARCH_OK) {
        cs_weights_close(weights);
        cs_model_dir_free(dir);
    }
    return status;
}

void cs_model_dir_free(cs_model_dir *dir)
{
    if (!dir)
        return;
    cs_free(dir->path);
    cs_free(dir->weights);
    cs_free(dir->vocab);
    cs_free(dir->merges);
    cs_free(dir->compiled);
    *dir = (cs_model_dir){0};
}

size_t cs_model_dim(const cs_model_dir *dir)
{
    return dir->image_only ? dir->image.dim : dir->config.dim;
}

const cs_preprocess_config *cs_model_preprocess(const cs_model_dir *dir)
{
    return dir->image_only ? &dir->image.preprocess : &dir->config.preprocess;
}

const char *cs_model_architecture(const cs_model_dir *dir)
{
    if (dir->image_only)
        return dir->image.name;
    return dir->config.lite ? "clip-efficientnet-lite" : dir->config.resnet ? "clip-resnet" : "clip-vit";
}
