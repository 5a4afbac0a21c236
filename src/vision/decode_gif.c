/* SPDX-License-Identifier: MIT
 * decode_gif.c - the first frame of a GIF, with the pixels that Pillow's convert("RGB") gives.
 *
 * Why not giflib: what it makes of damage is not what Pillow makes of it, and without the other frames of animations
 * the format is one table of colours and one LZW stream. Transparent pixels show the colour that the
 * palette has for them; so does what the frame leaves of the canvas (colour 0 where no colour is transparent). A stream
 * that ends before its last pixel is refused, as Pillow does. Source: GIF89a specification, CompuServe 1990. */
#include "vision/decode.h"

#include <stdbool.h>
#include <string.h>

enum { HEADER_BYTES = 13, FRAME_BYTES = 9, COLOURS = 256, MAX_CODES = 4096, MAX_CODE_BITS = 12 };

struct gif {
    const uint8_t *data;
    size_t size, at;
    uint32_t width, height;                        /* of the canvas */
    uint32_t left, top, frame_width, frame_height; /* of the first frame */
    bool interlaced;
    bool has_transparent;
    uint8_t transparent;
    uint8_t colours[COLOURS][3];
};

static unsigned u16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static bool has(const struct gif *gif, size_t n)
{
    return n <= gif->size - gif->at;
}

/* A colour table of 2 << bits entries, the rest black. */
static bool read_colours(struct gif *gif, unsigned bits)
{
    const size_t bytes = (size_t)3 << (bits + 1);
    if (!has(gif, bytes))
        return false;
    memset(gif->colours, 0, sizeof gif->colours);
    memcpy(gif->colours, gif->data + gif->at, bytes);
    gif->at += bytes;
    return true;
}

/* The screen's size and its colour table: a ramp of greys where there is none. */
static bool read_screen(struct gif *gif)
{
    if (gif->size < HEADER_BYTES)
        return false;
    gif->width = u16(gif->data + 6);
    gif->height = u16(gif->data + 8);
    gif->at = HEADER_BYTES;
    for (unsigned i = 0; i < COLOURS; i++)
        memset(gif->colours[i], (int)i, 3);
    const uint8_t flags = gif->data[10];
    return !(flags & 0x80) || read_colours(gif, flags & 7u);
}

/* Go behind the data sub-blocks that begin here. */
static bool skip_blocks(struct gif *gif)
{
    while (has(gif, 1)) {
        const size_t length = gif->data[gif->at++];
        if (length == 0)
            return true;
        if (!has(gif, length))
            return false;
        gif->at += length;
    }
    return false;
}

/* An extension from behind its introducer. A graphic control extension says which colour is transparent. */
static bool read_extension(struct gif *gif)
{
    if (!has(gif, 2))
        return false;
    const uint8_t *p = gif->data + gif->at;
    if (p[0] == 0xf9 && has(gif, 6) && p[1] >= 4 && (p[2] & 1)) {
        gif->has_transparent = true;
        gif->transparent = p[5];
    }
    gif->at++;
    return skip_blocks(gif);
}

/* Go to the first frame and read its description. Bytes between blocks are skipped, as Pillow does. */
static bool read_frame(struct gif *gif)
{
    while (has(gif, 1)) {
        const uint8_t kind = gif->data[gif->at++];
        if (kind == ';')
            return false;
        if (kind == '!' && !read_extension(gif))
            return false;
        if (kind != ',')
            continue;
        if (!has(gif, FRAME_BYTES))
            return false;
        const uint8_t *p = gif->data + gif->at;
        gif->left = u16(p);
        gif->top = u16(p + 2);
        gif->frame_width = u16(p + 4);
        gif->frame_height = u16(p + 6);
        gif->interlaced = p[8] & 0x40;
        gif->at += FRAME_BYTES;
        return !(p[8] & 0x80) || read_colours(gif, p[8] & 7u);
    }
    return false;
}

/* The bits of the data sub-blocks, the first bit of a byte being its lowest. */
struct bits {
    struct gif *gif;
    size_t left; /* bytes of the sub-block */
    uint32_t held;
    unsigned count;
};

/* The next code of `width` bits, or -1 where the data ends. */
static int read_code(struct bits *bits, unsigned width)
{
    struct gif *gif = bits->gif;
    while (bits->count < width) {
        while (bits->left == 0) {
            if (!has(gif, 1) || gif->data[gif->at] == 0)
                return -1;
            bits->left = gif->data[gif->at++];
        }
        if (!has(gif, 1))
            return -1;
        bits->held |= (uint32_t)gif->data[gif->at++] << bits->count;
        bits->count += 8;
        bits->left--;
    }
    const int code = (int)(bits->held & ((1u << width) - 1));
    bits->held >>= width;
    bits->count -= width;
    return code;
}

/* What each code stands for: the string of another code, and one byte more. */
struct table {
    uint16_t prefix[MAX_CODES];
    uint16_t length[MAX_CODES];
    uint8_t last[MAX_CODES];
    int clear, next;
    unsigned width; /* bits of a code */
};

static void clear_table(struct table *table, unsigned bits)
{
    table->clear = 1 << bits;
    table->next = table->clear + 2;
    table->width = bits + 1;
    for (int i = 0; i < table->clear; i++) {
        table->length[i] = 1;
        table->last[i] = (uint8_t)i;
    }
}

