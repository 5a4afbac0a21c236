/* SPDX-License-Identifier: MIT
 * sources.c - opens and walks sources. */
#include "ingest/sources.h"

#include "base/digest.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* The real path of a source's directory or file, or of the directory that its list of files starts at. */
clipsearch_status cs_source_find_root(cs_source *source, clipsearch_error *err)
{
    const char *path = source->given->path ? source->given->path : ".";
    char real[PATH_MAX];
    if (!realpath(path, real))
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "the source %s", path);
    cs_free(source->root);
    source->root = cs_strdup(real);
    return source->root ? CLIPSEARCH_OK : cs_fail_memory(err, path);
}

static clipsearch_status compile_patterns(const clipsearch_source *given, cs_source *source, clipsearch_error *err)
{
    const bool fold = !given->exact_case;
    clipsearch_status status = compile_all(given->include, given->include ? given->include_count : 0, fold,
                                           &source->include, &source->include_count, err);
    if (status == CLIPSEARCH_OK)
        status = compile_all(given->exclude, given->exclude_count, fold, &source->exclude, &source->exclude_count, err);
    for (size_t i = 0; status == CLIPSEARCH_OK && i < source->include_count; i++)
        if (cs_glob_directories_only(source->include[i]))
            status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                             "the pattern \"%s\" ends in '/' and so matches no file; \"%s**\" is everything below",
                             given->include[i], given->include[i]);
    return status;
}

/* Whether an error is of a source alone, so that the others can still be read. */
static bool is_of_source(clipsearch_status status, const cs_sources_calls *calls)
{
    return calls->bad_source && (status == CLIPSEARCH_E_NOT_FOUND || status == CLIPSEARCH_E_IO);
}

