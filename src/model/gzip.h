/* SPDX-License-Identifier: MIT
 * gzip.h - read a text file that may be gzip-compressed. */
#ifndef CS_MODEL_GZIP_H
#define CS_MODEL_GZIP_H

#include "base/buf.h"
#include "base/error.h"

/* Read `path` into `buf` (cleared first, buf->max is the limit on the expanded size), expanding it when it begins with
 * gzip's magic bytes. Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (damaged, cut short), _LIMIT, _MEMORY. */
clipsearch_status cs_gzip_read(const char *path, cs_buf *buf, clipsearch_error *err);

/* The version of zlib. */
const char *cs_gzip_library(void);

#endif
