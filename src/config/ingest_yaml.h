/* SPDX-License-Identifier: MIT
 * ingest_yaml.h - the YAML file that describes what to ingest; docs/ingest.md documents it. */
#ifndef CS_CONFIG_INGEST_YAML_H
#define CS_CONFIG_INGEST_YAML_H

#include "config/exif_choice.h"
#include "config/names.h"
#include "config/yaml_tree.h"

/* The contents of the file. A NULL text or a false has_... means that the key is not there. Everything lives as long as
 * `yaml`. */
typedef struct cs_ingest_file {
    cs_yaml *yaml;
    const char *database, *model; /* paths are already relative to the file's directory */
    const char *collection, *precision, *decode;
    bool has_metric, has_batch, has_threads, has_on_bad, has_prune, has_exif;
    clipsearch_metric metric;
    size_t batch, threads;
    cs_on_bad on_bad;
    bool prune, remodel;
    cs_exif_choice exif;
    uint64_t max_pixels, max_bytes; /* of an image; 0: not given */
    clipsearch_index_options index; /* 0: not given */
    clipsearch_source *sources;     /* [source_count] */
    size_t source_count;
    const cs_yaml_node **source_nodes; /* [source_count] where each source's path is written */
    const cs_yaml_node *collection_node, *model_node, *index_type_node, *ef_construction_node; /* and these values */
} cs_ingest_file;

/* Read `path`. Relative paths in it are relative to its directory; "~/" is the home directory.
 * Errors: CLIPSEARCH_E_FORMAT with line and column, _LIMIT, _NOT_FOUND, _IO, _MEMORY. */
clipsearch_status cs_ingest_file_load(const char *path, cs_ingest_file *file, clipsearch_error *err);

/* The same from a parsed document, which `file` owns afterwards, on success and on failure; paths are relative to
 * `directory`. */
clipsearch_status cs_ingest_file_read(cs_yaml *yaml, const char *directory, cs_ingest_file *file,
                                      clipsearch_error *err);
void cs_ingest_file_close(cs_ingest_file *file);

/* Resolve `path`, which is written in a file in `directory`: "~/" becomes the home directory, and a relative path is
 * appended to `directory`. Memory of `yaml`; NULL when out of memory. */
const char *cs_yaml_path(cs_yaml *yaml, const char *directory, const char *path);
/* The same for a database, which may be the address of a server. */
const char *cs_yaml_database(cs_yaml *yaml, const char *directory, const char *database);

/* The directory part of `path` ("." when it has none). Memory of `yaml`; NULL when out of memory. */
const char *cs_yaml_directory(cs_yaml *yaml, const char *path);

#endif
