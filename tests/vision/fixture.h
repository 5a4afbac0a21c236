/* SPDX-License-Identifier: MIT
 * fixture.h - the fixtures under tests/data/pictures, and the images that need no file. */
#ifndef TESTS_VISION_FIXTURE_H
#define TESTS_VISION_FIXTURE_H

#include "base/buf.h"
#include "vision/image.h"

/* The whole of tests/data/pictures/`name` in `buf` (freed by the caller); ends the program when it cannot be read. */
void fixture_read(const char *name, cs_buf *buf);

/* width x height of the noise that tools/golden/images.py calls pattern(). */
void fixture_pattern(uint32_t width, uint32_t height, cs_image *image);

/* SHA-256 of `n` bytes, in 64 hexadecimal digits. */
void fixture_sum(const void *bytes, size_t n, char hex[65]);

/* Lines of list.txt in turn: `each` is given an image's name, the name of the PPM it decodes to, and whether the
 * orientation is to be applied. */
void fixture_list(void (*each)(const char *image, const char *ppm, bool exif));

/* A line of tests/data/formats/list.txt. */
typedef struct fixture_format {
    char path[256];               /* for fixture_read */
    const char *name;             /* in it */
    bool exif;                    /* the orientation is to be applied */
    char by[16];                  /* the optional library that reads it, or "-" */
    unsigned width, height, most; /* a byte may differ by `most` */
    double mean;                  /* and by so much on the average */
    char want[256];               /* most == 0: the SHA-256 of the RGB bytes; else the path of a PPM for fixture_read */
} fixture_format;

void fixture_formats(void (*each)(const fixture_format *image));

#endif
