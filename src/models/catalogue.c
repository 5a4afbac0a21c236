/* SPDX-License-Identifier: MIT
 * catalogue.c - models.yaml, checked key by key. */
#include "models/catalogue.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/mem.h"
#include "models/location.h"
#include "config/nearest.h"
#include "config/yaml_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MODELS = 500, MAX_FILES = 64, SHA256_DIGITS = 64, MIN_BEGIN = 8, MD5_DIGITS = 32 };

/* Limit for the size of a file: 1 TiB. */
#define MAX_BYTES ((size_t)1 << 40)

enum file_key {
    FILE_NAME,
    FILE_URL,
    FILE_CONTENT,
    FILE_BYTES,
    FILE_ABOUT,
    FILE_SHA256,
    FILE_BEGINS,
    FILE_MD5,
    FILE_KEYS
};
enum acceptance_key {
    ACC_NAME,
    ACC_IMAGE,
    ACC_IMAGE_SHA256,
    ACC_IMAGE_SOURCE,
    ACC_TEXTS,
    ACC_PROBABILITIES,
    ACC_LOGITS,
    ACC_TOLERANCE,
    ACC_KEYS
};
enum model_key {
    MODEL_TITLE,
    MODEL_ENCODER,
    MODEL_DIM,
    MODEL_LICENCE,
    MODEL_PREPROCESSING,
    MODEL_SOURCE,
    MODEL_CHOICE,
    MODEL_FILES,
    MODEL_ACCEPTANCE,
    MODEL_KEYS
};

static const char *text_of(const cs_yaml_node *node)
{
    return node ? node->text : NULL;
}

static clipsearch_status fail_missing(const cs_yaml *yaml, const cs_yaml_node *map, const char *what, const char *key,
                                      clipsearch_error *err)
{
    return cs_yaml_fail(yaml, map, false, err, "%s has no %s", what, key);
}

/* ---------------------------------------------------------------- files */

static bool is_hex(const char *text, size_t min, size_t max)
{
    size_t n = strspn(text, "0123456789abcdef");
    return text[n] == '\0' && n >= min && n <= max;
}

/* A name that stays in its directory and is not that of a partly fetched file. */
static bool is_file_name(const char *name)
{
    size_t n = strlen(name);
    return name[0] != '.' && !strchr(name, '/') && n <= 200 && !(n > 5 && strcmp(name + n - 5, ".part") == 0) &&
           !(n > 10 && strcmp(name + n - 10, ".part-from") == 0);
}

