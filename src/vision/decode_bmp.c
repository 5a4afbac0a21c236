/* SPDX-License-Identifier: MIT
 * decode_bmp.c - BMP of Windows and OS/2, with the pixels that Pillow's convert("RGB") gives.
 *
 * Differences from Pillow: masks of any place and width are read, not only the usual ones; pixels that a run-length
 * code leaves out before its end mark have colour 0, where Pillow refuses the file. JPEG and PNG inside a BMP are for
 * printers and are not read. Source: Microsoft's description of BITMAPINFOHEADER and its successors. */
#include "vision/decode.h"

#include <stdbool.h>
#include <string.h>

enum { FILE_HEADER = 14, COLOURS = 256, RAW = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, ALPHA_BITFIELDS = 6 };

struct mask {
    unsigned shift;
    uint32_t most; /* the largest value; 0: the channel is missing */
};

struct bmp {
    const uint8_t *data;
    size_t size, at; /* of the pixels */
    uint32_t width, height, bits, compression;
    bool top_down;
    struct mask masks[3]; /* red, green, blue */
    uint8_t colours[COLOURS][3];
};

static uint32_t u16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return u16(p) | u16(p + 2) << 16;
}

/* False: not one run of bits. */
static bool make_mask(uint32_t bits, struct mask *mask)
{
    *mask = (struct mask){0, bits};
    while (mask->most && !(mask->most & 1)) {
        mask->most >>= 1;
        mask->shift++;
    }
    return (mask->most & (mask->most + 1)) == 0;
}

static bool set_masks(struct bmp *bmp, uint32_t red, uint32_t green, uint32_t blue)
{
    return make_mask(red, &bmp->masks[0]) && make_mask(green, &bmp->masks[1]) && make_mask(blue, &bmp->masks[2]);
}

/* The masks of a BITFIELDS file stand at the same place in all headers: in them or behind the shortest. */
static bool read_masks(struct bmp *bmp)
{
    enum { MASKS = FILE_HEADER + 40 };
    if (bmp->compression == RAW && bmp->bits == 16)
        return set_masks(bmp, 0x7c00, 0x3e0, 0x1f);
    if (bmp->compression == RAW)
        return set_masks(bmp, 0xff0000, 0xff00, 0xff);
    const uint8_t *p = bmp->data + MASKS;
    if (bmp->size < MASKS + 12)
        return false;
    if ((u32(p) | u32(p + 4) | u32(p + 8)) == 0)
        return set_masks(bmp, 0xff0000, 0xff00, 0xff);
    return set_masks(bmp, u32(p), u32(p + 4), u32(p + 8));
}

/* Where the pixels begin is not always said rightly: see Pillow's BmpImagePlugin, whose rules these are. */
static bool read_colours(struct bmp *bmp, size_t header, uint32_t count)
{
    const size_t each = header == 12 ? 3 : 4;
    size_t at = FILE_HEADER + header, pixels = u32(bmp->data + 10);
    if (bmp->bits > 8) {
        if (header == 40 && (bmp->compression == BITFIELDS || bmp->compression == ALPHA_BITFIELDS))
            at += bmp->compression == BITFIELDS ? 12 : 16;
        bmp->at = pixels ? pixels : at;
        return bmp->at <= bmp->size;
    }
    if (count == 0)
        count = 1u << bmp->bits;
    if (count > 65536)
        return false;
    if (pixels == at || pixels == 0)
        pixels = at + each * count;
    bmp->at = pixels;
    for (uint32_t i = 0; i < count && i < COLOURS && at + each <= bmp->size; i++, at += each)
        for (int c = 0; c < 3; c++)
            bmp->colours[i][c] = bmp->data[at + 2 - (size_t)c];
    return bmp->at <= bmp->size;
}

static bool is_known_header(uint32_t header)
{
    return header == 12 || header == 40 || header == 52 || header == 56 || header == 64 || header == 108 ||
           header == 124;
}

/* Everything but the pixels. NULL, or what is wrong. */
static const char *read_header(struct bmp *bmp)
{
    const uint8_t *p = bmp->data + FILE_HEADER;
    if (bmp->size < FILE_HEADER + 12)
        return "it ends in its header";
    const uint32_t header = u32(p);
    if (!is_known_header(header))
        return "a header of an unknown kind";
    if (bmp->size < FILE_HEADER + header)
        return "it ends in its header";
    uint32_t count = 0;
    if (header == 12) {
        bmp->width = u16(p + 4);
        bmp->height = u16(p + 6);
        bmp->bits = u16(p + 10);
    } else {
        bmp->width = u32(p + 4);
        bmp->height = u32(p + 8);
        bmp->top_down = bmp->height >> 31;
        bmp->height = bmp->top_down ? 0u - bmp->height : bmp->height;
        bmp->bits = u16(p + 14);
        bmp->compression = u32(p + 16);
        count = u32(p + 32);
    }
    if (!read_colours(bmp, header, count))
        return "it ends before its pixels";
    if (bmp->bits > 8 && !read_masks(bmp))
        return "masks of colours that are no runs of bits";
    return NULL;
}

