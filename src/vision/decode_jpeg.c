/* SPDX-License-Identifier: MIT
 * decode_jpeg.c - JPEG by libjpeg, with the pixels that Pillow gives.
 *
 * The header is read here first, because limits must be checked, and EXIF and XMP found, before the library gets the
 * file. What is accepted follows Pillow: the bytes may end when every row is decoded, with an end marker or without;
 * where they end before, the file is cut short and refused. Damage in the middle of the compressed data is shown as
 * the library recovers it. A progressive file with its end marker but without its last scans is smoothed, each version
 * of the library in its way. Difference from Pillow: more than 500 scans are refused (a few kilobytes could otherwise
 * keep a processor busy for minutes). */
#include "vision/decode.h"

#include "base/stop.h"
#include "vision/cmyk.h"
#include "vision/jpeg_segment.h"
#include "vision/libraries.h"
#include "vision/orient.h"
#include "vision/xmp.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h> /* needs stdio.h */

#include <jerror.h>

enum { MAX_SIDE = 65500 /* libjpeg's */, MAX_SCANS = 500 };

/* What the markers before the first scan say. */
struct header {
    uint32_t width, height;
    uint32_t out_width, out_height; /* what is decoded: divided by `divisor` and rounded up */
    unsigned divisor;               /* 1, 2, 4 or 8 */
    unsigned frame;                 /* the SOFn marker; 0 until one is seen */
    unsigned precision, components;
    bool has_exif;
    unsigned orientation; /* of EXIF; 0 when it states none */
    const uint8_t *xmp;   /* [xmp_size]; NULL: none */
    size_t xmp_size;
};

static bool is_frame_marker(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static void read_segment(struct header *header, const cs_jpeg_segment *segment)
{
    const uint8_t *p = segment->data;
    size_t xmp_size;
    if (is_frame_marker(segment->marker) && !header->frame && segment->size >= 6) {
        header->frame = segment->marker;
        header->precision = p[0];
        header->height = (uint32_t)p[1] << 8 | p[2];
        header->width = (uint32_t)p[3] << 8 | p[4];
        header->components = p[5];
    } else if (!header->has_exif && cs_jpeg_is_exif(segment)) {
        header->has_exif = true; /* a second segment continues the first */
        cs_exif_orientation(p, segment->size, &header->orientation);
    } else if ((xmp_size = cs_jpeg_xmp_size(segment))) {
        header->xmp = p + segment->size - xmp_size;
        header->xmp_size = xmp_size;
    }
}

/* Walk the markers up to the first scan. False when the bytes end before it. */
static bool read_header(const cs_image_source *source, struct header *header)
{
    size_t at = 0;
    for (cs_jpeg_segment segment; cs_jpeg_next_segment(source->data, source->size, &at, &segment);) {
        if (segment.marker == CS_JPEG_SCAN)
            return true;
        read_segment(header, &segment);
    }
    return false;
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

/* Everything the library works on. */
struct reader {
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr bytes;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    jmp_buf on_error;
    const struct header *header;
    uint8_t *pixels; /* [height, width, channels] */
    int channels;
    bool too_many_scans, out_of_memory;
    char message[JMSG_LENGTH_MAX]; /* the library's own words */
};

static void handle_error(j_common_ptr jpeg)
{
    struct reader *reader = jpeg->client_data;
    reader->out_of_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    jpeg->err->format_message(jpeg, reader->message);
    longjmp(reader->on_error, 1);
}

/* Warnings do not matter: they say how the library recovers from damage. */
static void ignore_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void ignore_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* All bytes are there from the beginning. More cannot come, so the library stops where it needs them, and that place
 * says whether the pixels are complete. */
static boolean refuse_more(j_decompress_ptr jpeg)
{
    (void)jpeg;
    return FALSE;
}

static void skip_bytes(j_decompress_ptr jpeg, long count)
{
    struct jpeg_source_mgr *bytes = jpeg->src;
    size_t n = count < 0 ? 0 : (size_t)count;
    if (n > bytes->bytes_in_buffer)
        n = bytes->bytes_in_buffer;
    bytes->next_input_byte += n;
    bytes->bytes_in_buffer -= n;
}

/* Called by the library for each row of blocks, of each scan. */
static void watch_progress(j_common_ptr jpeg)
{
    struct reader *reader = jpeg->client_data;
    if (cs_stop_asked())
        longjmp(reader->on_error, 1);
    if (reader->jpeg.input_scan_number > MAX_SCANS) {
        reader->too_many_scans = true;
        longjmp(reader->on_error, 1);
    }
}

enum outcome { DECODED, CUT_SHORT, FAILED };

/* The one function that libjpeg's errors jump to. */
static enum outcome read_pixels(struct reader *reader)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    if (setjmp(reader->on_error))
        return FAILED;
    jpeg_create_decompress(jpeg);
    jpeg->client_data = reader;
    jpeg->src = &reader->bytes;
    jpeg->progress = &reader->progress;
    if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK)
        return CUT_SHORT;
    jpeg->out_color_space = reader->channels == 4 ? JCS_CMYK : JCS_RGB;
    /* the library's own reading must agree before it is given memory of our size */
    if (jpeg->image_width != reader->header->width || jpeg->image_height != reader->header->height) {
        snprintf(reader->message, sizeof reader->message, "two different headers");
        return FAILED;
    }
    jpeg->scale_num = 1;
    jpeg->scale_denom = reader->header->divisor;
    if (!jpeg_start_decompress(jpeg))
        return CUT_SHORT;
    if (jpeg->output_components != reader->channels || jpeg->output_width != reader->header->out_width ||
        jpeg->output_height != reader->header->out_height) {
        snprintf(reader->message, sizeof reader->message, "two different numbers of components or pixels");
        return FAILED;
    }
    size_t stride = (size_t)jpeg->output_width * (size_t)reader->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = reader->pixels + jpeg->output_scanline * stride;
        if (jpeg_read_scanlines(jpeg, &row, 1) != 1)
            return CUT_SHORT;
    }
    /* what follows is read as far as it is there: bytes that are no JPEG are refused, as Pillow does */
    jpeg_finish_decompress(jpeg);
    return DECODED;
}