/* Write the string of `code` to out[at, at + length), as far as the `size` bytes there reach; return its length and set
 * *first to its first byte. */
static size_t write_string(const struct table *table, int code, uint8_t *out, size_t at, size_t size, uint8_t *first)
{
    const size_t length = table->length[code];
    for (size_t i = length; i-- > 0; code = table->prefix[code]) {
        *first = table->last[code];
        if (at + i < size)
            out[at + i] = *first;
    }
    return length;
}

static void add_string(struct table *table, int prefix, uint8_t last)
{
    if (table->next >= MAX_CODES)
        return;
    table->prefix[table->next] = (uint16_t)prefix;
    table->length[table->next] = (uint16_t)(table->length[prefix] + 1);
    table->last[table->next] = last;
    table->next++;
    if (table->next == 1 << table->width && table->width < MAX_CODE_BITS)
        table->width++;
}

enum outcome { DECODED, CUT_SHORT, DAMAGED };

/* Decode the LZW stream into `size` colour numbers, in the order in which the file has them. */
static enum outcome decode_stream(struct gif *gif, uint8_t *out, size_t size)
{
    if (!has(gif, 1))
        return CUT_SHORT;
    const unsigned bits_each = gif->data[gif->at++];
    if (bits_each < 1 || bits_each > 8)
        return DAMAGED;
    struct table table;
    struct bits bits = {.gif = gif};
    int before = -1; /* the code before; -1: none since the table was cleared */
    clear_table(&table, bits_each);
    for (size_t at = 0; at < size;) {
        const int code = read_code(&bits, table.width);
        uint8_t first = 0;
        if (code < 0 || code == table.clear + 1) /* the end, and pixels are missing */
            return CUT_SHORT;
        if (code == table.clear) {
            clear_table(&table, bits_each);
            before = -1;
            continue;
        }
        if (code > table.next || (before < 0 && code > table.clear) || (code == table.next && table.next >= MAX_CODES))
            return DAMAGED;
        if (before < 0) {
            at += write_string(&table, code, out, at, size, &first);
        } else if (code == table.next) { /* the string before, and its own first byte again */
            const size_t length = write_string(&table, before, out, at, size, &first);
            if (at + length < size)
                out[at + length] = first;
            at += length + 1;
            add_string(&table, before, first);
        } else {
            at += write_string(&table, code, out, at, size, &first);
            add_string(&table, before, first);
        }
        before = code;
    }
    return DECODED;
}

static void put_row(const struct gif *gif, const uint8_t *colours, uint32_t y, uint8_t *rgb)
{
    uint8_t *out = rgb + ((size_t)(gif->top + y) * gif->width + gif->left) * 3;
    for (uint32_t x = 0; x < gif->frame_width; x++, out += 3)
        memcpy(out, gif->colours[colours[x]], 3);
}

/* Put the rows of the frame onto the canvas. Interlaced ones come in four passes. */
static void put_frame(const struct gif *gif, const uint8_t *colours, uint8_t *rgb)
{
    static const uint32_t starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    const uint8_t background = gif->has_transparent ? gif->transparent : 0;
    const bool covers = gif->frame_width == gif->width && gif->frame_height == gif->height;
    const size_t pixels = (size_t)gif->width * gif->height;
    for (size_t i = 0; !covers && i < pixels; i++)
        memcpy(rgb + 3 * i, gif->colours[background], 3);
    if (!gif->interlaced)
        for (uint32_t y = 0; y < gif->frame_height; y++, colours += gif->frame_width)
            put_row(gif, colours, y, rgb);
    for (int pass = 0; gif->interlaced && pass < 4; pass++)
        for (uint32_t y = starts[pass]; y < gif->frame_height; y += steps[pass], colours += gif->frame_width)
            put_row(gif, colours, y, rgb);
}

clipsearch_status cs_decode_gif(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err)
{
    (void)orientation;
    struct gif gif = {.data = source->data, .size = source->size};
    if (!read_screen(&gif) || !read_frame(&gif))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the GIF ends before its first image; copy it again",
                       source->name);
    /* a frame may be larger than the canvas, which then grows */
    gif.width = gif.left + gif.frame_width > gif.width ? gif.left + gif.frame_width : gif.width;
    gif.height = gif.top + gif.frame_height > gif.height ? gif.top + gif.frame_height : gif.height;
    clipsearch_status status = cs_decode_check_size(source, gif.width, gif.height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(image, gif.width, gif.height, err);
    const size_t pixels = (size_t)gif.frame_width * gif.frame_height;
    if (status == CLIPSEARCH_OK) /* one byte a pixel: a third of the rows */
        status = cs_image_reserve(&decoder->spare, gif.width, gif.height / 3 + 1, err);
    if (status != CLIPSEARCH_OK)
        return status;
    enum outcome outcome = decode_stream(&gif, decoder->spare.view.rgb, pixels);
    if (outcome == CUT_SHORT)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the GIF is cut short: its pixels are not all there; copy it again", source->name);
    if (outcome == DAMAGED)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged GIF near byte %zu", source->name, gif.at);
    put_frame(&gif, decoder->spare.view.rgb, image->view.rgb);
    return CLIPSEARCH_OK;
}
