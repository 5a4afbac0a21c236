/* SPDX-License-Identifier: MIT
 * part_image.h - the image of a question: a file or bytes in memory, the whole or a region of it. */
#ifndef CS_ENCODE_PART_IMAGE_H
#define CS_ENCODE_PART_IMAGE_H

#include "encode/session.h"

/* The pixels of `region` in an image of width x height pixels: edges[0..3] are left, top, width and height. `name`
 * begins messages. CLIPSEARCH_E_ARGUMENT when it is not inside the image, has no area, or is not made of whole pixels.
 */
clipsearch_status cs_region_pixels(const clipsearch_region *region, uint32_t width, uint32_t height, const char *name,
                                   uint32_t edges[4], clipsearch_error *err);

/* Encode the image file `path`, or with `data` not NULL its `size` bytes (`path` is then its name in messages), or only
 * `region` of it (NULL: all), into `vector` [dim]. `hash` receives the SHA-256 of the file.
 * Errors: those of clipsearch_encode_file and cs_region_pixels. */
clipsearch_status cs_session_encode_part(clipsearch_session *session, const char *path, const void *data, size_t size,
                                         const clipsearch_region *region, float *vector, uint8_t hash[32],
                                         clipsearch_error *err);

#endif
