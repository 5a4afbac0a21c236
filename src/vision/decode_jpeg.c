/* SPDX-License-Identifier: MIT
 * decode_jpeg.c - JPEG by TurboJPEG, with the pixels that Pillow gives.
 *
 * The header is read here first, because limits must be checked, and EXIF found, before the library gets the
 * file. What is accepted follows Pillow: a file without its end-of-image marker is cut short and refused; one
 * whose compressed data is damaged in the middle, but which runs to its end, is shown as the library recovers it. A
 * progressive file with its end marker but without its last scans is smoothed, each version of the library in its
 * way. Differences: (1) junk in place of the end marker is refused, where Pillow takes some such files; (2) more
 * than 500 scans are refused (a few kilobytes could otherwise keep a processor busy for minutes); (3) Pillow's XMP
 * orientation is not read. */
#include "vision/decode.h"

#include "vision/orient.h"

#include <limits.h>
#include <string.h>
#include <turbojpeg.h>

enum { MARKER_SOI = 0xd8, MARKER_EOI = 0xd9, MARKER_SOS = 0xda, MARKER_APP1 = 0xe1, MAX_SIDE = 65500 /* libjpeg's */ };

/* What the markers before the first scan say. */
struct header {
    uint32_t width, height;
    unsigned frame; /* the SOFn marker; 0 until one is seen */
    unsigned precision, components, orientation;
    size_t scan; /* offset behind the first SOS marker */
};

static bool is_frame_marker(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Markers that stand alone, without a length: TEM, RSTn, SOI. */
static bool is_bare_marker(unsigned marker)
{
    return marker == 0x01 || (marker >= 0xd0 && marker <= MARKER_SOI);
}

/* The segment of `length` bytes at `p`, its own two length bytes not counted. */
static void read_segment(struct header *header, unsigned marker, const uint8_t *p, size_t length)
{
    if (is_frame_marker(marker) && !header->frame && length >= 6) {
        header->frame = marker;
        header->precision = p[0];
        header->height = (uint32_t)p[1] << 8 | p[2];
        header->width = (uint32_t)p[3] << 8 | p[4];
        header->components = p[5];
    } else if (marker == MARKER_APP1 && header->orientation == 0 && length >= 6 && memcmp(p, "Exif\0\0", 6) == 0) {
        header->orientation = cs_exif_orientation(p, length);
    }
}

/* Walk the markers up to the first scan. False when the bytes end before it. */
static bool read_header(const cs_image_source *source, struct header *header)
{
    const uint8_t *data = source->data;
    size_t at = 2, size = source->size;
    for (;;) {
        while (at < size && data[at] != 0xff) /* libjpeg skips what stands between segments, too */
            at++;
        while (at < size && data[at] == 0xff)
            at++;
        if (at >= size)
            return false;
        unsigned marker = data[at++];
        if (marker == 0 || is_bare_marker(marker))
            continue;
        if (marker == MARKER_EOI)
            return false;
        if (size - at < 2)
            return false;
        size_t length = (size_t)data[at] << 8 | data[at + 1];
        if (length < 2 || length > size - at)
            return false;
        if (marker == MARKER_SOS) {
            header->scan = at;
            return true;
        }
        read_segment(header, marker, data + at + 2, length - 2);
        at += length;
    }
}

static clipsearch_status check_header(const cs_image_source *source, const struct header *header, clipsearch_error *err)
{
    if (!header->frame)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged JPEG: no frame header before the first scan",
                       source->name);
    /* baseline, extended and progressive, Huffman or arithmetic; not lossless, not hierarchical */
    if (header->frame != 0xc0 && header->frame != 0xc1 && header->frame != 0xc2 && header->frame != 0xc9 &&
        header->frame != 0xca)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: a lossless or hierarchical JPEG (frame type 0x%02x), which is not read; convert it first",
                       source->name, header->frame);
    if (header->precision != 8)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: a JPEG of %u bits per sample; only 8 are read; convert it first", source->name,
                       header->precision);
    if (header->components != 1 && header->components != 3 && header->components != 4)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: a JPEG of %u components; 1, 3 and 4 are read", source->name,
                       header->components);
    clipsearch_status status = cs_decode_check_size(source, header->width, header->height, err);
    if (status == CLIPSEARCH_OK && (header->width > MAX_SIDE || header->height > MAX_SIDE))
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: the image has %u x %u pixels; a JPEG's side is read up to %d",
                         source->name, header->width, header->height, MAX_SIDE);
    return status;
}

/* Whether an end-of-image marker follows the beginning of the first scan. Compressed data never holds one by chance:
 * its 0xff bytes are followed by 0. Searched from the end, where it nearly always is. */
static bool has_end_marker(const cs_image_source *source, size_t scan)
{
    for (size_t i = source->size; i >= scan + 2; i--)
        if (source->data[i - 2] == 0xff && source->data[i - 1] == MARKER_EOI)
            return true;
    return false;
}

