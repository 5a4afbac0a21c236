/* SPDX-License-Identifier: MIT
 * fit_size.c - the longer side becomes the square's. */
#include "base/fit_size.h"

void cs_fit_size(uint32_t width, uint32_t height, uint32_t side, uint32_t *fitted_width, uint32_t *fitted_height)
{
    uint64_t longer = width > height ? width : height;
    uint64_t w = longer ? ((uint64_t)width * side + longer / 2) / longer : 0;
    uint64_t h = longer ? ((uint64_t)height * side + longer / 2) / longer : 0;
    *fitted_width = w ? (uint32_t)w : 1;
    *fitted_height = h ? (uint32_t)h : 1;
}
