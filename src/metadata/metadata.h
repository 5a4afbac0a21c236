/* SPDX-License-Identifier: MIT
 * metadata.h - what a file says of its image: when and where it was taken, with which camera, its caption. */
#ifndef CS_METADATA_METADATA_H
#define CS_METADATA_METADATA_H

#include "metadata/values.h"

/* The attributes that `names` asks for, separated by commas, as one bit for each field: names of
 * cs_metadata_field_name, or "gps" for latitude, longitude and altitude. NULL: all; "": none.
 * CLIPSEARCH_E_ARGUMENT: a name is not known; the message lists those that are. */
clipsearch_status cs_metadata_choose(const char *names, uint32_t *fields, clipsearch_error *err);

/* Bytes of a file. */
typedef struct cs_metadata_file {
    const void *data; /* NULL: there is none */
    size_t size;
} cs_metadata_file;

/* Read the metadata of an image file of any format, and of an XMP file beside it, into *metadata, which forgets what it
 * held, and write those of `fields` into `out` (cleared first) as a JSON object: members by name, no white space. A
 * file without any, or with damaged ones, gives "{}" or what can be read. Nothing is decoded. CLIPSEARCH_E_MEMORY only.
 */
clipsearch_status cs_metadata_read(cs_metadata *metadata, cs_metadata_file image, cs_metadata_file sidecar,
                                   uint32_t fields, cs_buf *out, clipsearch_error *err);

#endif
