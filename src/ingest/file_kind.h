/* SPDX-License-Identifier: MIT
 * file_kind.h - what kind of file something is, by its name's suffix or its first bytes: which files a source without
 * patterns takes, and how those that it leaves out are counted. */
#ifndef CS_INGEST_FILE_KIND_H
#define CS_INGEST_FILE_KIND_H

#include "base/content_kind.h"

/* Formats of images, then everything else. */
typedef enum cs_file_kind {
    CS_KIND_JPEG,
    CS_KIND_PNG,
    CS_KIND_WEBP,
    CS_KIND_GIF,
    CS_KIND_TIFF,
    CS_KIND_HEIC,
    CS_KIND_AVIF,
    CS_KIND_BMP,
    CS_KIND_PNM,
    CS_KIND_JPEG_XL,
    CS_KIND_JPEG_2000,
    CS_KIND_RAW,
    CS_KIND_SVG,
    CS_KIND_PHOTOSHOP,
    CS_KIND_ICON,
    CS_KIND_OTHER_IMAGE,
    CS_KIND_VIDEO, /* the first that is no image */
    CS_KIND_SOUND,
    CS_KIND_TEXT,
    CS_KIND_DOCUMENT,
    CS_KIND_ARCHIVE,
    CS_KIND_DATABASE,
    CS_KIND_SIDECAR,
    CS_KIND_OTHER,
    CS_FILE_KINDS
} cs_file_kind;

/* The kind that the suffix says, in any case. CS_KIND_OTHER for a suffix that is not known, or none: *suffix (may be
 * NULL) tells whether there is one. `name` may be a path. */
cs_file_kind cs_file_kind_of_name(const char *name, bool *suffix);

/* The kind of the file `path` by its first bytes, links being followed; `otherwise` when they tell nothing or cannot be
 * read. Only a regular file is opened. */
cs_file_kind cs_file_kind_of_content(const char *path, cs_file_kind otherwise);

bool cs_file_kind_is_image(cs_file_kind kind);

/* The format that a decoder may read, in this build or another. */
cs_image_format cs_file_kind_format(cs_file_kind kind);

/* What one file of the kind is called, and several: "HEIC" both times, "video" and "videos". */
const char *cs_file_kind_name(cs_file_kind kind);
const char *cs_file_kind_names(cs_file_kind kind);

/* Whether a source without patterns may take a file of this name: its suffix is that of an image format that a decoder
 * reads; or else the suffix is that of another image format or missing, and the content is of a format that a decoder
 * reads. If not, *kind is what it is to be counted as. The file is opened in the second case only. */
bool cs_file_kind_is_taken(const char *path, cs_file_kind *kind);

/* Whether a file or directory of this name is hidden or made by the system: names that begin with '.', and what
 * Windows and network drives put beside photographs (@eaDir, $RECYCLE.BIN, Thumbs.db). */
bool cs_is_hidden_name(const char *name);

#endif
