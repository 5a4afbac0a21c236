/* SPDX-License-Identifier: MIT
 * decode_png.c - PNG by libpng, with the pixels that Pillow's convert("RGB") gives.
 *
 * libpng's simplified interface cannot be used: it corrects gamma and composes alpha, and the references do
 * neither. The row interface reports errors by longjmp; it is confined to `read_pixels`, whose callees below libpng
 * hold nothing. Chunks that do not change pixels are skipped unread, except eXIf. Differences from Pillow: (1)
 * 16-bit grey keeps its high byte, as 16-bit colour does; Pillow clips it at 255, which turns nearly every such
 * image white; (2) a wrong checksum in the compressed pixels is an error, Pillow does not look; (3) an EXIF block
 * written as text ("Raw profile type exif") is not read. */
#include "vision/decode.h"

#include "base/mem.h"
#include "vision/orient.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

enum { SIGNATURE_BYTES = 8, HEADER_BYTES = SIGNATURE_BYTES + 8 + 13 + 4 }; /* signature and the whole IHDR chunk */

/* All state of the decoding is here, because a longjmp would make local variables of `read_pixels` undefined. */
struct reader {
    const cs_image_source *source;
    size_t at;
    png_structp png;
    png_infop info;
    uint8_t *rgb; /* [height, width, 3] */
    uint32_t width, height;
    unsigned orientation;
    bool complete; /* every row is there */
    bool out_of_memory, cut_short;
    char message[160]; /* by libpng */
};

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

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

static void read_bytes(png_structp png, png_bytep bytes, size_t n)
{
    struct reader *reader = png_get_io_ptr(png);
    if (n > reader->source->size - reader->at) {
        reader->cut_short = true;
        png_error(png, "the file is cut short");
    }
    memcpy(bytes, reader->source->data + reader->at, n);
    reader->at += n;
}

/* Limits, and which chunks are read at all. */
static void set_limits(struct reader *reader)
{
    png_structp png = reader->png;
    png_set_user_limits(png, reader->width, reader->height);
    /* a chunk cannot be longer than the file; only eXIf is kept in memory; only the pixels are decompressed */
    png_set_chunk_malloc_max(png, reader->source->size);
    png_set_chunk_cache_max(png, 4);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "eXIf", 1);
}

/* Convert every kind of PNG to 8 bits of red, green and blue. */
static void set_transforms(png_structp png)
{
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
}

static void find_orientation(struct reader *reader)
{
    png_bytep exif = NULL; /* [length] */
    png_uint_32 length = 0;
    if (png_get_eXIf_1(reader->png, reader->info, &length, &exif) && exif)
        reader->orientation = cs_exif_orientation(exif, length);
}

/* The one function that libpng's errors jump to. False: reader->message says why. */
static bool read_pixels(struct reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return reader->complete;
    png_structp png = reader->png;
    png_set_read_fn(png, reader, read_bytes);
    set_limits(reader);
    png_read_info(png, reader->info);
    find_orientation(reader);
    set_transforms(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    size_t stride = (size_t)reader->width * 3;
    if (png_get_rowbytes(png, reader->info) != stride)
        png_error(png, "rows of an unexpected length");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < reader->height; y++)
            png_read_row(png, reader->rgb + y * stride, NULL);
    /* all pixels are there and their checksums are right: what follows them does not matter */
    reader->complete = true;
    png_read_end(png, reader->info);
    find_orientation(reader);
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
    *width = read_u32(data + 16);
    *height = read_u32(data + 20);
    if (*width > PNG_UINT_31_MAX || *height > PNG_UINT_31_MAX)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNG: the header says %u x %u pixels", source->name,
                       *width, *height);
    return cs_decode_check_size(source, *width, *height, err);
}

clipsearch_status cs_decode_png(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err)
{
    (void)decoder;
    struct reader reader = {.source = source, .orientation = 1};
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
    else if (!reader.complete && reader.cut_short)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the PNG is cut short at byte %zu; copy it again", source->name,
                         source->size);
    else if (!reader.complete)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNG near byte %zu: %s", source->name, reader.at,
                         reader.message);
    if (status == CLIPSEARCH_OK)
        *orientation = reader.orientation;
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return status;
}
