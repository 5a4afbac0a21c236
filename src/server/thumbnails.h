/* SPDX-License-Identifier: MIT
 * thumbnails.h - small images of items: made once, and kept in memory within a limit. */
#ifndef CS_SERVER_THUMBNAILS_H
#define CS_SERVER_THUMBNAILS_H

#include "server/reply.h"

enum { CS_THUMBNAIL_LEAST = 16, CS_THUMBNAIL_MOST = 2048 };

typedef struct cs_thumbnails cs_thumbnails;

/* An image file as it is known, and the size that is wanted. */
typedef struct cs_thumbnail_key {
    const char *path;
    int64_t mtime_ns;
    uint64_t bytes; /* of the file */
    uint32_t side;  /* of the square that the small image fits into */
} cs_thumbnail_key;

/* `limit`: bytes of all small images that are kept. Any number of threads may use it. NULL: out of memory. */
cs_thumbnails *cs_thumbnails_open(uint64_t limit, uint64_t max_pixels);
void cs_thumbnails_close(cs_thumbnails **thumbnails);

/* The JPEG of `key`, made if it is not there; never larger than the image. Two that ask for the same wait for one.
 * Release *bytes. Errors: those of clipsearch_image_load, _MEMORY. */
clipsearch_status cs_thumbnails_get(cs_thumbnails *thumbnails, const cs_thumbnail_key *key, cs_shared_bytes **bytes,
                                    clipsearch_error *err);

/* How many were found and made, and the bytes that are kept. */
void cs_thumbnails_counts(cs_thumbnails *thumbnails, uint64_t *found, uint64_t *made, uint64_t *bytes);

#endif