static bool is_supported(const struct bmp *bmp)
{
    switch (bmp->compression) {
    case RAW:
        return bmp->bits == 1 || bmp->bits == 4 || bmp->bits == 8 || bmp->bits == 16 || bmp->bits == 24 ||
               bmp->bits == 32;
    case RLE8:
        return bmp->bits == 8;
    case RLE4:
        return bmp->bits == 4;
    case BITFIELDS:
    case ALPHA_BITFIELDS:
        return bmp->bits == 16 || bmp->bits == 24 || bmp->bits == 32;
    default:
        return false;
    }
}

static void put_colours(const struct bmp *bmp, const uint8_t *row, uint8_t *rgb)
{
    const unsigned bits = bmp->bits, most = (1u << bits) - 1;
    for (uint32_t x = 0; x < bmp->width; x++, rgb += 3) {
        const size_t at = (size_t)x * bits;
        memcpy(rgb, bmp->colours[row[at / 8] >> (8 - bits - at % 8) & most], 3);
    }
}

static void put_masked(const struct bmp *bmp, const uint8_t *row, uint8_t *rgb)
{
    const size_t each = bmp->bits / 8;
    for (uint32_t x = 0; x < bmp->width; x++, row += each)
        for (int c = 0; c < 3; c++) {
            const struct mask *mask = &bmp->masks[c];
            uint32_t pixel = u16(row);
            if (each > 2)
                pixel |= (uint32_t)row[2] << 16;
            if (each > 3)
                pixel |= (uint32_t)row[3] << 24;
            const uint64_t value = pixel >> mask->shift & mask->most;
            *rgb++ = (uint8_t)(mask->most ? value * 255 / mask->most : 0);
        }
}

/* The same where each colour is a byte, as in nearly all files: its place in a pixel is mask.shift / 8. */
static void put_bytes(const struct bmp *bmp, const uint8_t *row, uint8_t *rgb)
{
    const size_t each = bmp->bits / 8;
    const size_t red = bmp->masks[0].shift / 8, green = bmp->masks[1].shift / 8, blue = bmp->masks[2].shift / 8;
    for (uint32_t x = 0; x < bmp->width; x++, row += each, rgb += 3) {
        rgb[0] = row[red];
        rgb[1] = row[green];
        rgb[2] = row[blue];
    }
}

/* Whether put_bytes serves: every colour is a byte inside the pixel. */
static bool has_bytes(const struct bmp *bmp)
{
    bool good = bmp->bits >= 24;
    for (int c = 0; c < 3; c++)
        good = good && bmp->masks[c].most == 255 && bmp->masks[c].shift % 8 == 0 && bmp->masks[c].shift < bmp->bits;
    return good;
}

static uint8_t *find_row(const struct bmp *bmp, uint32_t stored, uint8_t *rgb)
{
    const uint32_t y = bmp->top_down ? stored : bmp->height - 1 - stored;
    return rgb + (size_t)y * bmp->width * 3;
}

/* Rows of whole 32-bit words. False: the file ends before the last pixel. */
static bool read_rows(const struct bmp *bmp, uint8_t *rgb)
{
    const size_t used = ((size_t)bmp->width * bmp->bits + 7) / 8, stride = (used + 3) & ~(size_t)3;
    const size_t left = bmp->size - bmp->at;
    if (left < used || (left - used) / stride < bmp->height - 1)
        return false;
    const uint8_t *row = bmp->data + bmp->at;
    const bool bytes = has_bytes(bmp);
    for (uint32_t y = 0; y < bmp->height; y++, row += stride) {
        if (bmp->bits <= 8)
            put_colours(bmp, row, find_row(bmp, y, rgb));
        else if (bytes)
            put_bytes(bmp, row, find_row(bmp, y, rgb));
        else
            put_masked(bmp, row, find_row(bmp, y, rgb));
    }
    return true;
}

/* A run-length code: colour numbers in the order of the file. */
struct run {
    uint8_t *out; /* [size] */
    size_t size, done;
    size_t x; /* pixels since the row began; literal pixels may go beyond its end, as in Pillow */
};

