/* SPDX-License-Identifier: MIT
 * decode.c - finds the format of a file by its bytes, and calls the decoder for it. */
#include "vision/decode.h"

#include "vision/orient.h"

#include <string.h>

typedef clipsearch_status decode_fn(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                    unsigned *orientation, clipsearch_error *err);

/* A format is known by `magic` at `offset` and, where that is not enough, also by `more` at `more_offset`. */
struct format {
    const char *name;
    size_t offset, length;
    const char *magic;
    size_t more_offset, more_length;
    const char *more;
    decode_fn *decode; /* NULL: recognised, so that a message can name it, but not read */
};

/* The first entry that matches is used. JPEG and PNG are known by as few bytes as leave no doubt, so that their decoder
 * can say what is wrong with a file that is truncated or damaged just after them. */
static const struct format formats[] = {
    {"JPEG", 0, 3, "\xff\xd8\xff", 0, 0, NULL, cs_decode_jpeg},
    {"PNG", 0, 4, "\x89PNG", 0, 0, NULL, cs_decode_png},
    {"GIF", 0, 4, "GIF8", 0, 0, NULL, NULL},
    {"WebP", 0, 4, "RIFF", 8, 4, "WEBP", NULL},
    {"TIFF", 0, 4, "II*\0", 0, 0, NULL, NULL},
    {"TIFF", 0, 4, "MM\0*", 0, 0, NULL, NULL},
    {"BigTIFF", 0, 4, "II+\0", 0, 0, NULL, NULL},
    {"BigTIFF", 0, 4, "MM\0+", 0, 0, NULL, NULL},
    {"BMP", 0, 2, "BM", 6, 4, "\0\0\0\0", NULL}, /* its reserved field */
    {"AVIF", 4, 4, "ftyp", 8, 3, "avi", NULL},
    {"HEIC", 4, 4, "ftyp", 8, 2, "he", NULL},
    {"HEIF", 4, 4, "ftyp", 8, 3, "mif", NULL},
    {"MP4 or QuickTime", 4, 4, "ftyp", 0, 0, NULL, NULL},
    {"JPEG XL", 0, 12, "\0\0\0\x0cJXL \r\n\x87\n", 0, 0, NULL, NULL},
    {"JPEG XL", 0, 2, "\xff\x0a", 0, 0, NULL, NULL},
    {"JPEG 2000", 0, 12, "\0\0\0\x0cjP  \r\n\x87\n", 0, 0, NULL, NULL},
    {"JPEG 2000", 0, 4, "\xff\x4f\xff\x51", 0, 0, NULL, NULL},
    {"PDF", 0, 5, "%PDF-", 0, 0, NULL, NULL},
    {"Photoshop", 0, 4, "8BPS", 0, 0, NULL, NULL},
    {"icon", 0, 4, "\0\0\1\0", 0, 0, NULL, NULL},
    {"ZIP", 0, 4, "PK\3\4", 0, 0, NULL, NULL},
    {"gzip", 0, 2, "\x1f\x8b", 0, 0, NULL, NULL},
};

static bool holds(const uint8_t *data, size_t size, size_t offset, const char *bytes, size_t length)
{
    return length <= size && offset <= size - length && (length == 0 || memcmp(data + offset, bytes, length) == 0);
}

static const struct format *find_format(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct format *f = &formats[i];
        if (holds(data, size, f->offset, f->magic, f->length) &&
            holds(data, size, f->more_offset, f->more, f->more_length))
            return f;
    }
    return NULL;
}

enum { TEXT_PEEK = 512 }; /* bytes that are read to find out what kind of text it is */

/* `word` (lower case) in the first TEXT_PEEK bytes, in any case. */
static bool mentions(const uint8_t *data, size_t size, const char *word)
{
    size_t length = strlen(word), end = size < TEXT_PEEK ? size : TEXT_PEEK;
    for (size_t i = 0; i + length <= end; i++) {
        size_t n = 0;
        while (n < length && (data[i + n] >= 'A' && data[i + n] <= 'Z' ? data[i + n] + 32 : data[i + n]) == word[n])
            n++;
        if (n == length)
            return true;
    }
    return false;
}

/* What kind of text the bytes are: they begin with ASCII or a byte order mark, and the first TEXT_PEEK hold no control
 * characters except white space. NULL: no text. */
static const char *text_kind(const uint8_t *data, size_t size)
{
    if (data[0] >= 128 && !holds(data, size, 0, "\xef\xbb\xbf", 3))
        return NULL;
    for (size_t i = 0; i < size && i < TEXT_PEEK; i++)
        if (data[i] == 127 || (data[i] < 32 && (data[i] < '\t' || data[i] > '\r')))
            return NULL;
    if (mentions(data, size, "<svg"))
        return "an SVG drawing";
    if (mentions(data, size, "<html") || mentions(data, size, "<!doctype html"))
        return "an HTML page";
    return "a text file";
}

/* The error for bytes that no decoder reads. */
static clipsearch_status refuse(const cs_image_source *source, const struct format *format, clipsearch_error *err)
{
    const uint8_t *data = source->data;
    if (format)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: this is a %s file, which this build does not read; convert it to JPEG or PNG first",
                       source->name, format->name);
    if (source->size == 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the file is empty; expected a JPEG or PNG image", source->name);
    const char *kind = text_kind(data, source->size);
    if (kind && strcmp(kind, "an SVG drawing") == 0)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: this is %s, which this build does not read; convert it to PNG first", source->name, kind);
    if (kind)
        return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                       "%s: this is %s, not an image; was it saved under a wrong name, or did a download fail?",
                       source->name, kind);
    char bytes[3 * 8 + 1] = "";
    for (size_t i = 0; i < 8 && i < source->size; i++) {
        static const char digits[] = "0123456789abcdef";
        bytes[3 * i] = ' ';
        bytes[3 * i + 1] = digits[data[i] >> 4];
        bytes[3 * i + 2] = digits[data[i] & 15];
    }
    return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: not an image that this build knows (JPEG, PNG); it begins with%s",
                   source->name, bytes);
}

clipsearch_status cs_decode_check_size(const cs_image_source *source, uint64_t width, uint64_t height,
                                       clipsearch_error *err)
{
    if (width == 0 || height == 0)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: the header says %llu x %llu pixels: damaged", source->name,
                       (unsigned long long)width, (unsigned long long)height);
    if (width > UINT32_MAX || height > UINT32_MAX || width > source->max_pixels / height)
        return cs_fail(err, CLIPSEARCH_E_LIMIT,
                       "%s: the image has %llu x %llu pixels, more than the limit of %llu pixels; raise max_pixels to "
                       "read it",
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
        return cs_fail(err, CLIPSEARCH_E_LIMIT,
                       "%s: the file has %zu bytes, more than the limit of %llu; raise max_bytes to read it",
                       source.name, size, (unsigned long long)options->max_bytes);
    const struct format *format = find_format(data, size);
    if (!format || !format->decode)
        return refuse(&source, format, err);
    *orientation = 1;
    clipsearch_status status = format->decode(decoder, &source, image, orientation, err);
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
