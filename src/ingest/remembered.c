/* SPDX-License-Identifier: MIT
 * remembered.c - sources as records, and records as sources. */
#include "ingest/remembered.h"

#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options as text */

/* Names of the options. What stands at its default is not written. */
static const char *const INCLUDE = "include", *const NO_INCLUDE = "no_include", *const EXCLUDE = "exclude",
                         *const RECURSE = "recurse", *const FOLLOW = "follow_symlinks",
                         *const ATTRIBUTES = "attributes", *const CSV = "csv", *const CSV_KEY = "csv_key",
                         *const CSV_BY_NAME = "csv_by_name", *const EXIF = "exif", *const MAX_BYTES = "max_bytes",
                         *const DECODE = "decode", *const MAX_PIXELS = "max_pixels", *const HIDDEN = "hidden",
                         *const EXACT_CASE = "exact_case", *const METADATA = "metadata", *const IS_FILE = "file",
                         *const FILES = "files";

static void put(cs_buf *text, const char *name, const char *value)
{
    cs_buf_puts(text, name);
    cs_buf_putc(text, '=');
    cs_buf_puts(text, value);
    cs_buf_putc(text, '\0');
}

static void put_count(cs_buf *text, const char *name, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    put(text, name, digits);
}

/* `path` as it is seen from anywhere: a fresh string, NULL when out of memory. */
static char *absolute_path(const char *path)
{
    char real[PATH_MAX], *absolute;
    if (realpath(path, real))
        return cs_strdup(real);
    return cs_path_make_absolute(path, &absolute, NULL) == CLIPSEARCH_E_IO ? cs_strdup(path) : absolute;
}

static bool write_options(const clipsearch_source *source, bool is_file, const clipsearch_ingest_options *run,
                          cs_buf *text)
{
    const clipsearch_image_options *image = run->image;
    clipsearch_image_options plain;
    clipsearch_image_options_init(&plain);
    for (size_t i = 0; source->include && i < source->include_count; i++)
        put(text, INCLUDE, source->include[i]);
    if (source->include && !source->include_count)
        put(text, NO_INCLUDE, "yes");
    for (size_t i = 0; i < source->exclude_count; i++)
        put(text, EXCLUDE, source->exclude[i]);
    if (source->no_recurse)
        put(text, RECURSE, "no");
    if (source->follow_symlinks)
        put(text, FOLLOW, "yes");
    if (source->attributes)
        put(text, ATTRIBUTES, source->attributes);
    if (source->attributes_csv) {
        char *csv = absolute_path(source->attributes_csv);
        if (!csv)
            return false;
        put(text, CSV, csv);
        cs_free(csv);
    }
    if (source->csv_key)
        put(text, CSV_KEY, source->csv_key);
    if (source->csv_by_name)
        put(text, CSV_BY_NAME, "yes");
    if (source->hidden)
        put(text, HIDDEN, "yes");
    if (source->exact_case)
        put(text, EXACT_CASE, "yes");
    if (source->files)
        put(text, FILES, "yes");
    if (is_file)
        put(text, IS_FILE, "yes");
    if (run->metadata)
        put(text, METADATA, run->metadata);
    if (image->ignore_exif)
        put(text, EXIF, "ignore");
    if (image->decode == CLIPSEARCH_DECODE_FAST)
        put(text, DECODE, "fast");
    if (image->max_bytes != plain.max_bytes)
        put_count(text, MAX_BYTES, image->max_bytes);
    if (image->max_pixels != plain.max_pixels)
        put_count(text, MAX_PIXELS, image->max_pixels);
    return !text->failed;
}

/* The value when `option` is NAME=VALUE with this name, else NULL. */
static const char *value_of(const char *option, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(option, name, n) == 0 && option[n] == '=' ? option + n + 1 : NULL;
}

/* The options that are either there or not. */
static bool read_switch(cs_remembered_source *out, const char *option)
{
    clipsearch_source *source = &out->source;
    if (value_of(option, FILES))
        source->files = out->include; /* none: which they were is not remembered */
    else if (value_of(option, NO_INCLUDE))
        source->include = out->include;
    else if (value_of(option, RECURSE))
        source->no_recurse = true;
    else if (value_of(option, FOLLOW))
        source->follow_symlinks = true;
    else if (value_of(option, CSV_BY_NAME))
        source->csv_by_name = true;
    else if (value_of(option, HIDDEN))
        source->hidden = true;
    else if (value_of(option, EXACT_CASE))
        source->exact_case = true;
    else if (value_of(option, IS_FILE))
        out->is_file = true;
    else if (value_of(option, EXIF))
        out->image.ignore_exif = true;
    else if (value_of(option, DECODE))
        out->image.decode = CLIPSEARCH_DECODE_FAST;
    else
        return false;
    return true;
}

