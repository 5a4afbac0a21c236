/* SPDX-License-Identifier: MIT
 * web_image.h - an image from the web, into memory. */
#ifndef CS_MODELS_WEB_IMAGE_H
#define CS_MODELS_WEB_IMAGE_H

#include "base/buf.h"
#include "base/error.h"

enum {
    CS_WEB_IMAGE_BYTES = 64 << 20, /* the largest */
    CS_WEB_IMAGE_SECONDS = 60,     /* the longest transfer */
    CS_WEB_IMAGE_STALL = 15        /* without data */
};

/* GET `url`, http or https, into `data`, which is emptied first. Unless `allow_local`, nothing is fetched from this
 * computer and from private networks, and no proxy is used. The bytes are not checked: decode them as an image.
 * Errors: CLIPSEARCH_E_ARGUMENT (a local address), _LIMIT (too large, too slow), _IO, _UNSUPPORTED (a build without
 * libcurl), _MEMORY. */
clipsearch_status cs_web_image_get(const char *url, bool allow_local, cs_buf *data, clipsearch_error *err);

#endif
