/* SPDX-License-Identifier: MIT
 * content_kind.h - what kind of file some bytes are the beginning of. */
#ifndef CS_BASE_CONTENT_KIND_H
#define CS_BASE_CONTENT_KIND_H

#include <stdbool.h>
#include <stddef.h>

/* Image formats that have a decoder (vision/decode.c), in this build or in another. */
typedef enum cs_image_format {
    CS_FORMAT_NONE, /* no image, or one of a format that has no decoder */
    CS_FORMAT_JPEG,
    CS_FORMAT_PNG,
    CS_FORMAT_GIF,
    CS_FORMAT_BMP,
    CS_FORMAT_PNM,
    CS_FORMAT_WEBP, /* from here on through libvips */
    CS_FORMAT_TIFF,
    CS_FORMAT_HEIC,
    CS_FORMAT_AVIF,
    CS_FORMATS
} cs_image_format;

/* Strings that are valid for ever. */
typedef struct cs_content_kind {
    const char *name; /* of one file, behind "a" or "an" or nothing: "HEIC image", "video", "text file" */
    const char *many; /* of several: "HEIC images", "videos", "text files" */
    cs_image_format format;
    bool is_image; /* also an image that has no decoder */
} cs_content_kind;

/* As many bytes of a file as cs_content_kind_of looks at. */
enum { CS_CONTENT_KIND_BYTES = 4096 };

/* The kind of the file that begins with the `size` bytes at `bytes`. Fewer than CS_CONTENT_KIND_BYTES of a longer file
 * suffice for most kinds. Never NULL: "empty file" for no bytes, "file of an unknown kind" for what is not recognised.
 * Kinds of images have a pointer each; other kinds share one for all their formats ("video" for MP4 and Matroska). */
const cs_content_kind *cs_content_kind_of(const void *bytes, size_t size);

/* "a" or "an", as it stands before kind->name. */
const char *cs_content_kind_article(const cs_content_kind *kind);

#endif
