/* SPDX-License-Identifier: MIT
 * decode_vips.c - WebP, TIFF, HEIC and AVIF through libvips, converted to RGB as Pillow does.
 *
 * libvips gives the samples as they are stored; no colour profile is applied, alpha is dropped, 16 bits keep their high
 * byte. Animations and documents give their first image (HEIC: the one that the file calls primary). Rows are fetched
 * some at a time, so that the memory here does not depend on the kind of samples. */
#include "vision/decode.h"

#include "base/content_kind.h"
#include "base/mem.h"
#include "base/stop.h"
#include "vision/cmyk.h"
#include "vision/lab.h"
#include "vision/orient.h"
#include "vision/tiff_header.h"
#include "vision/tiff_planes.h"
#include "vision/vips.h"
#include "vision/xmp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { FETCH_BYTES = 1 << 20, MAX_SIDE = 10000000 /* libvips' */ };

/* One image that is being read. */
struct reader {
    const cs_vips *vips;
    const cs_image_source *source;
    const cs_content_kind *kind;
    cs_vips_image *image;
    uint32_t width, height;
    size_t bands, sample; /* bytes of a sample */
    int format;
    bool is_cmyk, is_ycbcr, is_lab;
};

/* Whether these words of libvips say that it does not read such files. "samples out of range" is what it calls samples
 * of 64 bits. */
static bool says_unsupported(const char *words)
{
    return strstr(words, "not supported") || strstr(words, "nsupported") || strstr(words, "samples out of range");
}

/* CLIPSEARCH_E_FORMAT, or _UNSUPPORTED where libvips says so, with its own words. Errors of other threads may be among
 * them. */
static clipsearch_status fail(const struct reader *reader, clipsearch_error *err)
{
    char *words = reader->vips->take_errors();
    const size_t length = words ? strcspn(words, "\n") : 0;
    const int shown = length ? (int)(length < 200 ? length : 200) : 18;
    clipsearch_status status = words && says_unsupported(words)
                                   ? cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                                             "%s: this kind of %s is not read (%.*s); convert it to JPEG or PNG first",
                                             reader->source->name, reader->kind->name, shown, words)
                                   : cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged %s: %.*s", reader->source->name,
                                             reader->kind->name, shown, length ? words : "it cannot be read");
    reader->vips->release(words);
    return status;
}

/* An image whose pixels are of a kind that is not converted. */
static clipsearch_status refuse_pixels(const struct reader *reader, int meaning, clipsearch_error *err)
{
    const bool is_lab = meaning == CS_VIPS_LAB || meaning == CS_VIPS_LABS;
    const bool is_float = reader->format >= CS_VIPS_FLOAT;
    if (is_lab || is_float)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: %s %s with %s, which are not read; convert it to JPEG or PNG first", reader->source->name,
                       cs_content_kind_article(reader->kind), reader->kind->name,
                       is_lab ? "L*a*b* colours of 16 bits" : "colours in floating-point numbers");
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: %s %s of %zu channels of a kind that is not read; convert it to JPEG or PNG first",
                   reader->source->name, cs_content_kind_article(reader->kind), reader->kind->name, reader->bands);
}

/* A size in a TIFF's directory, if it is there. */
static clipsearch_status check_tiff_size(const cs_image_source *source, unsigned width_tag, unsigned height_tag,
                                         clipsearch_error *err)
{
    uint64_t width, height;
    if (!cs_tiff_find(source->data, source->size, width_tag, &width) ||
        !cs_tiff_find(source->data, source->size, height_tag, &height))
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_decode_check_size(source, width, height, err);
    if (status == CLIPSEARCH_OK && (width > MAX_SIDE || height > MAX_SIDE))
        status = cs_fail(err, CLIPSEARCH_E_LIMIT, "%s: the image has %llu x %llu pixels; a side is read up to %d",
                         source->name, (unsigned long long)width, (unsigned long long)height, MAX_SIDE);
    return status;
}

