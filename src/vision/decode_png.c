/* SPDX-License-Identifier: MIT
 * decode_png.c - PNG by libpng, with the pixels that Pillow's convert("RGB") gives.
 *
 * libpng's simplified interface cannot be used: it corrects gamma and composes alpha, and the references do
 * neither. The row interface reports errors by longjmp; it is confined to `read_pixels`, whose callees below libpng
 * hold nothing. libpng gets only the chunks that pixels depend on; png_notes.c reads the others.
 *
 * What is accepted follows Pillow: the checksum of the compressed pixels is not compared, the window that their zlib
 * header promises is not believed, and the file may end once the last row is there. Differences from Pillow: (1)
 * 16-bit grey keeps its high byte, as 16-bit colour does; Pillow clips it at 255, which turns nearly every such
 * image white; (2) the checksums of other chunks than the header and the palette are not compared, and a chunk behind
 * the pixels may be cut short: Pillow refuses such files; (3) a zlib stream that ends before the last row is refused:
 * Pillow leaves the other rows black where the end falls between two rows. */
#include "vision/decode.h"

#include "base/mem.h"
#include "base/stop.h"
#include "vision/libraries.h"
#include "vision/png_chunk.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

enum { SIGNATURE_BYTES = 8, HEADER_BYTES = SIGNATURE_BYTES + 8 + 13 + 4 }; /* signature and the whole IHDR chunk */

/* All state of the decoding is here, because a longjmp would make local variables of `read_pixels` undefined. */
struct reader {
    const cs_image_source *source;
    size_t at;          /* behind `chunk` in the source */
    cs_png_chunk chunk; /* that libpng reads; type NULL: none yet */
    uint8_t head[8];    /* its length and type */
    uint8_t tail[4];    /* its checksum */
    size_t served;      /* bytes of head, data and tail that libpng has */
    bool pixels_began;  /* an IDAT chunk was served */
    bool reading_rows;
    png_structp png;
    png_infop info;
    uint8_t *rgb; /* [height, width, 3] */
    uint32_t width, height;
    bool complete; /* every row is there */
    bool out_of_memory, cut_short;
    char message[160]; /* by libpng */
};

static void on_error(png_structp png, png_const_charp message)
{
    struct reader *reader = png_get_error_ptr(png);
    snprintf(reader->message, sizeof reader->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static png_voidp allocate(png_structp png, png_alloc_size_t size)
{
    struct reader *reader = png_get_mem_ptr(png);
    void *block = cs_alloc_array(size, 1);
    if (!block)
        reader->out_of_memory = true;
    return block;
}

static void release(png_structp png, png_voidp block)
{
    (void)png;
    cs_free(block);
}

/* Go to the next chunk that libpng needs: header, palette, and the IDAT chunks up to the first other chunk. A chunk
 * that the file's end cuts short is given the length that is there, so that its last rows can be decoded. */
static bool open_chunk(struct reader *reader)
{
    cs_png_chunk *chunk = &reader->chunk;
    do {
        if (!cs_png_next_chunk(reader->source, &reader->at, chunk) || memcmp(chunk->type, "IEND", 4) == 0)
            return false;
        if (memcmp(chunk->type, "IDAT", 4) == 0)
            reader->pixels_began = true;
        else if (reader->pixels_began)
            return false;
    } while (!reader->pixels_began && memcmp(chunk->type, "IHDR", 4) != 0 && memcmp(chunk->type, "PLTE", 4) != 0);
    for (int i = 0; i < 4; i++)
        reader->head[i] = (uint8_t)(chunk->length >> (24 - 8 * i));
    memcpy(reader->head + 4, chunk->type, 4);
    memset(reader->tail, 0, sizeof reader->tail);
    if (chunk->checksum)
        memcpy(reader->tail, chunk->checksum, sizeof reader->tail);
    reader->served = 0;
    return true;
}

/* The bytes of the open chunk that libpng has not read: of its head, its data or its tail. 0: none are left. */
static size_t find_unread(const struct reader *reader, const uint8_t **bytes)
{
    const size_t head = sizeof reader->head, tail = sizeof reader->tail, length = reader->chunk.length;
    const size_t served = reader->served;
    if (!reader->chunk.type)
        return 0;
    if (served < head) {
        *bytes = reader->head + served;
        return head - served;
    }
    if (served - head < length) {
        *bytes = reader->chunk.data + (served - head);
        return length - (served - head);
    }
    *bytes = reader->tail + (served - head - length);
    return tail - (served - head - length);
}

static void read_bytes(png_structp png, png_bytep bytes, size_t n)
{
    struct reader *reader = png_get_io_ptr(png);
    while (n > 0) {
        const uint8_t *from = NULL;
        size_t count = find_unread(reader, &from);
        if (count == 0 && !open_chunk(reader)) {
            reader->cut_short = true;
            png_error(png, "the file is cut short");
        }
        count = count < n ? count : n;
        if (count > 0)
            memcpy(bytes, from, count);
        bytes += count;
        n -= count;
        reader->served += count;
    }
}

static void set_limits(struct reader *reader)
{
    png_structp png = reader->png;
    png_set_user_limits(png, reader->width, reader->height);
    /* a chunk cannot be longer than the file; only the pixels are decompressed */
    png_set_chunk_malloc_max(png, reader->source->size);
    png_set_option(png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
}

/* Convert every kind of PNG to 8 bits of red, green and blue. */
static void set_transforms(png_structp png)
{
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
}

/* Whether libpng has given every row: then it can only have failed behind the last one. */
static bool has_all_rows(const struct reader *reader)
{
    if (png_get_interlace_type(reader->png, reader->info) != PNG_INTERLACE_NONE)
        return png_get_current_pass_number(reader->png) >= PNG_INTERLACE_ADAM7_PASSES;
    return png_get_current_row_number(reader->png) >= reader->height;
}

/* The one function that libpng's errors jump to. False: reader->message says why. */
static bool read_pixels(struct reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png))) {
        const bool stopped = cs_stop_is_set(cs_stop_current());
        reader->complete = !stopped && reader->reading_rows && !reader->out_of_memory && has_all_rows(reader);
        return reader->complete;
    }
    png_structp png = reader->png;
    png_set_read_fn(png, reader, read_bytes);
    png_set_sig_bytes(png, SIGNATURE_BYTES);
    set_limits(reader);
    png_read_info(png, reader->info);
    /* only pixels follow: their checksums are not compared, as those of the header and the palette were */
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    set_transforms(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    size_t stride = (size_t)reader->width * 3;
    if (png_get_rowbytes(png, reader->info) != stride)
        png_error(png, "rows of an unexpected length");
    reader->reading_rows = true;
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < reader->height; y++) {
            if (cs_stop_asked())
                png_error(png, "the call is to end");
            png_read_row(png, reader->rgb + y * stride, NULL);
        }
    reader->complete = true;
    return true;
}

