/* SPDX-License-Identifier: MIT
 * cmyk.h - inks to red, green and blue as Pillow has it; only for files in src/vision. */
#ifndef CS_VISION_CMYK_H
#define CS_VISION_CMYK_H

#include <stddef.h>
#include <stdint.h>

/* a * b / 255, rounded as Pillow's MULDIV255 does. */
static inline unsigned cs_multiply_255(unsigned a, unsigned b)
{
    unsigned product = a * b + 128;
    return (product + (product >> 8)) >> 8;
}

/* One pixel of inks, 255 being all of it. Source: Pillow Convert.c, cmyk2rgb. The difference is never negative. */
static inline void cs_cmyk_to_rgb(const uint8_t cmyk[4], uint8_t rgb[3])
{
    const unsigned light = 255u - cmyk[3];
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)(light - cs_multiply_255(cmyk[c], light));
}

#endif