/* TIFF: the size of the image and of its tiles, before libtiff allocates memory for a tile. */
static clipsearch_status check_tiff(const cs_image_source *source, clipsearch_error *err)
{
    clipsearch_status status = check_tiff_size(source, CS_TIFF_WIDTH, CS_TIFF_HEIGHT, err);
    if (status == CLIPSEARCH_OK)
        status = check_tiff_size(source, CS_TIFF_TILE_WIDTH, CS_TIFF_TILE_HEIGHT, err);
    return status;
}

static size_t sample_bytes(int format)
{
    switch (format) {
    case CS_VIPS_UCHAR:
    case CS_VIPS_CHAR:
        return 1;
    case CS_VIPS_USHORT:
    case CS_VIPS_SHORT:
        return 2;
    case CS_VIPS_UINT:
    case CS_VIPS_INT:
    case CS_VIPS_FLOAT:
        return 4;
    default:
        return 0;
    }
}

/* Whether a TIFF has luma and chroma that libvips hands out as they are: all but those in JPEG. */
static bool is_plain_ycbcr(const struct reader *reader)
{
    enum { YCBCR = 6, OLD_JPEG = 6, JPEG = 7 };
    const cs_image_source *source = reader->source;
    uint64_t photometric, compression;
    return reader->kind->format == CS_FORMAT_TIFF &&
           cs_tiff_find(source->data, source->size, CS_TIFF_PHOTOMETRIC, &photometric) && photometric == YCBCR &&
           cs_tiff_find(source->data, source->size, CS_TIFF_COMPRESSION, &compression) && compression != OLD_JPEG &&
           compression != JPEG;
}

/* Open the file: its header is read. */
static clipsearch_status open_image(struct reader *reader, clipsearch_error *err)
{
    const cs_vips *vips = reader->vips;
    void *bytes; /* not written to */
    memcpy(&bytes, &reader->source->data, sizeof bytes);
    if (vips->load[reader->kind->format](bytes, reader->source->size, &reader->image, "access", CS_VIPS_SEQUENTIAL,
                                         "fail_on", CS_VIPS_FAIL_ON_ERROR, (char *)NULL) != 0) {
        reader->image = NULL;
        return fail(reader, err);
    }
    const int width = vips->width(reader->image), height = vips->height(reader->image);
    clipsearch_status status =
        cs_decode_check_size(reader->source, width < 0 ? 0 : (uint64_t)width, height < 0 ? 0 : (uint64_t)height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    reader->width = (uint32_t)width;
    reader->height = (uint32_t)height;
    reader->bands = (size_t)vips->bands(reader->image);
    reader->format = vips->format(reader->image);
    reader->sample = sample_bytes(reader->format);
    const int meaning = vips->interpretation(reader->image);
    const bool is_grey = reader->bands <= 2,
               is_8_or_16 = reader->format == CS_VIPS_UCHAR || reader->format == CS_VIPS_USHORT;
    const bool is_rgb = reader->bands >= 3 && (meaning == CS_VIPS_SRGB || meaning == CS_VIPS_RGB16);
    reader->is_cmyk = reader->bands >= 4 && meaning == CS_VIPS_CMYK;
    reader->is_ycbcr = is_plain_ycbcr(reader);
    reader->is_lab = reader->bands == 4 && meaning == CS_VIPS_LAB && reader->format == CS_VIPS_UCHAR; /* coded */
    const bool is_colour = is_rgb || reader->is_cmyk || reader->is_lab;
    if (reader->sample > 0 && reader->bands > 0 && (is_grey || (is_8_or_16 && is_colour)))
        return CLIPSEARCH_OK;
    return refuse_pixels(reader, meaning, err);
}

static uint8_t clip(float value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)(value + 0.5f);
}

/* Source: JFIF 1.02, conversion to and from RGB. */
static void ycbcr_to_rgb(const uint8_t ycbcr[3], uint8_t rgb[3])
{
    const float y = ycbcr[0], blue = (float)ycbcr[1] - 128, red = (float)ycbcr[2] - 128;
    rgb[0] = clip(y + 1.402f * red);
    rgb[1] = clip(y - 0.344136f * blue - 0.714136f * red);
    rgb[2] = clip(y + 1.772f * blue);
}

