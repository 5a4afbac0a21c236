/* SPDX-License-Identifier: MIT
 * sources.h - the sources of an ingestion, opened, and the files found in them. */
#ifndef CS_INGEST_SOURCES_H
#define CS_INGEST_SOURCES_H

#include "ingest/attributes.h"
#include "ingest/devices.h"
#include "base/glob.h"
#include "ingest/retry.h"
#include "ingest/walk.h"

#include <stdint.h>

typedef struct cs_source {
    const clipsearch_source *given;
    char *root; /* real path; NULL: the source cannot be opened */
    cs_glob **include, **exclude;
    size_t include_count, exclude_count;
    cs_attributes *attributes; /* NULL: the source has none to give */
    bool whole;                /* every directory below the root was read; never of a list of files */
    cs_devices devices;        /* of its directories, as the walk found them */
} cs_source;

typedef struct cs_found_file {
    char *path;           /* absolute */
    const char *relative; /* points into `path`: the part below the source's root */
    size_t source;
    uint64_t size;
    int64_t mtime_ns, ctime_ns;
    bool has_sidecar;  /* a file of XMP is beside it */
    bool is_directory; /* one that cannot be read */
    clipsearch_status status;
    char *why; /* unless status is CLIPSEARCH_OK */
    int system_error;
} cs_found_file;

typedef struct cs_sources {
    cs_source *sources; /* [source_count] */
    size_t source_count;
    cs_found_file *files; /* [file_count] in the order of the walks, each path once */
    size_t file_count, file_capacity;
    size_t *by_path;        /* [file_count]: their numbers, ordered by path */
    unsigned shard, shards; /* set before the walk: only this part of the files is taken, from 1; 0 of 0: all */
    cs_left_out left_out;
} cs_sources;

/* What a caller wants to know meanwhile. */
typedef struct cs_sources_calls {
    /* Called now and then with the number of files found so far and a path; a status other than CLIPSEARCH_OK ends the
     * walk, which returns it. May be NULL. */
    clipsearch_status (*step)(void *context, size_t found, const char *path, clipsearch_error *err);
    /* Source number `source` cannot be opened or read; it counts as empty. NULL: that is an error. */
    void (*bad_source)(void *context, size_t source, const clipsearch_error *why);
    void *context; /* given to both */
} cs_sources_calls;

/* Compile the patterns, find the roots, read the attributes. *sources must be closed in any case. Errors:
 * CLIPSEARCH_E_IO (a source that does not exist, without bad_source; a CSV file), _ARGUMENT (a pattern), _FORMAT,
 * _LIMIT, _MEMORY. */
clipsearch_status cs_sources_open(const clipsearch_source *given, size_t count, const cs_sources_calls *calls,
                                  cs_sources *sources, clipsearch_error *err);
void cs_sources_close(cs_sources *sources);

/* Walk them all, one after the other. Machine errors cost `retries`. */
clipsearch_status cs_sources_walk(cs_sources *sources, cs_retries *retries, const cs_sources_calls *calls,
                                  clipsearch_error *err);

/* Look for the source's root again. Errors: CLIPSEARCH_E_IO (it does not exist), _MEMORY. */
clipsearch_status cs_source_find_root(cs_source *source, clipsearch_error *err);

/* What a walk of `source` needs, but for the retries. */
cs_walk_spec cs_source_walk_spec(const cs_source *source);

/* Whether `path` is among the files found; whether one of them lies below `directory`. */
bool cs_sources_has(const cs_sources *sources, const char *path);
bool cs_sources_has_below(const cs_sources *sources, const char *directory);

/* Whether the source leaves out the file `path`, which lies below its root, or a directory above it: by an `exclude`,
 * or as hidden. */
bool cs_source_excludes(const cs_source *source, const char *path);

#endif
