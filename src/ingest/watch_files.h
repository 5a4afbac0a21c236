/* SPDX-License-Identifier: MIT
 * watch_files.h - files that have changed and wait to be handed out, and whether someone is still writing them. */
#ifndef CS_INGEST_WATCH_FILES_H
#define CS_INGEST_WATCH_FILES_H

#include "base/error.h"

#include <stdint.h>

typedef struct cs_watch_file {
    size_t source;
    char *path;
    bool closed; /* whoever wrote it has closed it, or it was moved here whole */
} cs_watch_file;

/* Zero is an empty list. */
typedef struct cs_watch_files {
    cs_watch_file *files; /* [count] */
    size_t count, capacity;
    size_t distinct; /* when repeats were last removed */
} cs_watch_files;

/* Add a file; `path` is copied. Repeats are removed when they have become many. CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_watch_files_add(cs_watch_files *files, size_t source, const char *path, bool closed,
                                     clipsearch_error *err);

/* Order the files by source and path, each once. */
void cs_watch_files_sort(cs_watch_files *files);

/* Remove those of `source`. */
void cs_watch_files_drop(cs_watch_files *files, size_t source);
void cs_watch_files_free(cs_watch_files *files);

/* Whether a process has the file open for writing. Where the system does not tell (the file is another user's, or on a
 * network): whether it is not known to be closed and has changed within `seconds`. */
bool cs_file_is_being_written(const cs_watch_file *file, double seconds);

#endif
