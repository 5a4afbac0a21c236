/* SPDX-License-Identifier: MIT
 * sources.c - opens and walks sources. */
#include "ingest/sources.h"

#include "base/mem.h"
#include "ingest/walk.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const DEFAULT_INCLUDE[] = {"*.jpg", "*.jpeg", "*.png"};

/* ---- opening ---- */

static clipsearch_status compile_all(const char *const *patterns, size_t count, bool fold, cs_glob ***globs,
                                     size_t *compiled, clipsearch_error *err)
{
    *globs = cs_zalloc_array(count, sizeof **globs);
    if (!*globs)
        return cs_fail_memory(err, "patterns");
    for (*compiled = 0; *compiled < count; ++*compiled) {
        clipsearch_status status = cs_glob_open(patterns[*compiled], fold, &(*globs)[*compiled], err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status open_source(const clipsearch_source *given, cs_source *source, clipsearch_error *err)
{
    source->given = given;
    char real[PATH_MAX];
    if (!realpath(given->path, real))
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the source %s", given->path);
    source->root = cs_strdup(real);
    if (!source->root)
        return cs_fail_memory(err, given->path);
    bool standard = !given->include;
    const char *const *include = standard ? DEFAULT_INCLUDE : given->include;
    size_t count = standard ? sizeof DEFAULT_INCLUDE / sizeof *DEFAULT_INCLUDE : given->include_count;
    clipsearch_status status = compile_all(include, count, standard, &source->include, &source->include_count, err);
    if (status == CLIPSEARCH_OK)
        status =
            compile_all(given->exclude, given->exclude_count, false, &source->exclude, &source->exclude_count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_attributes_open(given, source->root, &source->attributes, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < source->include_count; i++)
        if (cs_glob_directories_only(source->include[i]))
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                             "the pattern \"%s\" ends in '/' and so matches no file; \"%s**\" is everything below",
                             include[i], include[i]);
    return status;
}

clipsearch_status cs_sources_open(const clipsearch_source *given, size_t count, cs_sources *sources,
                                  clipsearch_error *err)
{
    *sources = (cs_sources){0};
    sources->sources = cs_zalloc_array(count, sizeof *sources->sources);
    if (!sources->sources)
        return cs_fail_memory(err, "sources");
    sources->source_count = count;
    for (size_t i = 0; i < count; i++) {
        clipsearch_status status = open_source(&given[i], &sources->sources[i], err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return CLIPSEARCH_OK;
}

static void close_source(cs_source *source)
{
    for (size_t i = 0; i < source->include_count; i++)
        cs_glob_close(&source->include[i]);
    for (size_t i = 0; i < source->exclude_count; i++)
        cs_glob_close(&source->exclude[i]);
    cs_free(source->include);
    cs_free(source->exclude);
    cs_attributes_close(&source->attributes);
    cs_devices_free(&source->devices);
    cs_free(source->root);
}

void cs_sources_close(cs_sources *sources)
{
    for (size_t i = 0; i < sources->source_count; i++)
        close_source(&sources->sources[i]);
    for (size_t i = 0; i < sources->file_count; i++) {
        cs_free(sources->files[i].path);
        cs_free(sources->files[i].why);
    }
    cs_free(sources->sources);
    cs_free(sources->files);
    cs_free(sources->by_path);
    *sources = (cs_sources){0};
}

/* ---- walking ---- */

typedef struct walk_context {
    cs_sources *sources;
    size_t source;
    clipsearch_status (*step)(void *context, size_t found, const char *path, clipsearch_error *err);
    void *context;
} walk_context;

/* Append a file; its path is copied. */
static clipsearch_status add_file(cs_sources *sources, const char *path, const char *relative, cs_found_file file,
                                  clipsearch_error *err)
{
    cs_found_file *files =
        cs_grow(sources->files, &sources->file_capacity, sources->file_count + 1, sizeof *sources->files);
    if (!files)
        return cs_fail_memory(err, "the list of files");
    sources->files = files;
    file.path = cs_strdup(path);
    if (!file.path)
        return cs_fail_memory(err, "the list of files");
    file.relative = file.path + (relative - path);
    sources->files[sources->file_count++] = file;
    return CLIPSEARCH_OK;
}

static clipsearch_status call_step(walk_context *walk, const char *path, clipsearch_error *err)
{
    return walk->step ? walk->step(walk->context, walk->sources->file_count, path, err) : CLIPSEARCH_OK;
}

static clipsearch_status add_found_file(void *context, const char *path, const char *relative, const cs_file_info *info,
                                        clipsearch_error *err)
{
    walk_context *walk = context;
    cs_found_file file = {
        .source = walk->source, .size = info->size, .mtime_ns = info->mtime_ns, .ctime_ns = info->ctime_ns};
    clipsearch_status status = add_file(walk->sources, path, relative, file, err);
    return status == CLIPSEARCH_OK ? call_step(walk, path, err) : status;
}

static clipsearch_status add_bad_entry(void *context, const char *path, bool is_directory, const clipsearch_error *why,
                                       clipsearch_error *err)
{
    walk_context *walk = context;
    cs_found_file file = {
        .source = walk->source, .is_directory = is_directory, .status = why->code, .system_error = why->system_error};
    file.why = cs_strdup(why->message);
    if (!file.why)
        return cs_fail_memory(err, "the list of files");
    if (is_directory)
        walk->sources->sources[walk->source].whole = false;
    clipsearch_status status = add_file(walk->sources, path, path, file, err);
    if (status != CLIPSEARCH_OK)
        cs_free(file.why);
    return status;
}

static clipsearch_status report_directory(void *context, const char *path, clipsearch_error *err)
{
    walk_context *walk = context;
    cs_file_info info;
    clipsearch_status status = CLIPSEARCH_OK;
    if (cs_file_stat(path, &info, NULL) == CLIPSEARCH_OK)
        status = cs_devices_add(&walk->sources->sources[walk->source].devices, path, info.device, err);
    return status == CLIPSEARCH_OK ? call_step(walk, path, err) : status;
}

typedef struct entry {
    const char *path;
    size_t number;
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* Keep the first find of each path, and order what is left by path. */
static clipsearch_status remove_repeats(cs_sources *sources, clipsearch_error *err)
{
    size_t count = sources->file_count, kept = 0;
    entry *entries = cs_alloc_array(count, sizeof *entries);
    size_t *new_number = cs_alloc_array(count, sizeof *new_number);
    sources->by_path = cs_alloc_array(count, sizeof *sources->by_path);
    if (!entries || !new_number || !sources->by_path) {
        cs_free(entries);
        cs_free(new_number);
        return cs_fail_memory(err, "the list of files");
    }
    for (size_t i = 0; i < count; i++) {
        entries[i] = (entry){sources->files[i].path, i};
        new_number[i] = 0;
    }
    if (count)
        qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 1; i < count; i++)
        if (strcmp(entries[i - 1].path, entries[i].path) == 0)
            new_number[entries[i].number] = SIZE_MAX; /* a repeat */
    for (size_t i = 0; i < count; i++) {
        if (new_number[i] != SIZE_MAX)
            new_number[i] = kept++;
    }
    size_t place = 0;
    for (size_t i = 0; i < count; i++)
        if (new_number[entries[i].number] != SIZE_MAX)
            sources->by_path[place++] = new_number[entries[i].number];
    for (size_t i = 0; i < count; i++) {
        if (new_number[i] == SIZE_MAX) {
            cs_free(sources->files[i].path);
            cs_free(sources->files[i].why);
        } else {
            sources->files[new_number[i]] = sources->files[i]; /* never to a later place */
        }
    }
    sources->file_count = kept;
    cs_free(entries);
    cs_free(new_number);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_sources_walk(cs_sources *sources, cs_retries *retries,
                                  clipsearch_status (*step)(void *context, size_t found, const char *path,
                                                            clipsearch_error *err),
                                  void *context, clipsearch_error *err)
{
    static const cs_walk_calls calls = {.enter = report_directory, .file = add_found_file, .bad = add_bad_entry};
    for (size_t i = 0; i < sources->source_count; i++) {
        cs_source *source = &sources->sources[i];
        walk_context walk = {.sources = sources, .source = i, .step = step, .context = context};
        cs_walk_spec spec = {.root = source->root,
                             .include = source->include,
                             .include_count = source->include_count,
                             .exclude = source->exclude,
                             .exclude_count = source->exclude_count,
                             .recurse = !source->given->no_recurse,
                             .follow_symlinks = source->given->follow_symlinks,
                             .retries = retries};
        source->whole = true;
        clipsearch_status status = cs_walk(&spec, &calls, &walk, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return remove_repeats(sources, err);
}

/* ---- what was found ---- */

/* The place in by_path of the first file whose path is `path` or behind it. */
static size_t find_place(const cs_sources *sources, const char *path)
{
    size_t low = 0, high = sources->file_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(sources->files[sources->by_path[middle]].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool cs_sources_has(const cs_sources *sources, const char *path)
{
    const size_t place = find_place(sources, path);
    return place < sources->file_count && strcmp(sources->files[sources->by_path[place]].path, path) == 0;
}

bool cs_sources_has_below(const cs_sources *sources, const char *directory)
{
    char below[PATH_MAX + 1];
    size_t n = strlen(directory);
    while (n && directory[n - 1] == '/') /* "/" */
        n--;
    if (n + 2 > sizeof below)
        return false;
    memcpy(below, directory, n);
    memcpy(below + n, "/", 2);
    const size_t place = find_place(sources, below);
    return place < sources->file_count && strncmp(sources->files[sources->by_path[place]].path, below, n + 1) == 0;
}

bool cs_source_excludes(const cs_source *source, const char *path)
{
    char part[PATH_MAX];
    const size_t root = strlen(source->root), size = strlen(path);
    if (!cs_path_is_below(path, source->root) || size - root >= sizeof part || size == root)
        return false;
    const char *relative = path + root + (path[root] == '/');
    for (const char *end = strchr(relative, '/');; end = strchr(end + 1, '/')) { /* each directory, then the file */
        const size_t n = end ? (size_t)(end - relative) : strlen(relative);
        memcpy(part, relative, n);
        part[n] = '\0';
        if (cs_globs_match(source->exclude, source->exclude_count, part, end != NULL))
            return true;
        if (!end)
            return false;
    }
}
