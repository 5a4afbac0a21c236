/* SPDX-License-Identifier: MIT
 * kept_images.h - says which images are kept though their files are not there, and why. */
#ifndef CS_CLI_OUTPUT_KEPT_IMAGES_H
#define CS_CLI_OUTPUT_KEPT_IMAGES_H

#include "clipsearch.h"

/* Print it as a message. */
void cs_print_kept_images(const clipsearch_kept_images *kept);

#endif
