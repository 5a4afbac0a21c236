/* SPDX-License-Identifier: MIT
 * image_flags.c - the flags that say how image files are read. */
#include "cli/image_flags.h"

#include "config/names.h"

void cs_apply_image_flags(const cs_args *args, clipsearch_image_options *options)
{
    if (args->exif)
        options->ignore_exif = cs_name_index(args->exif, cs_exif_names) == 1;
    if (args->max_pixels.given)
        options->max_pixels = args->max_pixels.value;
    if (args->max_bytes.given)
        options->max_bytes = args->max_bytes.value;
}
