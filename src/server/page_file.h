/* SPDX-License-Identifier: MIT
 * page_file.h - files that the program carries. tools/embed_files.py makes the table from src/server/page. */
#ifndef CS_SERVER_PAGE_FILE_H
#define CS_SERVER_PAGE_FILE_H

#include <stddef.h>

typedef struct cs_page_file {
    const char *name, *type, *etag; /* type as in Content-Type; etag with its quotes */
    const unsigned char *bytes;     /* [size] */
    size_t size;
} cs_page_file;

extern const cs_page_file cs_page_files[];
extern const size_t cs_page_file_count;

#endif