/* The sample at `p` as 8 bits: 8 bits count as unsigned, 16 unsigned bits keep their high byte, and others are clipped
 * at 0 and 255, as in Pillow. */
static uint8_t read_sample(int format, const uint8_t *p)
{
    uint16_t u16;
    int16_t s16;
    uint32_t u32;
    int32_t s32;
    float f32;
    switch (format) {
    case CS_VIPS_USHORT:
        memcpy(&u16, p, sizeof u16);
        return (uint8_t)(u16 >> 8);
    case CS_VIPS_SHORT:
        memcpy(&s16, p, sizeof s16);
        return s16 < 0 ? 0 : s16 > 255 ? 255 : (uint8_t)s16;
    case CS_VIPS_UINT:
        memcpy(&u32, p, sizeof u32);
        return u32 > 255 ? 255 : (uint8_t)u32;
    case CS_VIPS_INT:
        memcpy(&s32, p, sizeof s32);
        return s32 < 0 ? 0 : s32 > 255 ? 255 : (uint8_t)s32;
    case CS_VIPS_FLOAT:
        memcpy(&f32, p, sizeof f32);
        return f32 > 0 ? f32 < 255 ? (uint8_t)f32 : 255 : 0; /* NaN: 0 */
    default:
        return p[0];
    }
}

/* `pixels` pixels of samples to RGB. */
static void convert(const struct reader *reader, const uint8_t *samples, size_t pixels, uint8_t *rgb)
{
    const size_t stride = reader->bands * reader->sample, colours = reader->is_cmyk ? 4 : reader->bands < 3 ? 1 : 3;
    if (stride == 3 && colours == 3 && !reader->is_ycbcr && !reader->is_lab) { /* it is RGB */
        memcpy(rgb, samples, pixels * 3);
        return;
    }
    for (size_t i = 0; i < pixels; i++, samples += stride, rgb += 3) {
        uint8_t values[4];
        for (size_t c = 0; c < colours; c++)
            values[c] = read_sample(reader->format, samples + c * reader->sample);
        if (colours == 4)
            cs_cmyk_to_rgb(values, rgb);
        else if (reader->is_ycbcr && colours == 3)
            ycbcr_to_rgb(values, rgb);
        else if (reader->is_lab)
            cs_lab_to_rgb(values, rgb);
        else if (colours == 3)
            memcpy(rgb, values, 3);
        else
            memset(rgb, values[0], 3);
    }
}

static clipsearch_status read_rows(const struct reader *reader, cs_image *image, clipsearch_error *err)
{
    const cs_vips *vips = reader->vips;
    cs_vips_region *region = vips->new_region(reader->image);
    if (!region)
        return fail(reader, err);
    clipsearch_status status = CLIPSEARCH_OK;
    const size_t stride = reader->width * reader->bands * reader->sample;
    const uint32_t most = stride < FETCH_BYTES ? (uint32_t)(FETCH_BYTES / stride) : 1;
    for (uint32_t y = 0; status == CLIPSEARCH_OK && y < reader->height;) {
        const uint32_t rows = reader->height - y < most ? reader->height - y : most;
        size_t bytes = 0;
        status = cs_stop_check(err);
        if (status != CLIPSEARCH_OK)
            break;
        unsigned char *samples = vips->fetch(region, 0, (int)y, (int)reader->width, (int)rows, &bytes);
        if (!samples || bytes != rows * stride)
            status = fail(reader, err);
        else
            convert(reader, samples, (size_t)rows * reader->width, image->view.rgb + (size_t)y * reader->width * 3);
        vips->release(samples);
        y += rows;
    }
    vips->unref(region);
    return status;
}

