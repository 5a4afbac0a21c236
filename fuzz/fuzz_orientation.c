/* SPDX-License-Identifier: MIT
 * fuzz_orientation.c - any bytes as an XMP packet, an EXIF block, the first directory of a TIFF file, and the beginning
 * of a file whose kind is to be found. */
#include "base/content_kind.h"
#include "vision/orient.h"
#include "vision/tiff_header.h"
#include "vision/xmp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned orientation = 77;
    if (cs_xmp_orientation(data, size, &orientation) ? orientation < 1 || orientation > 8 : orientation != 77)
        abort();
    orientation = 77;
    if (cs_exif_orientation(data, size, &orientation) ? orientation < 1 || orientation > 8 : orientation != 77)
        abort();
    uint64_t value = 0;
    for (unsigned tag = CS_TIFF_WIDTH; tag <= CS_TIFF_TILE_HEIGHT; tag++)
        cs_tiff_find(data, size, tag, &value);
    const cs_content_kind *kind = cs_content_kind_of(data, size);
    if (!kind->name[0] || !kind->many[0] || (kind->format != CS_FORMAT_NONE && !kind->is_image))
        abort();
    return 0;
}
