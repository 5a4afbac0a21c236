/* SPDX-License-Identifier: MIT
 * replace.h - a file replaced as a whole or not at all. */
#ifndef CS_BASE_REPLACE_H
#define CS_BASE_REPLACE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* A file being written. Zero is the state in which nothing is under way. */
typedef struct cs_replacement {
    int fd;          /* write here */
    char *path;      /* NULL when nothing is under way */
    char *temporary; /* the name it has until it is whole; NULL: `path` is no regular file and is written as it is */
} cs_replacement;

/* Begin to replace `path`: a new file beside it, with the permissions the umask leaves. What is there and is no regular
 * file (a device, a pipe) is opened and written directly: renaming over /dev/null would destroy it.
 * Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_replacement_open(const char *path, cs_replacement *replacement, clipsearch_error *err);

/* Write behind what was written before. Errors: CLIPSEARCH_E_IO. */
clipsearch_status cs_replacement_write(cs_replacement *replacement, const void *data, size_t size,
                                       clipsearch_error *err);

/* Bring what was written to the disk now, so that the commit, made under a lock perhaps, has little left to do. */
clipsearch_status cs_replacement_sync(cs_replacement *replacement, clipsearch_error *err);

/* All is written: fsync, rename into place, fsync the directory. On failure `path` is as it was and the new file is
 * gone. Closes fd and ends the replacement either way. */
clipsearch_status cs_replacement_commit(cs_replacement *replacement, clipsearch_error *err);

/* Give up: the new file is removed, `path` is as it was. Does nothing when nothing is under way. */
void cs_replacement_drop(cs_replacement *replacement);

/* Remove what processes that died while they were replacing `path` left beside it. What another is still writing stays:
 * it holds a lock on it. */
void cs_replacement_tidy(const char *path);

/* Replace `path` by `size` bytes in one step. After a failure or a crash either the old file or the new one is there,
 * whole. */
clipsearch_status cs_replace_file(const char *path, const void *data, size_t size, clipsearch_error *err);

/* Write all of it, whatever the system takes at a time. False with errno set when that cannot be. */
bool cs_write_all(int fd, const void *data, size_t size);

/* Give the whole file `temporary`, which nobody writes to any more, the name `path` in the same directory: fsync,
 * rename, fsync of the directory. On failure both are as they were. CLIPSEARCH_E_IO. */
clipsearch_status cs_put_in_place(const char *temporary, const char *path, clipsearch_error *err);

#endif
