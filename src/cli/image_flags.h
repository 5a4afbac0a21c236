/* SPDX-License-Identifier: MIT
 * image_flags.h - the flags that say how image files are read. */
#ifndef CS_CLI_IMAGE_FLAGS_H
#define CS_CLI_IMAGE_FLAGS_H

#include "cli/command_line.h"

/* Set what --exif, --max-pixels and --max-bytes say in `options`; what is not given stays as it is. */
void cs_apply_image_flags(const cs_args *args, clipsearch_image_options *options);

#endif