/* Decode into `pixels` [height, width, channels]. */
static clipsearch_status decompress(const cs_image_source *source, const struct header *header, int channels,
                                    uint8_t *pixels, clipsearch_error *err)
{
    /* A fresh instance for every image, though it could be kept: libjpeg carries tables over from one image into the
     * next that lacks them. Making one costs half a microsecond. */
    struct reader reader = {.header = header, .pixels = pixels, .channels = channels};
    reader.bytes = (struct jpeg_source_mgr){source->data, source->size,           ignore_source, refuse_more,
                                            skip_bytes,   jpeg_resync_to_restart, ignore_source};
    reader.progress.progress_monitor = watch_progress;
    reader.jpeg.err = jpeg_std_error(&reader.errors);
    reader.jpeg.client_data = &reader;
    reader.errors.error_exit = handle_error;
    reader.errors.output_message = ignore_message;
    enum outcome outcome = read_pixels(&reader);
    jpeg_destroy_decompress(&reader.jpeg);
    if (outcome != DECODED && cs_stop_is_set(cs_stop_current()))
        return cs_stop_fail(cs_stop_current(), err);
    if (outcome == CUT_SHORT)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the JPEG is cut short: its pixels are not all there; copy it again", source->name);
    if (outcome == FAILED && reader.out_of_memory)
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "%s: out of memory decoding JPEG", source->name);
    if (outcome == FAILED && reader.too_many_scans)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged JPEG: more than %d scans", source->name, MAX_SCANS);
    if (outcome == FAILED)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged JPEG: %s", source->name, reader.message);
    return CLIPSEARCH_OK;
}

/* Pillow takes every CMYK JPEG as Adobe writes them, inverted: 255 is no ink. */
static void convert_inverted(const uint8_t *cmyk, uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, cmyk += 4, rgb += 3) {
        const uint8_t inks[4] = {255 - cmyk[0], 255 - cmyk[1], 255 - cmyk[2], 255 - cmyk[3]};
        cs_cmyk_to_rgb(inks, rgb);
    }
}

static uint32_t divide_up(uint32_t length, unsigned divisor)
{
    return (length + divisor - 1) / divisor;
}

/* Choose how small the image is decoded. */
static void choose_size(struct header *header, uint32_t least_side)
{
    const uint32_t side = header->width < header->height ? header->width : header->height;
    header->divisor = 1;
    while (least_side && header->divisor < 8 && divide_up(side, 2 * header->divisor) >= least_side)
        header->divisor *= 2;
    header->out_width = divide_up(header->width, header->divisor);
    header->out_height = divide_up(header->height, header->divisor);
}

/* Decode a file whose header was found good. */
static clipsearch_status decode_checked(cs_image *spare, const cs_image_source *source, const struct header *header,
                                        cs_image *image, clipsearch_error *err)
{
    const uint32_t width = header->out_width, height = header->out_height;
    clipsearch_status status = cs_image_reserve(image, width, height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (header->components != 4)
        return decompress(source, header, 3, image->view.rgb, err);
    /* four bytes a pixel: a third more rows of the spare image's three */
    status = cs_image_reserve(spare, width, height + (height + 2) / 3, err);
    if (status == CLIPSEARCH_OK)
        status = decompress(source, header, 4, spare->view.rgb, err);
    if (status == CLIPSEARCH_OK)
        convert_inverted(spare->view.rgb, image->view.rgb, (size_t)width * height);
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
    choose_size(&header, decoder->least_side);
    if (status == CLIPSEARCH_OK)
        status = decode_checked(&decoder->spare, source, &header, image, err);
    if (status != CLIPSEARCH_OK)
        return status;
    decoder->full_width = header.width;
    decoder->full_height = header.height;
    if (header.orientation)
        *orientation = header.orientation;
    else if (header.xmp)
        cs_xmp_orientation(header.xmp, header.xmp_size, orientation);
    return CLIPSEARCH_OK;
}

#ifdef LIBJPEG_TURBO_VERSION
#define TEXT_OF(x) #x
#define VERSION_TEXT(x) "libjpeg-turbo " TEXT_OF(x)
#else
#define VERSION_TEXT(x) "libjpeg"
#endif

const char *cs_jpeg_library(void)
{
    return VERSION_TEXT(LIBJPEG_TURBO_VERSION);
}
