/* SPDX-License-Identifier: MIT
 * sidecar.h - files of XMP beside images: NAME.jpg.xmp, else NAME.xmp, belongs to NAME.jpg. */
#ifndef CS_INGEST_SIDECAR_H
#define CS_INGEST_SIDECAR_H

#include "base/file.h"

#include <limits.h>

/* The names that the file of XMP of an image can have, the one that counts most first. */
enum { CS_SIDECAR_NAMES = 4 };

/* Path number `i` of those of the image's file of XMP. False: it has no such path. */
bool cs_sidecar_path(const char *image, unsigned i, char path[PATH_MAX]);

/* Whether a file of this name is XMP. */
bool cs_is_sidecar_name(const char *name);

/* The image that the file of XMP `path` belongs to by its own name, as NAME.jpg.xmp does. False: it has no such name.
 * It need not exist. */
bool cs_sidecar_image(const char *path, char image[PATH_MAX]);

/* The time that is remembered of an image that has a file of XMP: that of the image's last change and that of the
 * file's added up, so that it differs when the file is new, changed or removed. */
int64_t cs_sidecar_time(int64_t image_ctime_ns, int64_t sidecar_ctime_ns);

/* Whether `path` is a regular file, and when it changed last. Errors: CLIPSEARCH_E_IO, of the machine only. */
clipsearch_status cs_sidecar_stat(const char *path, bool *found, int64_t *ctime_ns, clipsearch_error *err);

/* Read the image's file of XMP into `bytes`, whose `max` is the limit, and say when it changed last. There is none:
 * empty, and 0. One that is too large or that may not be read: empty. Errors: CLIPSEARCH_E_IO, of the machine only;
 * _MEMORY. */
clipsearch_status cs_sidecar_read(const char *image, cs_buf *bytes, int64_t *ctime_ns, clipsearch_error *err);

#endif
