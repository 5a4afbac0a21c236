/* SPDX-License-Identifier: MIT
 * file.h - whole files: bounded reads, read-only maps. */
#ifndef CS_BASE_FILE_H
#define CS_BASE_FILE_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

/* What the file system says of a file, before it is read. */
typedef struct cs_file_info {
    uint64_t size;
    int64_t mtime_ns;
    int64_t ctime_ns; /* of the inode's last change */
    uint64_t device;  /* number of the device that the file is on */
    uint64_t inode;   /* its number there */
    bool is_directory, is_regular;
} cs_file_info;

/* Follows links. Errors: CLIPSEARCH_E_NOT_FOUND, CLIPSEARCH_E_IO. */
clipsearch_status cs_file_stat(const char *path, cs_file_info *info, clipsearch_error *err);

/* Read the whole of `path` into `buf` (cleared first; its `max` is the limit, checked against the file's size before
 * memory is taken). Not a regular file: CLIPSEARCH_E_IO. Errors: _NOT_FOUND, _IO, _LIMIT, _MEMORY. `info` may be NULL;
 * it describes the very file that was read, or that was found larger than the limit. */
clipsearch_status cs_file_read(const char *path, cs_buf *buf, cs_file_info *info, clipsearch_error *err);

/* Append all that can be read from `fd`, which may be a pipe or a terminal, to `buf`, whose `max` is the limit. `name`
 * is for messages. Errors: CLIPSEARCH_E_IO, _LIMIT, _MEMORY. */
clipsearch_status cs_descriptor_read(int fd, const char *name, cs_buf *buf, clipsearch_error *err);

/* Append all of `path` to `buf`: of a regular file, a pipe, whose writer is waited for, or a device; "-" is standard
 * input. Errors: those of cs_descriptor_read; CLIPSEARCH_E_NOT_FOUND. */
clipsearch_status cs_input_read(const char *path, cs_buf *buf, clipsearch_error *err);

/* What messages call it: "standard input" for "-", else the path. */
const char *cs_input_name(const char *path);

/* A read-only map of a whole file. An empty file maps to size 0 and a non-NULL pointer. */
typedef struct cs_map {
    const uint8_t *data;
    size_t size;
} cs_map;

clipsearch_status cs_map_open(const char *path, cs_map *map, clipsearch_error *err);
void cs_map_close(cs_map *map);

/* `directory` + '/' + `name` in a fresh string (cs_free), or `name` alone when it is absolute; NULL when out of
 * memory. */
char *cs_path_join(const char *directory, const char *name);

/* `path` as it is seen from any working directory, in a fresh string (cs_free): a relative one behind the current one.
 * ".." is followed, so that the name does not depend on the directory it leads out of; other links stay.
 * Errors: CLIPSEARCH_E_IO (the current directory has no name), _MEMORY. */
clipsearch_status cs_path_make_absolute(const char *path, char **absolute, clipsearch_error *err);

/* The part of `path` after its last '/'. */
const char *cs_path_base(const char *path);

#endif
