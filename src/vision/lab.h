/* SPDX-License-Identifier: MIT
 * lab.h - L*a*b* colours to red, green and blue; only for files in src/vision. */
#ifndef CS_VISION_LAB_H
#define CS_VISION_LAB_H

#include <math.h>
#include <stdint.h>

static inline float cs_lab_inverse(float t)
{
    return t > 6.0F / 29 ? t * t * t : 3 * (6.0F / 29) * (6.0F / 29) * (t - 4.0F / 29);
}

static inline uint8_t cs_srgb_byte(float linear)
{
    const float value = linear <= 0.0031308F ? 12.92F * linear : 1.055F * powf(linear, 1 / 2.4F) - 0.055F;
    return value <= 0 ? 0 : value >= 1 ? 255 : (uint8_t)(value * 255 + 0.5F);
}

/* One pixel as TIFF stores it, L* from 0 to 255 and a* and b* signed, under the light D50, to sRGB. Sources: TIFF 6.0,
 * section 23; CIE 15:2004, 8.2.1; IEC 61966-2-1, its matrix adapted from D65 to D50 (Bradford). */
static inline void cs_lab_to_rgb(const uint8_t lab[3], uint8_t rgb[3])
{
    static const float white[3] = {0.96422F, 1, 0.82521F};
    static const float matrix[3][3] = {{3.1338561F, -1.6168667F, -0.4906146F},
                                       {-0.9787684F, 1.9161415F, 0.0334540F},
                                       {0.0719453F, -0.2289914F, 1.4052427F}};
    const float y = ((float)lab[0] * 100 / 255 + 16) / 116;
    const float x = y + (float)(int8_t)lab[1] / 500, z = y - (float)(int8_t)lab[2] / 200;
    const float xyz[3] = {white[0] * cs_lab_inverse(x), white[1] * cs_lab_inverse(y), white[2] * cs_lab_inverse(z)};
    for (int c = 0; c < 3; c++)
        rgb[c] = cs_srgb_byte(matrix[c][0] * xyz[0] + matrix[c][1] * xyz[1] + matrix[c][2] * xyz[2]);
}

#endif
