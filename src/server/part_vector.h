/* SPDX-License-Identifier: MIT
 * part_vector.h - the vectors of texts, uploaded images and image files, by a collection's encoder. */
#ifndef CS_SERVER_PART_VECTOR_H
#define CS_SERVER_PART_VECTOR_H

#include "server/open_collections.h"
#include "server/request.h"

/* An image to encode: bytes, or else a file. */
typedef struct cs_upload {
    const void *bytes; /* [size]; NULL: `path` */
    size_t size;
    const char *path;   /* a file, or only a name for messages */
    const double *crop; /* [4] left, top, width, height in per cent; NULL: all of it */
} cs_upload;

/* Encode `text`, or `upload`, into `vector` [dim]; the times of the steps are noted in `request`. Texts and whole
 * images are encoded together with those of other requests that wait.
 * Errors: as clipsearch_encode_texts; as clipsearch_image_load; CLIPSEARCH_E_ARGUMENT (a crop outside the image, an
 * encoder without the tower). */
clipsearch_status cs_text_vector(cs_request *request, cs_encode_pool *pool, const char *text, float *vector,
                                 clipsearch_error *err);
clipsearch_status cs_upload_vector(cs_request *request, cs_encode_pool *pool, clipsearch_collection *collection,
                                   const cs_upload *upload, float *vector, clipsearch_error *err);

#endif
