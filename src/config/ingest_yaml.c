/* SPDX-License-Identifier: MIT
 * ingest_yaml.c - from the YAML tree of an ingest file to settings and sources. */
#include "config/ingest_yaml.h"

#include "base/file.h"
#include "base/glob.h"
#include "base/index_types.h"
#include "base/mem.h"
#include "base/limits.h"
#include "base/server_scheme.h"
#include "config/names.h"
#include "config/path_advice.h"
#include "config/path_list.h"
#include "config/yaml_json.h"
#include "config/yaml_keys.h"

#include <stdlib.h>
#include <string.h>

enum file_key {
    KEY_DATABASE,
    KEY_COLLECTION,
    KEY_MODEL,
    KEY_METRIC,
    KEY_BATCH,
    KEY_THREADS,
    KEY_ON_BAD,
    KEY_PRUNE,
    KEY_REMODEL,
    KEY_EXIF,
    KEY_MAX_PIXELS,
    KEY_MAX_BYTES,
    KEY_PRECISION,
    KEY_DECODE,
    KEY_INDEX,
    KEY_SOURCES,
    FILE_KEYS
};

static const cs_yaml_key file_keys[FILE_KEYS] = {
    [KEY_DATABASE] = {.name = "database", .kind = CS_KEY_TEXT},
    [KEY_COLLECTION] = {.name = "collection", .kind = CS_KEY_NAME},
    [KEY_MODEL] = {.name = "model", .kind = CS_KEY_TEXT},
    [KEY_METRIC] = {.name = "metric", .kind = CS_KEY_CHOICE, .choices = cs_metric_names},
    [KEY_BATCH] = {.name = "batch", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_BATCH},
    [KEY_PRECISION] = {.name = "precision", .kind = CS_KEY_CHOICE, .choices = cs_precision_names},
    [KEY_DECODE] = {.name = "decode", .kind = CS_KEY_CHOICE, .choices = cs_decode_names},
    [KEY_THREADS] = {.name = "threads", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_THREADS},
    [KEY_ON_BAD] = {.name = "on_bad", .kind = CS_KEY_CHOICE, .choices = cs_on_bad_names},
    [KEY_PRUNE] = {.name = "prune", .kind = CS_KEY_BOOL},
    [KEY_REMODEL] = {.name = "remodel", .kind = CS_KEY_BOOL},
    [KEY_EXIF] = {.name = "exif", .kind = CS_KEY_TEXTS},
    [KEY_MAX_PIXELS] = {.name = "max_pixels", .kind = CS_KEY_COUNT, .min = 1, .max = SIZE_MAX},
    [KEY_MAX_BYTES] = {.name = "max_bytes", .kind = CS_KEY_COUNT, .min = 1, .max = SIZE_MAX},
    [KEY_INDEX] = {.name = "index", .kind = CS_KEY_MAP},
    [KEY_SOURCES] = {.name = "sources", .kind = CS_KEY_LIST},
};

enum index_key { KEY_CODES, KEY_M, KEY_EF_CONSTRUCTION, KEY_EF, KEY_TYPE, KEY_NLIST, KEY_NPROBE, INDEX_KEYS };

static const cs_yaml_key index_keys[INDEX_KEYS] = {
    [KEY_CODES] = {.name = "codes", .kind = CS_KEY_CHOICE, .choices = cs_codes_names},
    [KEY_M] = {.name = "m", .kind = CS_KEY_COUNT, .min = CS_MIN_M, .max = CS_MAX_M},
    [KEY_EF_CONSTRUCTION] = {.name = "ef_construction",
                             .kind = CS_KEY_COUNT,
                             .min = CS_MIN_M,
                             .max = CS_MAX_EF_CONSTRUCTION},
    [KEY_EF] = {.name = "ef", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_EF},
    [KEY_TYPE] = {.name = "type", .kind = CS_KEY_CHOICE, .choices = cs_index_type_words},
    [KEY_NLIST] = {.name = "nlist", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_NLIST},
    [KEY_NPROBE] = {.name = "nprobe", .kind = CS_KEY_COUNT, .min = 1, .max = CS_MAX_NPROBE},
};