/* Fill a row with bytes that no image has: see decompress. */
static void mark_row(uint8_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        row[i] = (uint8_t)(i * 37 + 0xa5);
}

static bool is_marked_row(const uint8_t *row, size_t n)
{
    size_t i = 0;
    while (i < n && row[i] == (uint8_t)(i * 37 + 0xa5))
        i++;
    return i == n;
}

static clipsearch_status fail_library(const cs_image_source *source, tjhandle jpeg, clipsearch_error *err)
{
    const char *why = tjGetErrorStr2(jpeg);
    if (strstr(why, "Insufficient memory")) /* libjpeg's JERR_OUT_OF_MEMORY; the library has no code for it */
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "%s: out of memory decoding JPEG", source->name);
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged JPEG: %s", source->name, why);
}

/* Decode into `pixels` [height, width, channels]. */
static clipsearch_status decompress(const cs_image_source *source, const struct header *header, tjhandle jpeg,
                                    int format, uint8_t *pixels, clipsearch_error *err)
{
    int width = 0, height = 0, subsampling = 0, colour = 0;
    /* The library's own reading must agree before it is given memory of our size. Its failure here is not final: it
     * also fails for sampling factors it has no name for, which decode well. */
    tjDecompressHeader3(jpeg, source->data, (unsigned long)source->size, &width, &height, &subsampling, &colour);
    if ((uint32_t)width != header->width || (uint32_t)height != header->height)
        return fail_library(source, jpeg, err);
    size_t stride = header->width * (size_t)tjPixelSize[format];
    uint8_t *last_row = pixels + (header->height - 1) * stride;
    mark_row(last_row, stride);
    if (tjDecompress2(jpeg, source->data, (unsigned long)source->size, pixels, width, (int)stride, height, format,
                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS) == 0)
        return CLIPSEARCH_OK;
    if (tjGetErrorCode(jpeg) != TJERR_WARNING)
        return fail_library(source, jpeg, err);
    if (!has_end_marker(source, header->scan))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the JPEG is cut short: its end marker is missing; copy it again",
                       source->name);
    /* After a warning the library also calls an error that ended the decoding a warning; but then it never came to the
     * last row. */
    if (is_marked_row(last_row, stride))
        return fail_library(source, jpeg, err);
    return CLIPSEARCH_OK;
}

/* a * b / 255 rounded as Pillow's MULDIV255 does. */
static unsigned multiply_255(unsigned a, unsigned b)
{
    unsigned product = a * b + 128;
    return (product + (product >> 8)) >> 8;
}

/* Pillow takes every CMYK JPEG as Adobe writes them, inverted; so `cmyk` here is 255 - ink. Source: Pillow Convert.c,
 * cmyk2rgb. The difference below is never negative. */
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(cmyk[3] - multiply_255(255u - cmyk[c], cmyk[3]));
}

/* Decode a file whose header was found good. */
static clipsearch_status decode_checked(cs_image *spare, const cs_image_source *source, const struct header *header,
                                        tjhandle jpeg, cs_image *image, clipsearch_error *err)
{
    clipsearch_status status = cs_image_reserve(image, header->width, header->height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (header->components != 4)
        return decompress(source, header, jpeg, TJPF_RGB, image->view.rgb, err);
    /* four bytes a pixel: a third more rows of the spare image's three */
    status = cs_image_reserve(spare, header->width, header->height + (header->height + 2) / 3, err);
    if (status == CLIPSEARCH_OK)
        status = decompress(source, header, jpeg, TJPF_CMYK, spare->view.rgb, err);
    if (status == CLIPSEARCH_OK)
        cmyk_to_rgb(spare->view.rgb, image->view.rgb, (size_t)header->width * header->height);
    return status;
}

clipsearch_status cs_decode_jpeg(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                 unsigned *orientation, clipsearch_error *err)
{
    struct header header = {0};
    if (!read_header(source, &header))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the JPEG ends before its image begins; copy it again",
                       source->name);
    clipsearch_status status = check_header(source, &header, err);
    if (status != CLIPSEARCH_OK)
        return status;
    /* A fresh instance for every image, though it could be kept: libjpeg carries tables over from one image
     * into the next that lacks them, and TurboJPEG 2.1 cannot be used again after an error in a header: it goes on
     * in the middle of the next file's. Making one costs half a microsecond. */
    tjhandle jpeg = tjInitDecompress();
    if (!jpeg)
        return cs_fail_memory(err, "the JPEG decoder");
    status = decode_checked(&decoder->spare, source, &header, jpeg, image, err);
    tjDestroy(jpeg);
    if (status == CLIPSEARCH_OK && header.orientation)
        *orientation = header.orientation;
    return status;
}