static clipsearch_status open_source(const clipsearch_source *given, size_t number, const cs_sources_calls *calls,
                                     cs_source *source, clipsearch_error *err)
{
    source->given = given;
    clipsearch_status status = compile_patterns(given, source, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = cs_source_find_root(source, err);
    if (is_of_source(status, calls)) {
        calls->bad_source(calls->context, number, err);
        return CLIPSEARCH_OK;
    }
    return status == CLIPSEARCH_OK ? cs_attributes_open(given, source->root, &source->attributes, err) : status;
}

clipsearch_status cs_sources_open(const clipsearch_source *given, size_t count, const cs_sources_calls *calls,
                                  cs_sources *sources, clipsearch_error *err)
{
    *sources = (cs_sources){0};
    sources->sources = cs_zalloc_array(count, sizeof *sources->sources);
    if (!sources->sources)
        return cs_fail_memory(err, "sources");
    sources->source_count = count;
    for (size_t i = 0; i < count; i++) {
        clipsearch_status status = open_source(&given[i], i, calls, &sources->sources[i], err);
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
    const cs_sources_calls *calls;
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
    const cs_sources_calls *calls = walk->calls;
    return calls->step ? calls->step(calls->context, walk->sources->file_count, path, err) : CLIPSEARCH_OK;
}

/* Whether a file belongs to the part that is wanted: the first eight bytes of the SHA-256 of its path below the
 * source, as a big-endian number modulo the number of parts, count the parts from 0. *err: libcrypto refused. */
static bool is_in_shard(const cs_sources *sources, const char *relative, clipsearch_error *err,
                        clipsearch_status *status)
{
    uint8_t digest[CS_SHA256_BYTES];
    uint64_t number = 0;
    if (!sources->shards)
        return true;
    *status = cs_digest_of(CS_SHA256, relative, strlen(relative), digest, err);
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | digest[i];
    return *status == CLIPSEARCH_OK && number % sources->shards == sources->shard - 1;
}

static clipsearch_status add_found_file(void *context, const char *path, const char *relative, const cs_file_info *info,
                                        bool sidecar, clipsearch_error *err)
{
    walk_context *walk = context;
    cs_found_file file = {.source = walk->source,
                          .size = info->size,
                          .mtime_ns = info->mtime_ns,
                          .ctime_ns = info->ctime_ns,
                          .has_sidecar = sidecar};
    clipsearch_status status = CLIPSEARCH_OK;
    if (is_in_shard(walk->sources, relative, err, &status))
        status = add_file(walk->sources, path, relative, file, err);
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

static const cs_walk_calls walk_calls = {.enter = report_directory, .file = add_found_file, .bad = add_bad_entry};

cs_walk_spec cs_source_walk_spec(const cs_source *source)
{
    return (cs_walk_spec){.root = source->root,
                          .include = source->include,
                          .include_count = source->include_count,
                          .exclude = source->exclude,
                          .exclude_count = source->exclude_count,
                          .hidden = source->given->hidden,
                          .recurse = !source->given->no_recurse,
                          .follow_symlinks = source->given->follow_symlinks};
}

/* Whether the patterns of the source leave out a file or directory that a list names. Being named, it may be hidden,
 * and a file may have any suffix if no patterns to include are given. */
static bool is_left_out(const cs_source *source, const char *relative, bool is_directory)
{
    char parent[PATH_MAX];
    for (const char *slash = strchr(relative, '/'); slash; slash = strchr(slash + 1, '/')) {
        const size_t n = (size_t)(slash - relative);
        memcpy(parent, relative, n); /* shorter than a real path */
        parent[n] = '\0';
        if (cs_glob_match_any(source->exclude, source->exclude_count, parent, true))
            return true;
    }
    if (cs_glob_match_any(source->exclude, source->exclude_count, relative, is_directory))
        return true;
    return !is_directory && source->include_count &&
           !cs_glob_match_any(source->include, source->include_count, relative, false);
}

/* Walk what one line of a list names: `path`, absolute. */
static clipsearch_status walk_listed(walk_context *walk, cs_walk_spec *spec, const char *path, clipsearch_error *err)
{
    char real[PATH_MAX];
    struct stat st;
    clipsearch_error why;
    if (!realpath(path, real) || stat(real, &st) != 0) {
        cs_fail_errno(&why, CLIPSEARCH_E_IO, errno, "%s", path);
        return add_bad_entry(walk, path, false, &why, err);
    }
    const cs_source *source = &walk->sources->sources[walk->source];
    const size_t below = cs_walk_part_below(source->root, real);
    if (is_left_out(source, below == SIZE_MAX ? cs_path_base(real) : real + below, S_ISDIR(st.st_mode)))
        return CLIPSEARCH_OK;
    spec->root = real;
    clipsearch_status status = cs_walk(spec, &walk_calls, walk, &why);
    if (status == CLIPSEARCH_E_IO || status == CLIPSEARCH_E_NOT_FOUND)
        return add_bad_entry(walk, real, S_ISDIR(st.st_mode), &why, err);
    return status == CLIPSEARCH_OK ? status : cs_fail(err, status, "%s", why.message);
}

static clipsearch_status walk_list(walk_context *walk, cs_walk_spec *spec, clipsearch_error *err)
{
    const cs_source *source = &walk->sources->sources[walk->source];
    clipsearch_status status = CLIPSEARCH_OK;
    spec->base = source->root;
    for (size_t i = 0; status == CLIPSEARCH_OK && i < source->given->file_count; i++) {
        char *path = cs_path_join(source->root, source->given->files[i]);
        status = path ? walk_listed(walk, spec, path, err) : cs_fail_memory(err, "the list of files");
        cs_free(path);
    }
    return status;
}

clipsearch_status cs_sources_walk(cs_sources *sources, cs_retries *retries, const cs_sources_calls *calls,
                                  clipsearch_error *err)
{
    for (size_t i = 0; i < sources->source_count; i++) {
        cs_source *source = &sources->sources[i];
        walk_context walk = {.sources = sources, .source = i, .calls = calls};
        cs_walk_spec spec = cs_source_walk_spec(source);
        spec.retries = retries;
        spec.left_out = &sources->left_out;
        if (!source->root)
            continue;
        source->whole = !source->given->files && !sources->shards;
        clipsearch_status status =
            source->given->files ? walk_list(&walk, &spec, err) : cs_walk(&spec, &walk_calls, &walk, err);
        if (is_of_source(status, calls)) {
            source->whole = false;
            calls->bad_source(calls->context, i, err);
        } else if (status != CLIPSEARCH_OK) {
            return status;
        }
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
        if (cs_glob_match_any(source->exclude, source->exclude_count, part, end != NULL) ||
            (!source->given->hidden && cs_is_hidden_name(cs_path_base(part))))
            return true;
        if (!end)
            return false;
    }
}
