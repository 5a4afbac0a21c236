/* SPDX-License-Identifier: MIT
 * fit_size.h - the size at which an image fits a square. */
#ifndef CS_BASE_FIT_SIZE_H
#define CS_BASE_FIT_SIZE_H

#include <stdint.h>

/* The largest size with the proportions of width x height that fits a square of `side` pixels, at least 1 x 1; small
 * images are enlarged. */
void cs_fit_size(uint32_t width, uint32_t height, uint32_t side, uint32_t *fitted_width, uint32_t *fitted_height);

#endif
