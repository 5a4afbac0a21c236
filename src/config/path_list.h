/* SPDX-License-Identifier: MIT
 * path_list.h - a file with a list of paths: a line each, or each followed by a NUL byte. */
#ifndef CS_CONFIG_PATH_LIST_H
#define CS_CONFIG_PATH_LIST_H

#include "base/buf.h"
#include "base/error.h"

typedef struct cs_path_list {
    const char **paths; /* [count]; they point into `text` */
    size_t count;
    cs_buf text;
} cs_path_list;

/* Read the list `file`, "-" being standard input; it may be a pipe. A list with a NUL byte in it is one of paths that
 * end in NUL bytes, and so is any with `nul`. Otherwise lines end with LF or CR LF, and a byte order mark at the start
 * is no part of the first. Empty paths are left out. Free in any case. Errors: CLIPSEARCH_E_IO, _NOT_FOUND, _LIMIT
 * (more than 256 MiB), _FORMAT (a path that is too long for the system), _MEMORY. */
clipsearch_status cs_path_list_read(const char *file, bool nul, cs_path_list *list, clipsearch_error *err);

/* The same from a text in memory, of which a copy is made. `name` is for messages. */
clipsearch_status cs_path_list_parse(const char *text, size_t size, const char *name, bool nul, cs_path_list *list,
                                     clipsearch_error *err);
void cs_path_list_free(cs_path_list *list);

#endif
