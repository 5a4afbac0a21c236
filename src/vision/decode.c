/* SPDX-License-Identifier: MIT
 * decode.c - finds the format of a file by its bytes, and calls the decoder for it. */
#include "vision/decode.h"

#include "base/content_kind.h"
#include "vision/orient.h"

typedef clipsearch_status decode_fn(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                    unsigned *orientation, clipsearch_error *err);

/* By format; NULL: none in this build. */
static decode_fn *const decoders[CS_FORMATS] = {
    [CS_FORMAT_JPEG] = cs_decode_jpeg, [CS_FORMAT_PNG] = cs_decode_png,   [CS_FORMAT_GIF] = cs_decode_gif,
    [CS_FORMAT_BMP] = cs_decode_bmp,   [CS_FORMAT_PNM] = cs_decode_pnm,   [CS_FORMAT_WEBP] = cs_decode_vips,
    [CS_FORMAT_TIFF] = cs_decode_vips, [CS_FORMAT_HEIC] = cs_decode_vips, [CS_FORMAT_AVIF] = cs_decode_vips,
};

/* The error for bytes of no known kind. */
static clipsearch_status refuse_unknown(const cs_image_source *source, clipsearch_error *err)
{
    static const char digits[] = "0123456789abcdef";
    char bytes[3 * 8 + 1] = "";
    for (size_t i = 0; i < 8 && i < source->size; i++) {
        bytes[3 * i] = ' ';
        bytes[3 * i + 1] = digits[source->data[i] >> 4];
        bytes[3 * i + 2] = digits[source->data[i] & 15];
    }
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: not an image of a known kind; it begins with%s", source->name, bytes);
}

/* The error for bytes that no decoder reads. */
static clipsearch_status refuse(const cs_image_source *source, const cs_content_kind *kind, clipsearch_error *err)
{
    const char *article = cs_content_kind_article(kind);
    if (source->size == 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the file is empty; expected an image", source->name);
    if (kind->is_image)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: %s %s, which this build cannot read; convert it to JPEG or PNG first", source->name,
                       article, kind->name);
    if (kind == cs_content_kind_of("", 1))
        return refuse_unknown(source, err);
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: this is %s %s, not an image; was it saved under a wrong name, or did a download fail?",
                   source->name, article, kind->name);
}

bool cs_image_is_readable(cs_image_format format)
{
    return decoders[format] && (decoders[format] != cs_decode_vips || cs_vips_reads(format));
}

clipsearch_status cs_decode_check_size(const cs_image_source *source, uint64_t width, uint64_t height,
                                       clipsearch_error *err)
{
    if (width == 0 || height == 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the header says %llu x %llu pixels: damaged", source->name,
                       (unsigned long long)width, (unsigned long long)height);
    if (width > UINT32_MAX || height > UINT32_MAX || width > source->max_pixels / height)
        return cs_fail(err, CLIPSEARCH_E_LIMIT,
                       "%s: the image has %llu x %llu pixels, more than the limit of %llu pixels; raise max_pixels "
                       "(--max-pixels) to read it",
                       source->name, (unsigned long long)width, (unsigned long long)height,
                       (unsigned long long)source->max_pixels);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_decoder_decode_stored(cs_decoder *decoder, const void *data, size_t size, const char *name,
                                           const clipsearch_image_options *options, cs_image *image,
                                           unsigned *orientation, clipsearch_error *err)
{
    static const clipsearch_image_options defaults = {.max_bytes = CS_IMAGE_MAX_BYTES,
                                                      .max_pixels = CS_IMAGE_MAX_PIXELS};
    if (!options)
        options = &defaults;
    cs_image_source source = {data, size, name ? name : "image", options->max_pixels};
    if (size > options->max_bytes)
        return cs_fail(
            err, CLIPSEARCH_E_LIMIT,
            "%s: the file has %zu bytes, more than the limit of %llu; raise max_bytes (--max-bytes) to read it",
            source.name, size, (unsigned long long)options->max_bytes);
    const cs_content_kind *kind = cs_content_kind_of(data, size);
    decode_fn *decode = decoders[kind->format];
    if (!decode)
        return refuse(&source, kind, err);
    *orientation = 1;
    decoder->full_width = decoder->full_height = 0;
    clipsearch_status status = decode(decoder, &source, image, orientation, err);
    if (status == CLIPSEARCH_OK && !decoder->full_width) {
        decoder->full_width = image->view.width;
        decoder->full_height = image->view.height;
    }
    if (options->ignore_exif)
        *orientation = 1;
    return status;
}

clipsearch_status cs_decoder_decode(cs_decoder *decoder, const void *data, size_t size, const char *name,
                                    const clipsearch_image_options *options, cs_image *image, clipsearch_error *err)
{
    unsigned orientation;
    clipsearch_status status = cs_decoder_decode_stored(decoder, data, size, name, options, image, &orientation, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_orient(image, &decoder->spare, orientation, err);
    return status;
}

void cs_decoder_free(cs_decoder *decoder)
{
    if (decoder)
        cs_image_free(&decoder->spare);
}

clipsearch_status cs_image_decode(const void *data, size_t size, const char *name,
                                  const clipsearch_image_options *options, cs_image *image, clipsearch_error *err)
{
    cs_decoder decoder = {0};
    clipsearch_status status = cs_decoder_decode(&decoder, data, size, name, options, image, err);
    cs_decoder_free(&decoder);
    return status;
}