/* Check the first chunk before anything is allocated. */
static clipsearch_status read_header(const cs_image_source *source, uint32_t *width, uint32_t *height,
                                     clipsearch_error *err)
{
    const uint8_t *data = source->data;
    if (source->size < HEADER_BYTES)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the PNG is cut short in its header; copy it again", source->name);
    if (memcmp(data, "\x89PNG\r\n\x1a\n", SIGNATURE_BYTES) != 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: damaged PNG: its signature is damaged, as by a transfer in text mode; copy it again",
                       source->name);
    if (memcmp(data + 12, "CgBI", 4) == 0)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: a PNG in Apple's private variant (CgBI), which is not read; convert it first",
                       source->name);
    if (memcmp(data + 8, "\0\0\0\x0dIHDR", 8) != 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNG: it does not begin with its header", source->name);
    *width = cs_png_u32(data + 16);
    *height = cs_png_u32(data + 20);
    if (*width > PNG_UINT_31_MAX || *height > PNG_UINT_31_MAX)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNG: the header says %u x %u pixels", source->name,
                       *width, *height);
    return cs_decode_check_size(source, *width, *height, err);
}

clipsearch_status cs_decode_png(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err)
{
    (void)decoder;
    struct reader reader = {.source = source, .at = SIGNATURE_BYTES};
    clipsearch_status status = read_header(source, &reader.width, &reader.height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(image, reader.width, reader.height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    reader.rgb = image->view.rgb;
    reader.png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning, &reader, allocate, release);
    reader.info = reader.png ? png_create_info_struct(reader.png) : NULL;
    if (!reader.info)
        status = cs_fail_memory(err, "the PNG decoder");
    else if (!read_pixels(&reader) && reader.out_of_memory)
        status = cs_fail(err, CLIPSEARCH_E_MEMORY, "%s: out of memory decoding PNG", source->name);
    else if (!reader.complete && cs_stop_is_set(cs_stop_current()))
        status = cs_stop_fail(cs_stop_current(), err);
    else if (!reader.complete && reader.cut_short)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the PNG is cut short at byte %zu; copy it again", source->name,
                         source->size);
    else if (!reader.complete)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNG near byte %zu: %s", source->name, reader.at,
                         reader.message);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    if (status == CLIPSEARCH_OK)
        status = cs_png_orientation(source, orientation, err);
    return status;
}

const char *cs_png_library(void)
{
    return png_get_libpng_ver(NULL);
}
