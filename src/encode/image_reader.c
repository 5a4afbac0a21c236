/* SPDX-License-Identifier: MIT
 * image_reader.c - reading image files. */
#include "encode/image_reader.h"

#include "vision/orient.h"

cs_image_reader cs_image_reader_make(const clipsearch_image_options *options)
{
    /* a buffer's limit leaves room for its NUL */
    uint64_t max = options->max_bytes < SIZE_MAX / 2 ? options->max_bytes : SIZE_MAX / 2;
    return (cs_image_reader){.options = *options, .file = cs_buf_make((size_t)max)};
}

void cs_image_reader_free(cs_image_reader *reader)
{
    cs_buf_free(&reader->file);
    cs_decoder_free(&reader->decoder);
    cs_image_free(&reader->image);
    cs_preprocessor_free(&reader->preprocessor);
}

bool cs_image_reader_reads(cs_image_format format)
{
    return cs_image_is_readable(format);
}

clipsearch_status cs_image_reader_read(cs_image_reader *reader, const char *path, cs_file_info *info,
                                       clipsearch_error *err)
{
    clipsearch_status status = cs_file_read(path, &reader->file, info, err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        status = CLIPSEARCH_E_IO; /* NOT_FOUND is for models, collections and items */
        if (err)
            err->code = status;
    }
    if (status == CLIPSEARCH_E_LIMIT && err) {
        const clipsearch_error limit = *err;
        status = cs_fail(err, status, "%s; raise max_bytes (--max-bytes) to read it", limit.message);
    }
    return status;
}

clipsearch_status cs_image_reader_prepare(cs_image_reader *reader, const char *name, const cs_preprocess_config *config,
                                          float *pixels, clipsearch_error *err)
{
    const char *data = reader->file.len ? reader->file.data : "";
    const clipsearch_image *stored = &reader->image.view;
    unsigned orientation;
    const size_t wanted = config->squash ? config->crop : config->resize;
    reader->decoder.least_side = reader->options.decode == CLIPSEARCH_DECODE_FAST ? (uint32_t)(2 * wanted) : 0;
    clipsearch_status status = cs_decoder_decode_stored(&reader->decoder, data, reader->file.len, name,
                                                        &reader->options, &reader->image, &orientation, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const bool swapped = cs_orientation_swaps_sides(orientation);
    reader->width = swapped ? reader->decoder.full_height : reader->decoder.full_width;
    reader->height = swapped ? reader->decoder.full_width : reader->decoder.full_height;
    return cs_preprocess(&reader->preprocessor, config, stored, orientation, pixels, err);
}
