/* SPDX-License-Identifier: MIT
 * kept_images.h - says which images are kept though their files are not there, and why. */
#ifndef CS_CLI_OUTPUT_KEPT_IMAGES_H
#define CS_CLI_OUTPUT_KEPT_IMAGES_H

#include "base/buf.h"
#include "clipsearch.h"

/* Append it as a sentence without an end. */
void cs_put_kept_images(cs_buf *buf, const clipsearch_kept_images *kept);

#endif
