/* SPDX-License-Identifier: MIT
 * decode_vips_absent.c - the message of a build without libvips. */
#include "vision/decode.h"

#include "base/content_kind.h"
#include "vision/libraries.h"

bool cs_vips_reads(cs_image_format format)
{
    (void)format;
    return false;
}

clipsearch_status cs_decode_vips(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                 unsigned *orientation, clipsearch_error *err)
{
    (void)decoder;
    (void)image;
    (void)orientation;
    const cs_content_kind *kind = cs_content_kind_of(source->data, source->size);
    return cs_fail(
        err, CLIPSEARCH_E_UNSUPPORTED,
        "%s: %s %s; this build cannot read it (it was made without the meson option vips); convert it to JPEG "
        "or PNG first",
        source->name, cs_content_kind_article(kind), kind->name);
}

const char *cs_vips_library(void)
{
    return NULL;
}
