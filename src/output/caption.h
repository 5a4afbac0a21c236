/* SPDX-License-Identifier: MIT
 * caption.h - an attribute of an image as a few words that can stand below it. */
#ifndef CS_OUTPUT_CAPTION_H
#define CS_OUTPUT_CAPTION_H

#include "base/buf.h"

/* Append the attribute `name` of `attributes`, a JSON object, as a person writes it: texts and lists as they are; the
 * numbers that files state with their units ("f/2.8", "1/250 s", "50 mm", "ISO 400"); a date as "2024-07-01 18:30";
 * "gps", which stands for latitude and longitude, as "47.37690, 8.54170"; other values as "name: value". Nothing when
 * the image does not have it. Memory that runs out is noted in `buf`. The text may need cs_put_clean. */
void cs_put_caption(cs_buf *buf, const char *attributes, const char *name);

#endif
