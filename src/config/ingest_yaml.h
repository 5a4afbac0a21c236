/* SPDX-License-Identifier: MIT
 * ingest_yaml.h - the YAML file that says what to ingest (docs/ingest.md is its manual). */
#ifndef CS_CONFIG_INGEST_YAML_H
#define CS_CONFIG_INGEST_YAML_H

#include "config/yaml_tree.h"

/* What the file says. A NULL text, a false has_... : it says nothing of it. Everything lives as long as `yaml`. */
typedef struct cs_ingest_file {
    cs_yaml *yaml;
    const char *database, *model; /* paths already held against the file's directory */
    const char *collection;
    bool has_metric, has_batch, has_threads, has_on_bad, has_prune, has_exif;
    clipsearch_metric metric;
    size_t batch, threads;
    clipsearch_on_bad on_bad;
    bool prune, ignore_exif;
    clipsearch_index_options index; /* 0: not said */
    clipsearch_source *sources;     /* [source_count] */
    size_t source_count;
} cs_ingest_file;

/* Read `path`. Relative paths inside it count from the directory it lies in; "~/" is the home directory.
 * Errors: CLIPSEARCH_E_FORMAT with line and column, _LIMIT, _NOT_FOUND, _IO, _MEMORY. */
clipsearch_status cs_ingest_file_load(const char *path, cs_ingest_file *file, clipsearch_error *err);

/* The same from a tree, which `file` takes over on success and on failure alike; paths count from `directory`. */
clipsearch_status cs_ingest_file_read(cs_yaml *yaml, const char *directory, cs_ingest_file *file,
                                      clipsearch_error *err);
void cs_ingest_file_close(cs_ingest_file *file);

/* `path` as written in a file that lies in `directory`: "~/" replaced by the home directory, relative ones put behind
 * `directory`. Memory of `yaml`; NULL when out of memory. */
const char *cs_yaml_path(cs_yaml *yaml, const char *directory, const char *path);

/* The directory part of `path` ("." when it has none). Memory of `yaml`; NULL when out of memory. */
const char *cs_yaml_directory(cs_yaml *yaml, const char *path);

#endif
