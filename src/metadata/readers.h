/* SPDX-License-Identifier: MIT
 * readers.h - the readers of the three kinds of metadata; only for files in src/metadata. None fails: what is damaged
 * is left out, and a failed allocation is noted in *metadata. */
#ifndef CS_METADATA_READERS_H
#define CS_METADATA_READERS_H

#include "metadata/values.h"

/* An EXIF block, or a whole TIFF file, with the XMP and IPTC that its first directory may hold. */
void cs_exif_read(cs_metadata *metadata, const uint8_t *data, size_t size);

/* An XMP packet in the image's file, and one in a file beside it. */
void cs_xmp_read(cs_metadata *metadata, const uint8_t *data, size_t size);
void cs_xmp_read_sidecar(cs_metadata *metadata, const uint8_t *data, size_t size);

/* A piece of a second packet in a JPEG, behind the name of its segment; and, when all segments were looked at, the
 * packet, if it is whole and the first packet names it. */
void cs_extended_xmp_add(cs_metadata *metadata, const uint8_t *piece, size_t size);
void cs_extended_xmp_read(cs_metadata *metadata);

/* A whole HEIC or AVIF file. */
void cs_heif_read(cs_metadata *metadata, const uint8_t *data, size_t size);

/* IPTC-IIM data sets, and the resources of Photoshop, one of which holds such. */
void cs_iptc_read(cs_metadata *metadata, const uint8_t *data, size_t size);
void cs_photoshop_read(cs_metadata *metadata, const uint8_t *data, size_t size);

#endif