static void put(struct run *run, uint8_t colour)
{
    if (run->done < run->size)
        run->out[run->done++] = colour;
}

static uint8_t nibble(uint8_t byte, size_t i)
{
    return i % 2 ? byte & 15 : byte >> 4;
}

/* `count` pixels of one colour, or of two in turn; what does not fit in the row is dropped. */
static void put_run(const struct bmp *bmp, struct run *run, size_t count, uint8_t colour)
{
    const size_t room = run->x < bmp->width ? bmp->width - run->x : 0;
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++)
        put(run, bmp->compression == RLE4 ? nibble(colour, i) : colour);
    run->x += count;
}

/* `count` pixels as they are, padded to a 16-bit boundary of the file. False: the file ends. */
static bool put_literal(const struct bmp *bmp, struct run *run, size_t *at, size_t count)
{
    const size_t bytes = bmp->compression == RLE4 ? (count + 1) / 2 : count;
    if (bytes > bmp->size - *at)
        return false;
    const uint8_t *p = bmp->data + *at;
    for (size_t i = 0; i < count; i++)
        put(run, bmp->compression == RLE4 ? nibble(p[i / 2], i) : p[i]);
    run->x += count;
    *at += bytes;
    *at += *at % 2;
    return true;
}

static void skip_pixels(const struct bmp *bmp, struct run *run, size_t right, size_t up)
{
    const size_t left = run->size - run->done, count = right + up * bmp->width;
    memset(run->out + run->done, 0, count < left ? count : left);
    run->done += count < left ? count : left;
    run->x = run->done % bmp->width;
}

/* Fill run->out. False: the file ends before the last pixel and before the end mark. */
static bool read_runs(const struct bmp *bmp, struct run *run)
{
    enum { END_OF_ROW = 0, END = 1, DELTA = 2 };
    size_t at = bmp->at;
    while (run->done < run->size) {
        if (at > bmp->size || bmp->size - at < 2)
            return false;
        const uint8_t count = bmp->data[at], code = bmp->data[at + 1];
        at += 2;
        if (count > 0) {
            put_run(bmp, run, count, code);
        } else if (code == END_OF_ROW) {
            while (run->done % bmp->width != 0)
                put(run, 0);
            run->x = 0;
        } else if (code == END) {
            break;
        } else if (code == DELTA) {
            if (bmp->size - at < 2)
                return false;
            skip_pixels(bmp, run, bmp->data[at], bmp->data[at + 1]);
            at += 2;
        } else if (!put_literal(bmp, run, &at, code)) {
            return false;
        }
    }
    memset(run->out + run->done, 0, run->size - run->done);
    return true;
}

static clipsearch_status decode_runs(const struct bmp *bmp, const cs_image_source *source, cs_image *spare,
                                     uint8_t *rgb, clipsearch_error *err)
{
    /* one byte a pixel: a third of the rows */
    clipsearch_status status = cs_image_reserve(spare, bmp->width, bmp->height / 3 + 1, err);
    if (status != CLIPSEARCH_OK)
        return status;
    struct run run = {.out = spare->view.rgb, .size = (size_t)bmp->width * bmp->height};
    if (!read_runs(bmp, &run))
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the BMP is cut short: its pixels are not all there; copy it again", source->name);
    for (uint32_t y = 0; y < bmp->height; y++) {
        const uint8_t *row = run.out + (size_t)y * bmp->width;
        uint8_t *out = find_row(bmp, y, rgb);
        for (uint32_t x = 0; x < bmp->width; x++)
            memcpy(out + (size_t)3 * x, bmp->colours[row[x]], 3);
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_decode_bmp(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err)
{
    (void)orientation;
    struct bmp bmp = {.data = source->data, .size = source->size};
    const char *fault = read_header(&bmp);
    if (fault)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged BMP: %s", source->name, fault);
    if (!is_supported(&bmp))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: a BMP of %u bits a pixel with compression %u, which is not read; convert it first",
                       source->name, bmp.bits, bmp.compression);
    clipsearch_status status = cs_decode_check_size(source, bmp.width, bmp.height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(image, bmp.width, bmp.height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (bmp.compression == RLE8 || bmp.compression == RLE4)
        return decode_runs(&bmp, source, &decoder->spare, image->view.rgb, err);
    if (!read_rows(&bmp, image->view.rgb))
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the BMP is cut short: its pixels are not all there; copy it again", source->name);
    return CLIPSEARCH_OK;
}