enum source_key {
    KEY_PATH,
    KEY_INCLUDE,
    KEY_EXCLUDE,
    KEY_RECURSE,
    KEY_FOLLOW,
    KEY_ATTRIBUTES,
    KEY_ATTRIBUTES_CSV,
    KEY_CSV,
    KEY_FILES_FROM,
    KEY_HIDDEN,
    KEY_CASE,
    SOURCE_KEYS
};

static const cs_yaml_key source_keys[SOURCE_KEYS] = {
    [KEY_PATH] = {.name = "path", .kind = CS_KEY_TEXT},
    [KEY_INCLUDE] = {.name = "include", .kind = CS_KEY_TEXTS},
    [KEY_EXCLUDE] = {.name = "exclude", .kind = CS_KEY_TEXTS},
    [KEY_RECURSE] = {.name = "recurse", .kind = CS_KEY_BOOL},
    [KEY_FOLLOW] = {.name = "follow_symlinks", .kind = CS_KEY_BOOL},
    [KEY_ATTRIBUTES] = {.name = "attributes", .kind = CS_KEY_MAP},
    [KEY_ATTRIBUTES_CSV] = {.name = "attributes_csv", .kind = CS_KEY_TEXT},
    [KEY_CSV] = {.name = "csv", .kind = CS_KEY_MAP},
    [KEY_FILES_FROM] = {.name = "files_from", .kind = CS_KEY_TEXT},
    [KEY_HIDDEN] = {.name = "hidden", .kind = CS_KEY_BOOL},
    [KEY_CASE] = {.name = "case", .kind = CS_KEY_CHOICE, .choices = cs_case_names},
};

enum csv_key { KEY_FILE, KEY_KEY, KEY_MATCH, CSV_KEYS };

static const char *const match_words[] = {"path", "name", NULL};

static const cs_yaml_key csv_keys[CSV_KEYS] = {
    [KEY_FILE] = {.name = "file", .kind = CS_KEY_TEXT},
    [KEY_KEY] = {.name = "key", .kind = CS_KEY_TEXT},
    [KEY_MATCH] = {.name = "match", .kind = CS_KEY_CHOICE, .choices = match_words},
};

/* Copy `made` into memory of the tree and free it. NULL when out of memory. */
static char *move_to_tree(cs_yaml *yaml, char *made)
{
    size_t size = made ? strlen(made) + 1 : 0;
    char *kept = made ? cs_yaml_alloc(yaml, size, 1) : NULL;
    if (kept)
        memcpy(kept, made, size);
    cs_free(made);
    return kept;
}

const char *cs_yaml_path(cs_yaml *yaml, const char *directory, const char *path)
{
    const char *home = getenv("HOME");
    if (path[0] == '~' && (path[1] == '/' || !path[1]) && home && home[0])
        return move_to_tree(yaml, path[1] ? cs_path_join(home, path + 2) : cs_strdup(home));
    if (strcmp(directory, ".") == 0)
        return move_to_tree(yaml, cs_strdup(path));
    while (path[0] == '.' && path[1] == '/' && path[2]) /* "./clip" is "clip" in the directory */
        path += 2 + strspn(path + 2, "/");
    return move_to_tree(yaml, cs_path_join(directory, path));
}

const char *cs_yaml_database(cs_yaml *yaml, const char *directory, const char *database)
{
    return cs_server_scheme_of(database) ? move_to_tree(yaml, cs_strdup(database))
                                         : cs_yaml_path(yaml, directory, database);
}

const char *cs_yaml_directory(cs_yaml *yaml, const char *path)
{
    size_t n = (size_t)(cs_path_base(path) - path);
    return move_to_tree(yaml, n ? cs_strndup(path, n) : cs_strdup("."));
}

typedef struct reader {
    cs_yaml *yaml;
    const char *directory;
    clipsearch_error *err;
} reader;

static clipsearch_status fail_memory(const reader *r)
{
    return cs_fail_memory(r->err, cs_yaml_name(r->yaml));
}

