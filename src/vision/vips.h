/* SPDX-License-Identifier: MIT
 * vips.h - libvips, loaded when the first image is met that only it can read; only for files in src/vision. */
#ifndef CS_VISION_VIPS_H
#define CS_VISION_VIPS_H

#include "base/content_kind.h"

#include <stdbool.h>

#include <stddef.h>

/* The few of libvips' types and functions that are used, declared here: a build needs no header of it. They have been
 * the same since 8.13 (2022), the first with vips_block_untrusted_set. Source: libvips' image.h, header.h, region.h and
 * foreign.h. */
typedef struct cs_vips_image cs_vips_image;   /* VipsImage */
typedef struct cs_vips_region cs_vips_region; /* VipsRegion */

/* VipsBandFormat and VipsInterpretation, as far as they are read. */
enum {
    CS_VIPS_UCHAR = 0,
    CS_VIPS_CHAR = 1,
    CS_VIPS_USHORT = 2,
    CS_VIPS_SHORT = 3,
    CS_VIPS_UINT = 4,
    CS_VIPS_INT = 5,
    CS_VIPS_FLOAT = 6
};
enum {
    CS_VIPS_B_W = 1,
    CS_VIPS_LAB = 13,
    CS_VIPS_CMYK = 15,

    CS_VIPS_LABS = 21,
    CS_VIPS_SRGB = 22,
    CS_VIPS_RGB16 = 25,
    CS_VIPS_GREY16 = 26
};
enum { CS_VIPS_SEQUENTIAL = 1, CS_VIPS_FAIL_ON_ERROR = 2 };

typedef struct cs_vips {
    /* The loaders by format; NULL: this libvips lacks it. They read the header; pixels come with the regions. */
    int (*load[CS_FORMATS])(void *bytes, size_t size, cs_vips_image **image, ...);
    int (*width)(const cs_vips_image *image);
    int (*height)(const cs_vips_image *image);
    int (*bands)(const cs_vips_image *image);
    int (*format)(const cs_vips_image *image);
    int (*interpretation)(const cs_vips_image *image);
    unsigned long (*find)(const cs_vips_image *image, const char *name); /* a GType; 0: no such field */
    int (*get_blob)(const cs_vips_image *image, const char *name, const void **data, size_t *size);
    cs_vips_region *(*new_region)(cs_vips_image *image);
    unsigned char *(*fetch)(cs_vips_region *region, int left, int top, int width, int height, size_t *bytes);
    char *(*take_errors)(void);
    void (*end_thread)(void);
    const char *(*version)(void);
    void (*unref)(void *object);
    void (*release)(void *block); /* g_free */
} cs_vips;

/* libvips, loaded on the first call; NULL when it cannot be. Any thread may call this. It is told not to use loaders
 * that its authors do not trust with hostile files, and to start no threads. */
const cs_vips *cs_vips_get(void);

/* Drop warnings of GObject in this thread until it is called with false; they go to standard error otherwise. Those of
 * libvips itself are always dropped: its own threads give some of them. */
void cs_vips_hush(bool hush);

/* Why cs_vips_get gave NULL. */
const char *cs_vips_absence(void);

#endif