static clipsearch_status read_digest(const cs_yaml *yaml, const cs_yaml_node *const *found, cs_known_file *file,
                                     clipsearch_error *err)
{
    static const struct {
        enum file_key key;
        cs_digest_kind kind;
        size_t min, max;
        const char *what;
    } kinds[] = {
        {FILE_SHA256, CS_DIGEST_SHA256, SHA256_DIGITS, SHA256_DIGITS, "64 lower-case hex digits"},
        {FILE_BEGINS, CS_DIGEST_SHA256_BEGIN, MIN_BEGIN, SHA256_DIGITS - 1, "8 to 63 lower-case hex digits"},
        {FILE_MD5, CS_DIGEST_MD5, MD5_DIGITS, MD5_DIGITS, "32 lower-case hex digits"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const cs_yaml_node *node = found[kinds[i].key];
        if (!node)
            continue;
        if (file->digest)
            return cs_yaml_fail(yaml, node, true, err,
                                "a file must have only one digest: sha256, sha256_begins or md5");
        if (!is_hex(node->text, kinds[i].min, kinds[i].max))
            return cs_yaml_fail(yaml, node, false, err, "%s must be %s", node->key, kinds[i].what);
        file->digest_kind = kinds[i].kind;
        file->digest = node->text;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status read_file(const cs_yaml *yaml, const cs_yaml_node *node, cs_known_file *file,
                                   clipsearch_error *err)
{
    static const cs_yaml_key keys[FILE_KEYS] = {
        [FILE_NAME] = {.name = "name", .kind = CS_KEY_TEXT},
        [FILE_URL] = {.name = "url", .kind = CS_KEY_TEXT},
        [FILE_CONTENT] = {.name = "content", .kind = CS_KEY_TEXT},
        [FILE_BYTES] = {.name = "bytes", .kind = CS_KEY_COUNT, .min = 1, .max = MAX_BYTES},
        [FILE_ABOUT] = {.name = "about", .kind = CS_KEY_COUNT, .min = 1, .max = MAX_BYTES},
        [FILE_SHA256] = {.name = "sha256", .kind = CS_KEY_TEXT},
        [FILE_BEGINS] = {.name = "sha256_begins", .kind = CS_KEY_TEXT},
        [FILE_MD5] = {.name = "md5", .kind = CS_KEY_TEXT},
    };
    const cs_yaml_node *found[FILE_KEYS];
    clipsearch_status status = cs_yaml_match(yaml, node, "a file", keys, FILE_KEYS, found, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!found[FILE_NAME])
        return fail_missing(yaml, node, "a file", "name", err);
    if (!is_file_name(found[FILE_NAME]->text))
        return cs_yaml_fail(yaml, found[FILE_NAME], false, err,
                            "\"%.64s\" is not a valid file name in a model directory", found[FILE_NAME]->text);
    if (!found[FILE_URL] == !found[FILE_CONTENT])
        return cs_yaml_fail(yaml, node, false, err, "a file must have either a url or content");
    const char *url = text_of(found[FILE_URL]);
    if (url && strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return cs_yaml_fail(yaml, found[FILE_URL], false, err, "url must begin with https:// or http://");
    const cs_yaml_node *bytes = found[found[FILE_BYTES] ? FILE_BYTES : FILE_ABOUT];
    *file = (cs_known_file){.name = found[FILE_NAME]->text,
                            .url = url,
                            .content = text_of(found[FILE_CONTENT]),
                            .bytes = bytes ? cs_yaml_count(bytes) : 0,
                            .exact = found[FILE_BYTES] != NULL};
    if (file->content) {
        file->bytes = strlen(file->content) + 1; /* and a newline */
        file->exact = true;
    }
    return read_digest(yaml, found, file, err);
}

/* ---------------------------------------------------------------- acceptance values */

static bool read_number(const char *text, double *value)
{
    return cs_read_double(text, value) && isfinite(*value);
}

static clipsearch_status read_texts(cs_yaml *yaml, const cs_yaml_node *node, cs_acceptance *acceptance,
                                    clipsearch_error *err)
{
    size_t n = node->kind == CS_YAML_LIST ? node->count : 1, i = 0;
    if (n == 0 || n > CS_ACCEPTANCE_TEXTS)
        return cs_yaml_fail(yaml, node, false, err, "texts must have 1 to %d elements", (int)CS_ACCEPTANCE_TEXTS);
    acceptance->texts = cs_yaml_alloc(yaml, n, sizeof *acceptance->texts);
    acceptance->expected = cs_yaml_alloc(yaml, n, sizeof *acceptance->expected);
    if (!acceptance->texts || !acceptance->expected)
        return cs_fail_memory(err, cs_yaml_name(yaml));
    acceptance->count = n;
    if (node->kind != CS_YAML_LIST)
        acceptance->texts[0] = node->text;
    else
        for (const cs_yaml_node *child = node->first; child; child = child->next)
            acceptance->texts[i++] = child->text;
    return CLIPSEARCH_OK;
}

static clipsearch_status read_expected(cs_yaml *yaml, const cs_yaml_node *node, cs_acceptance *acceptance,
                                       clipsearch_error *err)
{
    size_t n = node->kind == CS_YAML_LIST ? node->count : 1, i = 0;
    if (n != acceptance->count)
        return cs_yaml_fail(yaml, node, false, err, "%s must have as many elements as texts", node->key);
    for (const cs_yaml_node *child = node->kind == CS_YAML_LIST ? node->first : node; child && i < n;
         child = child->next)
        if (!read_number(child->text, &acceptance->expected[i++]))
            return cs_yaml_fail(yaml, child, false, err, "\"%.64s\" is not a number", child->text);
    return CLIPSEARCH_OK;
}

static clipsearch_status read_acceptance(cs_yaml *yaml, const cs_yaml_node *node, cs_acceptance *acceptance,
                                         clipsearch_error *err)
{
    static const cs_yaml_key keys[ACC_KEYS] = {
        [ACC_NAME] = {.name = "name", .kind = CS_KEY_TEXT},
        [ACC_IMAGE] = {.name = "image", .kind = CS_KEY_TEXT},
        [ACC_IMAGE_SHA256] = {.name = "image_sha256", .kind = CS_KEY_TEXT},
        [ACC_IMAGE_SOURCE] = {.name = "image_source", .kind = CS_KEY_TEXT},
        [ACC_TEXTS] = {.name = "texts", .kind = CS_KEY_TEXTS},
        [ACC_PROBABILITIES] = {.name = "probabilities", .kind = CS_KEY_TEXTS},
        [ACC_LOGITS] = {.name = "logits", .kind = CS_KEY_TEXTS},
        [ACC_TOLERANCE] = {.name = "tolerance", .kind = CS_KEY_TEXT},
    };
    static const enum acceptance_key needed[] = {ACC_NAME, ACC_IMAGE, ACC_TEXTS, ACC_TOLERANCE};
    const cs_yaml_node *found[ACC_KEYS];
    clipsearch_status status = cs_yaml_match(yaml, node, "an acceptance value", keys, ACC_KEYS, found, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!found[needed[i]])
            return fail_missing(yaml, node, "an acceptance value", keys[needed[i]].name, err);
    if (!found[ACC_PROBABILITIES] == !found[ACC_LOGITS])
        return cs_yaml_fail(yaml, node, false, err, "an acceptance value must have either probabilities or logits");
    *acceptance = (cs_acceptance){.name = found[ACC_NAME]->text,
                                  .image = found[ACC_IMAGE]->text,
                                  .image_sha256 = text_of(found[ACC_IMAGE_SHA256]),
                                  .image_source = text_of(found[ACC_IMAGE_SOURCE]),
                                  .probabilities = found[ACC_PROBABILITIES] != NULL};
    if (acceptance->image_sha256 && !is_hex(acceptance->image_sha256, SHA256_DIGITS, SHA256_DIGITS))
        return cs_yaml_fail(yaml, found[ACC_IMAGE_SHA256], false, err, "image_sha256 must be 64 lower-case hex digits");
    if (!is_file_name(acceptance->image))
        return cs_yaml_fail(yaml, found[ACC_IMAGE], false, err, "image must be a file name without a directory");
    if (!read_number(found[ACC_TOLERANCE]->text, &acceptance->tolerance) || acceptance->tolerance < 0)
        return cs_yaml_fail(yaml, found[ACC_TOLERANCE], false, err, "tolerance must be a number of at least 0");
    status = read_texts(yaml, found[ACC_TEXTS], acceptance, err);
    return status == CLIPSEARCH_OK
               ? read_expected(yaml, found[found[ACC_LOGITS] ? ACC_LOGITS : ACC_PROBABILITIES], acceptance, err)
               : status;
}

/* ---------------------------------------------------------------- models */

static clipsearch_status read_files(cs_yaml *yaml, const cs_yaml_node *list, cs_known_model *model,
                                    clipsearch_error *err)
{
    if (list->count == 0 || list->count > MAX_FILES)
        return cs_yaml_fail(yaml, list, false, err, "files must have 1 to %d elements", (int)MAX_FILES);
    model->files = cs_yaml_alloc(yaml, list->count, sizeof *model->files);
    if (!model->files)
        return cs_fail_memory(err, cs_yaml_name(yaml));
    for (const cs_yaml_node *node = list->first; node; node = node->next) {
        cs_known_file *file = &model->files[model->file_count++];
        clipsearch_status status = read_file(yaml, node, file, err);
        if (status != CLIPSEARCH_OK)
            return status;
        for (const cs_known_file *other = model->files; other < file; other++)
            if (strcmp(other->name, file->name) == 0)
                return cs_yaml_fail(yaml, node, false, err, "two files have the name %s", file->name);
    }
    return CLIPSEARCH_OK;
}

static bool is_model_name(const char *name)
{
    return name[0] != '.' && name[0] != '-' && strlen(name) <= 64 &&
           name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static clipsearch_status read_model(cs_yaml *yaml, const cs_yaml_node *node, cs_known_model *model,
                                    clipsearch_error *err)
{
    static const char *const choices[] = {"small", "balanced", "best", NULL};
    static const cs_yaml_key keys[MODEL_KEYS] = {
        [MODEL_TITLE] = {.name = "title", .kind = CS_KEY_TEXT},
        [MODEL_ENCODER] = {.name = "encoder", .kind = CS_KEY_TEXT},
        [MODEL_DIM] = {.name = "dim", .kind = CS_KEY_COUNT, .min = 1, .max = 1 << 20},
        [MODEL_LICENCE] = {.name = "licence", .kind = CS_KEY_TEXT},
        [MODEL_PREPROCESSING] = {.name = "preprocessing", .kind = CS_KEY_TEXT},
        [MODEL_SOURCE] = {.name = "source", .kind = CS_KEY_TEXT},
        [MODEL_CHOICE] = {.name = "choice", .kind = CS_KEY_CHOICE, .choices = choices},
        [MODEL_FILES] = {.name = "files", .kind = CS_KEY_LIST},
        [MODEL_ACCEPTANCE] = {.name = "acceptance", .kind = CS_KEY_LIST},
    };
    static const enum model_key needed[] = {MODEL_TITLE, MODEL_ENCODER, MODEL_DIM, MODEL_FILES};
    const cs_yaml_node *found[MODEL_KEYS];
    if (!is_model_name(node->key))
        return cs_yaml_fail(yaml, node, true, err, "\"%.64s\" is not a valid model name", node->key);
    clipsearch_status status = cs_yaml_match(yaml, node, "a model", keys, MODEL_KEYS, found, err);
    if (status != CLIPSEARCH_OK)
        return status;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!found[needed[i]])
            return fail_missing(yaml, node, node->key, keys[needed[i]].name, err);
    *model = (cs_known_model){.name = node->key,
                              .title = found[MODEL_TITLE]->text,
                              .encoder = found[MODEL_ENCODER]->text,
                              .licence = text_of(found[MODEL_LICENCE]),
                              .preprocessing = text_of(found[MODEL_PREPROCESSING]),
                              .source = text_of(found[MODEL_SOURCE]),
                              .choice = text_of(found[MODEL_CHOICE]),
                              .dim = cs_yaml_count(found[MODEL_DIM])};
    status = read_files(yaml, found[MODEL_FILES], model, err);
    const cs_yaml_node *list = found[MODEL_ACCEPTANCE];
    if (status != CLIPSEARCH_OK || !list || !list->count)
        return status;
    model->acceptance = cs_yaml_alloc(yaml, list->count, sizeof *model->acceptance);
    if (!model->acceptance)
        return cs_fail_memory(err, cs_yaml_name(yaml));
    for (const cs_yaml_node *child = list->first; child && status == CLIPSEARCH_OK; child = child->next)
        status = read_acceptance(yaml, child, &model->acceptance[model->acceptance_count++], err);
    return status;
}

clipsearch_status cs_catalogue_read(cs_yaml *yaml, cs_catalogue *catalogue, clipsearch_error *err)
{
    static const cs_yaml_key keys[] = {{.name = "models", .kind = CS_KEY_MAP}};
    *catalogue = (cs_catalogue){.yaml = yaml};
    const cs_yaml_node *root = cs_yaml_root(yaml), *models = NULL;
    if (!root)
        return cs_yaml_fail(yaml, NULL, false, err, "the file is empty");
    clipsearch_status status = cs_yaml_match(yaml, root, "the file of known models", keys, 1, &models, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!models)
        return fail_missing(yaml, root, "the file of known models", "models", err);
    if (models->count > MAX_MODELS)
        return cs_yaml_fail(yaml, models, false, err, "more than %d models", (int)MAX_MODELS);
    catalogue->models = cs_yaml_alloc(yaml, models->count ? models->count : 1, sizeof *catalogue->models);
    if (!catalogue->models)
        return cs_fail_memory(err, cs_yaml_name(yaml));
    for (const cs_yaml_node *node = models->first; node && status == CLIPSEARCH_OK; node = node->next)
        status = read_model(yaml, node, &catalogue->models[catalogue->count++], err);
    return status;
}

static clipsearch_status load(const char *path, cs_catalogue *catalogue, clipsearch_error *err)
{
    cs_yaml *yaml = NULL;
    clipsearch_status status = cs_yaml_load(path, &yaml, err);
    return status == CLIPSEARCH_OK ? cs_catalogue_read(yaml, catalogue, err) : status;
}

clipsearch_status cs_catalogue_load(const char *path, cs_catalogue *catalogue, clipsearch_error *err)
{
    *catalogue = (cs_catalogue){0};
    if (path)
        return load(path, catalogue, err);
    /* the source tree first: a program in a build directory belongs to that tree, whatever is installed */
    char *tree = cs_source_tree_path("models.yaml");
    cs_file_info info;
    clipsearch_status status =
        load(tree && cs_file_stat(tree, &info, NULL) == CLIPSEARCH_OK ? tree : CLIPSEARCH_DATADIR "/models.yaml",
             catalogue, err);
    cs_free(tree);
    return status;
}

void cs_catalogue_close(cs_catalogue *catalogue)
{
    cs_yaml_close(&catalogue->yaml);
    *catalogue = (cs_catalogue){0};
}

clipsearch_status cs_catalogue_find(const cs_catalogue *catalogue, const char *name, const cs_known_model **model,
                                    clipsearch_error *err)
{
    const char *names[MAX_MODELS];
    *model = NULL;
    for (size_t i = 0; i < catalogue->count; i++) {
        names[i] = catalogue->models[i].name;
        if (strcmp(names[i], name) == 0)
            *model = &catalogue->models[i];
    }
    if (*model)
        return CLIPSEARCH_OK;
    if (strcmp(name, CS_DEFAULT_MODEL) == 0)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                       "\"%s\" comes with the program: there is nothing to fetch, and no published values to compare "
                       "with",
                       name);
    const char *nearest = cs_nearest(name, names, catalogue->count);
    return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "\"%.64s\" is not a known model%s%s%s", name,
                   nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

uint64_t cs_known_bytes(const cs_known_model *model, bool *exact)
{
    uint64_t bytes = 0;
    bool all = true;
    for (size_t i = 0; i < model->file_count; i++) {
        bytes += model->files[i].bytes; /* 64 files of at most 2^40 */
        all = all && model->files[i].exact;
    }
    if (exact)
        *exact = all;
    return bytes;
}