/* A path of something other than a source, which is looked for when the walk comes to it. */
static clipsearch_status read_path(const reader *r, const cs_yaml_node *node, const char **path)
{
    if (cs_path_is_slip(node->text))
        return cs_yaml_fail(r->yaml, node, false, r->err, "%.64s: %s", node->text, cs_path_advice(node->text, true));
    *path = cs_yaml_path(r->yaml, r->directory, node->text);
    return *path ? CLIPSEARCH_OK : fail_memory(r);
}

static clipsearch_status read_database(const reader *r, const cs_yaml_node *node, const char **path)
{
    if (!cs_server_scheme_of(node->text))
        return read_path(r, node, path);
    *path = cs_yaml_database(r->yaml, r->directory, node->text);
    return *path ? CLIPSEARCH_OK : fail_memory(r);
}

/* Whether it is a pattern; the walk will compile it again. */
static clipsearch_status check_pattern(const reader *r, const cs_yaml_node *node)
{
    cs_glob *glob;
    clipsearch_error why;
    clipsearch_status status = cs_glob_open(node->text, true, &glob, &why);
    cs_glob_close(&glob);
    return status == CLIPSEARCH_OK         ? status
           : status == CLIPSEARCH_E_MEMORY ? fail_memory(r)
                                           : cs_yaml_fail(r->yaml, node, false, r->err, "%s", why.message);
}

static clipsearch_status read_patterns(const reader *r, const cs_yaml_node *node, const char *const **patterns,
                                       size_t *count)
{
    const bool list = node->kind == CS_YAML_LIST;
    const char **made = cs_yaml_alloc(r->yaml, list ? node->count : 1, sizeof *made);
    clipsearch_status status = made ? CLIPSEARCH_OK : fail_memory(r);
    size_t n = 0;
    for (const cs_yaml_node *at = list ? node->first : node; at && status == CLIPSEARCH_OK; at = at->next) {
        made[n++] = at->text;
        status = check_pattern(r, at);
        if (!list)
            break; /* the next node is another key's */
    }
    *patterns = made;
    *count = n;
    return status;
}

static clipsearch_status read_csv(const reader *r, const cs_yaml_node *node, clipsearch_source *source)
{
    const cs_yaml_node *found[CSV_KEYS];
    clipsearch_status status = cs_yaml_match(r->yaml, node, "csv", csv_keys, CSV_KEYS, found, r->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!found[KEY_FILE])
        return cs_yaml_fail(r->yaml, node, true, r->err, "csv needs the key file, the CSV file with the attributes");
    if (found[KEY_KEY])
        source->csv_key = found[KEY_KEY]->text;
    if (found[KEY_MATCH])
        source->csv_by_name = cs_name_index(found[KEY_MATCH]->text, match_words) == 1;
    return read_path(r, found[KEY_FILE], &source->attributes_csv);
}

static clipsearch_status read_attributes(const reader *r, const cs_yaml_node *const *found, clipsearch_source *source)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (found[KEY_ATTRIBUTES]) {
        cs_buf json = cs_buf_make(2 * CS_YAML_MAX_BYTES);
        status = cs_yaml_to_json(r->yaml, found[KEY_ATTRIBUTES], &json, r->err);
        if (status == CLIPSEARCH_OK && !(source->attributes = move_to_tree(r->yaml, cs_buf_detach(&json))))
            status = fail_memory(r);
        cs_buf_free(&json);
    }
    if (status != CLIPSEARCH_OK)
        return status;
    if (found[KEY_CSV] && found[KEY_ATTRIBUTES_CSV])
        return cs_yaml_fail(r->yaml, found[KEY_CSV], true, r->err,
                            "csv and attributes_csv exclude each other; keep one of them");
    if (found[KEY_ATTRIBUTES_CSV])
        return read_path(r, found[KEY_ATTRIBUTES_CSV], &source->attributes_csv);
    return found[KEY_CSV] ? read_csv(r, found[KEY_CSV], source) : CLIPSEARCH_OK;
}

