/* SPDX-License-Identifier: MIT
 * libraries.h - the versions of the libraries that decode images. */
#ifndef CS_VISION_LIBRARIES_H
#define CS_VISION_LIBRARIES_H

const char *cs_jpeg_library(void);
const char *cs_png_library(void);
/* Loads libvips. Why it cannot be loaded, when that is so; NULL in a build without it. */
const char *cs_vips_library(void);

#endif