static void read_option(cs_remembered_source *out, const char *option)
{
    const char *value;
    clipsearch_source *source = &out->source;
    if (read_switch(out, option))
        return;
    if ((value = value_of(option, INCLUDE)))
        out->include[source->include_count++] = value;
    else if ((value = value_of(option, EXCLUDE)))
        out->exclude[source->exclude_count++] = value;
    else if ((value = value_of(option, ATTRIBUTES)))
        source->attributes = value;
    else if ((value = value_of(option, CSV)))
        source->attributes_csv = value;
    else if ((value = value_of(option, CSV_KEY)))
        source->csv_key = value;
    else if ((value = value_of(option, METADATA)))
        out->metadata = value;
    else if ((value = value_of(option, MAX_BYTES)))
        out->image.max_bytes = strtoull(value, NULL, 10);
    else if ((value = value_of(option, MAX_PIXELS)))
        out->image.max_pixels = strtoull(value, NULL, 10);
}

/* ---- reading */

static void free_source(cs_remembered_source *source)
{
    cs_free(source->list);
    cs_free(source->path);
    cs_free(source->options);
    cs_free(source->include);
    cs_free(source->exclude);
    cs_devices_free(&source->devices);
}

static clipsearch_status read_record(cs_remembered_source *out, const cs_source_record *record, clipsearch_error *err)
{
    size_t strings = 0;
    *out = (cs_remembered_source){.options_size = record->options_size};
    clipsearch_source_init(&out->source);
    clipsearch_image_options_init(&out->image);
    for (size_t at = 0; at < record->options_size; at += strlen(record->options + at) + 1)
        strings++;
    out->list = cs_strdup(record->list);
    out->path = cs_strdup(record->path);
    out->options = cs_alloc_array(record->options_size, 1);
    out->include = cs_alloc_array(strings, sizeof *out->include);
    out->exclude = cs_alloc_array(strings, sizeof *out->exclude);
    if (!out->list || !out->path || !out->options || !out->include || !out->exclude)
        return cs_fail_memory(err, "the sources of a collection");
    if (record->options_size)
        memcpy(out->options, record->options, record->options_size);
    for (size_t at = 0; at < out->options_size; at += strlen(out->options + at) + 1)
        read_option(out, out->options + at);
    out->source.path = out->path;
    out->source.exclude = out->exclude;
    if (out->source.include_count)
        out->source.include = out->include;
    return cs_devices_read(&out->devices, record->devices, record->devices_size, err);
}

static clipsearch_status add_record(void *context, const cs_source_record *record, clipsearch_error *err)
{
    cs_remembered *remembered = context;
    cs_remembered_source *sources =
        cs_grow(remembered->sources, &remembered->capacity, remembered->count + 1, sizeof *sources);
    if (!sources)
        return cs_fail_memory(err, "the sources of a collection");
    remembered->sources = sources;
    clipsearch_status status = read_record(&sources[remembered->count], record, err);
    if (status == CLIPSEARCH_OK)
        remembered->count++;
    else
        free_source(&sources[remembered->count]);
    return status;
}

clipsearch_status cs_remembered_read(cs_remembered *remembered, clipsearch_collection *collection,
                                     clipsearch_error *err)
{
    return cs_collection_each_source(collection, add_record, remembered, err);
}

const cs_remembered_source *cs_remembered_file(const cs_remembered *remembered, const char *path)
{
    for (size_t i = 0; i < remembered->count && path; i++)
        if (remembered->sources[i].is_file && strcmp(remembered->sources[i].path, path) == 0)
            return &remembered->sources[i];
    return NULL;
}

void cs_remembered_free(cs_remembered *remembered)
{
    for (size_t i = 0; i < remembered->count; i++)
        free_source(&remembered->sources[i]);
    cs_free(remembered->sources);
    *remembered = (cs_remembered){0};
}

/* ---- writing */

/* The records of a run, being made. */
typedef struct record_list {
    cs_source_record *records; /* [count] */
    char **paths;              /* [count], owned */
    cs_buf *texts;             /* [2 * count]: of each its options and its devices */
    size_t count;
} record_list;

static void free_records(record_list *list, size_t room)
{
    for (size_t i = 0; i < room; i++) {
        if (list->paths)
            cs_free(list->paths[i]);
        if (list->texts) {
            cs_buf_free(&list->texts[2 * i]);
            cs_buf_free(&list->texts[2 * i + 1]);
        }
    }
    cs_free(list->records);
    cs_free(list->paths);
    cs_free(list->texts);
}

/* What was remembered of number `number` of the sources of `list` with this path; NULL: nothing. */
static const cs_remembered_source *find_before(const cs_remembered *before, const char *list, const char *path)
{
    for (size_t i = 0; i < before->count; i++)
        if (strcmp(before->sources[i].list, list) == 0 && strcmp(before->sources[i].path, path) == 0)
            return &before->sources[i];
    return NULL;
}