static clipsearch_status read_source_path(const reader *r, const cs_yaml_node *node, clipsearch_source *source)
{
    source->path = cs_yaml_path(r->yaml, r->directory, node->text);
    return source->path ? CLIPSEARCH_OK : fail_memory(r);
}

/* Read the list of files that a source names, into memory of the tree. Its relative paths start at the source's path,
 * or at the ingest file's directory. */
static clipsearch_status read_files_from(const reader *r, const cs_yaml_node *node, clipsearch_source *source)
{
    const char *file;
    cs_path_list list;
    clipsearch_error why;
    clipsearch_status status = read_path(r, node, &file);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_path_list_read(strcmp(file, "-") == 0 ? "./-" : file, false, &list, &why);
    if (status == CLIPSEARCH_E_MEMORY)
        status = fail_memory(r);
    else if (status != CLIPSEARCH_OK)
        status = cs_yaml_fail(r->yaml, node, false, r->err, "%s", why.message);
    const char **files = NULL;
    char *text = NULL;
    if (status == CLIPSEARCH_OK) {
        files = cs_yaml_alloc(r->yaml, list.count + 1, sizeof *files);
        text = cs_yaml_alloc(r->yaml, list.text.len + 1, 1);
        if (!files || !text)
            status = fail_memory(r);
    }
    if (status == CLIPSEARCH_OK && list.count) {
        memcpy(text, list.text.data, list.text.len);
        for (size_t i = 0; i < list.count; i++)
            files[i] = text + (list.paths[i] - list.text.data);
    }
    source->files = files;
    source->file_count = list.count;
    if (!source->path)
        source->path = r->directory;
    cs_path_list_free(&list);
    return status;
}

static void read_switches(const cs_yaml_node *const *found, clipsearch_source *source)
{
    if (found[KEY_RECURSE])
        source->no_recurse = !cs_yaml_bool(found[KEY_RECURSE]);
    if (found[KEY_FOLLOW])
        source->follow_symlinks = cs_yaml_bool(found[KEY_FOLLOW]);
    if (found[KEY_HIDDEN])
        source->hidden = cs_yaml_bool(found[KEY_HIDDEN]);
    if (found[KEY_CASE])
        source->exact_case = cs_name_index(found[KEY_CASE]->text, cs_case_names) == 1;
}

/* *place: the node that a message about the source's path points at. */
static clipsearch_status read_source(const reader *r, const cs_yaml_node *node, clipsearch_source *source,
                                     const cs_yaml_node **place)
{
    clipsearch_source_init(source);
    *place = node;
    if (cs_yaml_is_text(node)) /* `- photos` is short for `- path: photos` */
        return read_source_path(r, node, source);
    if (node->kind != CS_YAML_MAP)
        return cs_yaml_fail_kind(r->yaml, node, "a source", "a path, or a map that has a path", r->err);
    const cs_yaml_node *found[SOURCE_KEYS];
    clipsearch_status status = cs_yaml_match(r->yaml, node, "a source", source_keys, SOURCE_KEYS, found, r->err);
    if (status == CLIPSEARCH_OK && !found[KEY_PATH] && !found[KEY_FILES_FROM])
        status =
            cs_yaml_fail(r->yaml, node, false, r->err, "a source needs the key path, the directory or file to read");
    if (status == CLIPSEARCH_OK && found[KEY_PATH]) {
        *place = found[KEY_PATH];
        status = read_source_path(r, found[KEY_PATH], source);
    }
    if (status == CLIPSEARCH_OK && found[KEY_FILES_FROM])
        status = read_files_from(r, found[KEY_FILES_FROM], source);
    if (status == CLIPSEARCH_OK && found[KEY_INCLUDE])
        status = read_patterns(r, found[KEY_INCLUDE], &source->include, &source->include_count);
    if (status == CLIPSEARCH_OK && found[KEY_EXCLUDE])
        status = read_patterns(r, found[KEY_EXCLUDE], &source->exclude, &source->exclude_count);
    if (status != CLIPSEARCH_OK)
        return status;
    read_switches(found, source);
    return read_attributes(r, found, source);
}

