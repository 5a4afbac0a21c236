/* SPDX-License-Identifier: MIT
 * replace.h - a file replaced as a whole or not at all. */
#ifndef CS_BASE_REPLACE_H
#define CS_BASE_REPLACE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* A file being written. All zero: no file is being written. */
typedef struct cs_replacement {
    int fd;          /* write here */
    char *path;      /* NULL when no file is being written */
    char *temporary; /* its name until it is complete; NULL: `path` is not a regular file and is written directly */
} cs_replacement;

/* Begin to replace `path`: a new file beside it, with the permissions that the umask allows. If `path` exists and is
 * not a regular file (a device, a pipe), it is opened and written directly: renaming over /dev/null would destroy it.
 * Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_replacement_open(const char *path, cs_replacement *replacement, clipsearch_error *err);

/* Append `size` bytes. Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_replacement_write(cs_replacement *replacement, const void *data, size_t size,
                                       clipsearch_error *err);

/* Bring what was written to the disk now, so that the commit, perhaps under a lock, has little left to do.
 * Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_replacement_sync(cs_replacement *replacement, clipsearch_error *err);

/* Finish: fsync, rename into place, fsync the directory. On failure `path` is unchanged and the new file is removed.
 * Closes fd and ends the replacement either way. Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_replacement_commit(cs_replacement *replacement, clipsearch_error *err);

/* Give up: remove the new file and leave `path` unchanged. Does nothing when no file is being written. */
void cs_replacement_drop(cs_replacement *replacement);

/* Remove the files that processes left beside `path` when they died while replacing it. A file that another process is
 * still writing stays: that process holds a lock on it. */
void cs_replacement_tidy(const char *path);

/* Replace `path` by `size` bytes in one step. After a failure or a crash either the old file or the new one is there,
 * whole. */
clipsearch_status cs_replace_file(const char *path, const void *data, size_t size, clipsearch_error *err);

/* Write all bytes, in as many calls as the system needs. False, with errno set, on failure. */
bool cs_write_all(int fd, const void *data, size_t size);

/* Rename the complete file `temporary`, which nobody writes to any more, to `path` in the same directory: fsync,
 * rename, fsync of the directory. On failure both are unchanged. Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_put_in_place(const char *temporary, const char *path, clipsearch_error *err);

#endif