/* Write the devices of a source: those seen now, and of directories without any file those seen before. */
static clipsearch_status write_devices(const cs_source *source, const cs_sources *sources,
                                       const cs_remembered_source *old, cs_buf *text, clipsearch_error *err)
{
    cs_devices merged = {0};
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; old && i < old->devices.count && status == CLIPSEARCH_OK; i++) {
        const cs_device *device = &old->devices.items[i];
        if (!cs_sources_has_below(sources, device->path))
            status = cs_devices_add(&merged, device->path, device->device, err);
    }
    for (size_t i = 0; i < source->devices.count && status == CLIPSEARCH_OK; i++) {
        const cs_device *device = &source->devices.items[i];
        if (!cs_devices_find(&merged, device->path))
            status = cs_devices_add(&merged, device->path, device->device, err);
    }
    if (status == CLIPSEARCH_OK && !cs_devices_write(&merged, text))
        status = cs_fail_memory(err, "the devices of a source");
    cs_devices_free(&merged);
    return status;
}

static clipsearch_status make_record(record_list *made, const cs_source *source, const cs_sources *sources,
                                     const cs_remembered *before, const char *list,
                                     const clipsearch_ingest_options *run, clipsearch_error *err)
{
    const size_t i = made->count;
    cs_buf *options = &made->texts[2 * i], *devices = options + 1;
    *options = cs_buf_make(SIZE_MAX / 2);
    *devices = cs_buf_make(SIZE_MAX / 2);
    const char *path = source->given->path ? source->given->path : list; /* a list of files need not have one */
    made->paths[i] = source->root ? cs_strdup(source->root) : absolute_path(path);
    if (!made->paths[i])
        return cs_fail_memory(err, "the sources of a collection");
    cs_file_info info;
    const bool there = cs_file_stat(made->paths[i], &info, NULL) == CLIPSEARCH_OK;
    const bool is_file = there ? info.is_regular : cs_remembered_file(before, made->paths[i]) != NULL;
    if (!write_options(source->given, is_file, run, options))
        return cs_fail_memory(err, "the sources of a collection");
    clipsearch_status status = write_devices(source, sources, find_before(before, list, made->paths[i]), devices, err);
    if (status != CLIPSEARCH_OK)
        return status;
    made->records[i] = (cs_source_record){.path = made->paths[i],
                                          .list = list,
                                          .options = options->data,
                                          .options_size = options->len,
                                          .devices = devices->data,
                                          .devices_size = devices->len};
    made->count++;
    return CLIPSEARCH_OK;
}

static bool is_same(const cs_source_record *record, const cs_remembered_source *old, clipsearch_status *status,
                    clipsearch_error *err)
{
    cs_buf devices = cs_buf_make(SIZE_MAX / 2);
    if (!cs_devices_write(&old->devices, &devices))
        *status = cs_fail_memory(err, "the devices of a source");
    bool same = strcmp(record->path, old->path) == 0 && record->options_size == old->options_size &&
                record->devices_size == devices.len;
    same = same && (!devices.len || memcmp(record->devices, devices.data, devices.len) == 0) &&
           (!record->options_size || memcmp(record->options, old->options, old->options_size) == 0);
    cs_buf_free(&devices);
    return same;
}

/* Whether all of this is remembered already. */
static bool is_remembered(const record_list *made, const cs_remembered *before, const char *list,
                          clipsearch_status *status, clipsearch_error *err)
{
    size_t next = 0, listed = 0;
    for (size_t i = 0; i < before->count && *list; i++)
        listed += strcmp(before->sources[i].list, list) == 0;
    if (*list && listed != made->count)
        return false;
    for (size_t i = 0; i < made->count; i++) {
        const cs_remembered_source *old = NULL;
        if (*list) { /* in their order */
            while (strcmp(before->sources[next].list, list) != 0)
                next++;
            old = &before->sources[next++];
        } else {
            old = find_before(before, list, made->records[i].path);
        }
        if (!old || !is_same(&made->records[i], old, status, err))
            return false;
    }
    return true;
}

clipsearch_status cs_remembered_write(clipsearch_collection *collection, const cs_remembered *before,
                                      const cs_sources *sources, const clipsearch_ingest_options *run,
                                      clipsearch_error *err)
{
    const size_t room = sources->source_count;
    const char *name = run->list ? run->list : "";
    clipsearch_status status = CLIPSEARCH_OK;
    record_list made = {.records = cs_zalloc_array(room, sizeof *made.records),
                        .paths = cs_zalloc_array(room, sizeof *made.paths),
                        .texts = cs_zalloc_array(room ? 2 * room : 1, sizeof *made.texts)};
    if (!made.records || !made.paths || !made.texts)
        status = cs_fail_memory(err, "the sources of a collection");
    for (size_t i = 0; i < room && status == CLIPSEARCH_OK; i++)
        if ((sources->sources[i].root && !sources->sources[i].given->files) || *name)
            status = make_record(&made, &sources->sources[i], sources, before, name, run, err);
    if (status == CLIPSEARCH_OK && (made.count || *name) && !is_remembered(&made, before, name, &status, err) &&
        status == CLIPSEARCH_OK)
        status = cs_collection_put_sources(collection, name, made.records, made.count, err);
    free_records(&made, room);
    return status;
}