static clipsearch_status read_sources(const reader *r, const cs_yaml_node *list, cs_ingest_file *file)
{
    if (!list->count)
        return cs_yaml_fail(r->yaml, list, false, r->err, "sources is empty; it needs at least one directory or file");
    file->sources = cs_yaml_alloc(r->yaml, list->count, sizeof *file->sources);
    file->source_nodes = cs_yaml_alloc(r->yaml, list->count, sizeof *file->source_nodes);
    if (!file->sources || !file->source_nodes)
        return fail_memory(r);
    for (const cs_yaml_node *node = list->first; node; node = node->next) {
        clipsearch_status status =
            read_source(r, node, &file->sources[file->source_count], &file->source_nodes[file->source_count]);
        if (status != CLIPSEARCH_OK)
            return status;
        file->source_count++;
    }
    return CLIPSEARCH_OK;
}

static void read_settings(const cs_yaml_node *const *found, cs_ingest_file *file)
{
    if ((file->collection_node = found[KEY_COLLECTION]))
        file->collection = file->collection_node->text;
    file->model_node = found[KEY_MODEL];
    if ((file->has_metric = found[KEY_METRIC] != NULL))
        file->metric = (clipsearch_metric)cs_name_index(found[KEY_METRIC]->text, cs_metric_names);
    if ((file->has_batch = found[KEY_BATCH] != NULL))
        file->batch = cs_yaml_count(found[KEY_BATCH]);
    if ((file->has_threads = found[KEY_THREADS] != NULL))
        file->threads = cs_yaml_count(found[KEY_THREADS]);
    if (found[KEY_PRECISION])
        file->precision = found[KEY_PRECISION]->text;
    if (found[KEY_DECODE])
        file->decode = found[KEY_DECODE]->text;
    if ((file->has_on_bad = found[KEY_ON_BAD] != NULL))
        file->on_bad = (cs_on_bad)cs_name_index(found[KEY_ON_BAD]->text, cs_on_bad_names);
    if (found[KEY_REMODEL])
        file->remodel = cs_yaml_bool(found[KEY_REMODEL]);
    if ((file->has_prune = found[KEY_PRUNE] != NULL))
        file->prune = cs_yaml_bool(found[KEY_PRUNE]);
    if (found[KEY_MAX_PIXELS])
        file->max_pixels = cs_yaml_count(found[KEY_MAX_PIXELS]);
    if (found[KEY_MAX_BYTES])
        file->max_bytes = cs_yaml_count(found[KEY_MAX_BYTES]);
}

/* A word, or a list of attributes: they are joined with commas. */
static clipsearch_status read_exif(const reader *r, const cs_yaml_node *node, cs_ingest_file *file)
{
    clipsearch_error why = {0};
    cs_buf names = cs_buf_make(CS_YAML_MAX_BYTES);
    const bool list = node->kind == CS_YAML_LIST;
    for (const cs_yaml_node *at = list ? node->first : node; at; at = at->next) {
        if (cs_read_exif_choice(at->text, &file->exif, &why) == CLIPSEARCH_OK && list &&
            file->exif.metadata != at->text)
            cs_fail(&why, CLIPSEARCH_E_FORMAT, "exif: \"%s\" stands alone, not in a list", at->text);
        if (why.code != CLIPSEARCH_OK) {
            cs_buf_free(&names);
            return cs_yaml_fail(r->yaml, at, false, r->err, "%s", why.message);
        }
        cs_buf_printf(&names, "%s%s", names.len ? "," : "", at->text);
        if (!list)
            break; /* the next node is another key's */
    }
    const char *text = move_to_tree(r->yaml, cs_buf_detach(&names));
    cs_buf_free(&names);
    file->has_exif = true;
    return text ? cs_read_exif_choice(text, &file->exif, r->err) : fail_memory(r);
}