static clipsearch_status read_image(struct reader *reader, cs_image *image, clipsearch_error *err)
{
    clipsearch_status status = open_image(reader, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(image, reader->width, reader->height, err);
    return status == CLIPSEARCH_OK ? read_rows(reader, image, err) : status;
}

/* A TIFF whose red, green and blue have tiles of their own: each is read as a grey image. */
static clipsearch_status read_planes(const struct reader *reader, const cs_tiff_planes *planes, cs_image *image,
                                     clipsearch_error *err)
{
    const cs_image_source *file = reader->source;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_image grey = {0};
    uint8_t *copy = cs_alloc_array(file->size, 1);
    if (!copy)
        status = cs_fail_memory(err, file->name);
    for (unsigned plane = 0; plane < 3 && status == CLIPSEARCH_OK; plane++) {
        const cs_image_source source = {copy, file->size, file->name, file->max_pixels};
        struct reader one = {.vips = reader->vips, .source = &source, .kind = reader->kind};
        cs_tiff_select_plane(file->data, file->size, planes, plane, copy);
        status = read_image(&one, &grey, err);
        if (one.image)
            one.vips->unref(one.image);
        if (status == CLIPSEARCH_OK && plane == 0)
            status = cs_image_reserve(image, one.width, one.height, err);
        else if (status == CLIPSEARCH_OK && (one.width != image->view.width || one.height != image->view.height))
            status =
                cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged TIFF image: its colours differ in size", file->name);
        const size_t pixels = (size_t)one.width * one.height;
        for (size_t i = 0; i < pixels && status == CLIPSEARCH_OK; i++)
            image->view.rgb[3 * i + plane] = grey.view.rgb[3 * i];
    }
    cs_image_free(&grey);
    cs_free(copy);
    return status;
}

static bool find_blob(const struct reader *reader, const char *name, const void **data, size_t *size)
{
    return reader->image && reader->vips->find(reader->image, name) != 0 &&
           reader->vips->get_blob(reader->image, name, data, size) == 0 && *data;
}

/* HEIC and AVIF are turned by their library. */
static void read_orientation(const struct reader *reader, unsigned *orientation)
{
    const void *data;
    size_t size;
    uint64_t value;
    if (reader->kind->format == CS_FORMAT_TIFF &&
        cs_tiff_find(reader->source->data, reader->source->size, CS_TIFF_ORIENTATION, &value)) {
        *orientation = value >= 1 && value <= 8 ? (unsigned)value : 1;
        return;
    }
    if (reader->kind->format == CS_FORMAT_WEBP && find_blob(reader, "exif-data", &data, &size) &&
        cs_exif_orientation(data, size, orientation))
        return;
    if ((reader->kind->format == CS_FORMAT_WEBP || reader->kind->format == CS_FORMAT_TIFF) &&
        find_blob(reader, "xmp-data", &data, &size))
        cs_xmp_orientation(data, size, orientation);
}

bool cs_vips_reads(cs_image_format format)
{
    const cs_vips *vips = cs_vips_get();
    return vips && vips->load[format];
}

clipsearch_status cs_decode_vips(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                 unsigned *orientation, clipsearch_error *err)
{
    (void)decoder;
    struct reader reader = {.source = source, .kind = cs_content_kind_of(source->data, source->size)};
    reader.vips = cs_vips_get();
    if (!cs_vips_reads(reader.kind->format))
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: %s %s; this machine cannot read it: install libvips42 (%s)",
                       source->name, cs_content_kind_article(reader.kind), reader.kind->name,
                       reader.vips ? "this libvips lacks the format" : cs_vips_absence());
    clipsearch_status status = CLIPSEARCH_OK;
    cs_vips_hush(true);
    if (reader.kind->format == CS_FORMAT_TIFF)
        status = check_tiff(source, err);
    cs_tiff_planes planes;
    if (status == CLIPSEARCH_OK)
        status = reader.kind->format == CS_FORMAT_TIFF && cs_tiff_find_planes(source->data, source->size, &planes)
                     ? read_planes(&reader, &planes, image, err)
                     : read_image(&reader, image, err);
    if (status == CLIPSEARCH_OK)
        read_orientation(&reader, orientation);
    if (reader.image)
        reader.vips->unref(reader.image);
    reader.vips->release(reader.vips->take_errors()); /* messages that were no failure; they would pile up */
    reader.vips->end_thread();
    cs_vips_hush(false);
    return status;
}