static clipsearch_status read_index(const reader *r, const cs_yaml_node *node, cs_ingest_file *file)
{
    clipsearch_index_options *index = &file->index;
    const cs_yaml_node *found[INDEX_KEYS];
    clipsearch_status status = cs_yaml_match(r->yaml, node, "index", index_keys, INDEX_KEYS, found, r->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (found[KEY_CODES])
        index->codes = cs_codes_values[cs_name_index(found[KEY_CODES]->text, cs_codes_names)];
    if (found[KEY_M])
        index->m = (unsigned)cs_yaml_count(found[KEY_M]);
    if ((file->ef_construction_node = found[KEY_EF_CONSTRUCTION]))
        index->ef_construction = (unsigned)cs_yaml_count(found[KEY_EF_CONSTRUCTION]);
    if (found[KEY_EF])
        index->ef = (unsigned)cs_yaml_count(found[KEY_EF]);
    if ((file->index_type_node = found[KEY_TYPE]))
        index->type = cs_index_type_of(file->index_type_node->text);
    if (found[KEY_NLIST])
        index->nlist = (unsigned)cs_yaml_count(found[KEY_NLIST]);
    if (found[KEY_NPROBE])
        index->nprobe = (unsigned)cs_yaml_count(found[KEY_NPROBE]);
    return CLIPSEARCH_OK;
}

static clipsearch_status read_file(const reader *r, cs_ingest_file *file)
{
    const cs_yaml_node *found[FILE_KEYS], *root = cs_yaml_root(r->yaml);
    if (!root)
        return cs_yaml_fail(r->yaml, NULL, false, r->err, "the file is empty; it needs at least the key sources");
    clipsearch_status status = cs_yaml_match(r->yaml, root, "an ingest file", file_keys, FILE_KEYS, found, r->err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (!found[KEY_SOURCES])
        return cs_yaml_fail(r->yaml, root, false, r->err,
                            "an ingest file needs the key sources, a list of directories and files");
    if (found[KEY_REMODEL] && !found[KEY_MODEL])
        return cs_yaml_fail(r->yaml, found[KEY_REMODEL], false, r->err,
                            "remodel needs the key model, which says with which one");
    read_settings(found, file);
    if (found[KEY_EXIF])
        status = read_exif(r, found[KEY_EXIF], file);
    if (status == CLIPSEARCH_OK && found[KEY_INDEX])
        status = read_index(r, found[KEY_INDEX], file);
    if (status == CLIPSEARCH_OK && found[KEY_DATABASE])
        status = read_database(r, found[KEY_DATABASE], &file->database);
    if (status == CLIPSEARCH_OK && found[KEY_MODEL]) {
        /* only a value with a slash is a path, relative to this directory; any other is looked up as a name */
        if (strchr(found[KEY_MODEL]->text, '/'))
            status = read_path(r, found[KEY_MODEL], &file->model);
        else
            file->model = found[KEY_MODEL]->text;
    }
    return status == CLIPSEARCH_OK ? read_sources(r, found[KEY_SOURCES], file) : status;
}

clipsearch_status cs_ingest_file_read(cs_yaml *yaml, const char *directory, cs_ingest_file *file, clipsearch_error *err)
{
    *file = (cs_ingest_file){.yaml = yaml};
    clipsearch_index_options_init(&file->index);
    reader r = {.yaml = yaml, .directory = directory, .err = err};
    clipsearch_status status = read_file(&r, file);
    if (status != CLIPSEARCH_OK)
        cs_ingest_file_close(file);
    return status;
}

clipsearch_status cs_ingest_file_load(const char *path, cs_ingest_file *file, clipsearch_error *err)
{
    *file = (cs_ingest_file){0};
    cs_yaml *yaml;
    clipsearch_status status = cs_yaml_load(path, &yaml, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const char *directory = cs_yaml_directory(yaml, path);
    if (!directory) {
        cs_yaml_close(&yaml);
        return cs_fail_memory(err, path);
    }
    return cs_ingest_file_read(yaml, directory, file, err);
}

void cs_ingest_file_close(cs_ingest_file *file)
{
    cs_yaml_close(&file->yaml);
    *file = (cs_ingest_file){0};
}
