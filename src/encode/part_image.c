/* SPDX-License-Identifier: MIT
 * part_image.c - encodes the image of a question. */
#include "encode/part_image.h"

#include "base/digest.h"
#include "base/stop.h"

#include <math.h>
#include <string.h>

static clipsearch_status fail_outside(const clipsearch_region *r, uint32_t width, uint32_t height, const char *name,
                                      clipsearch_error *err)
{
    if (r->percent)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: the region %g%%,%g%%,%g%%,%g%% is not inside the image; x + width and y + height are at "
                       "most 100%%",
                       name, r->x, r->y, r->width, r->height);
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "%s: the region %g,%g,%g,%g is not inside the image, which has %u x %u pixels", name, r->x, r->y,
                   r->width, r->height, width, height);
}

/* One side in whole pixels: from `start`, `length` long, of `side` pixels in all. False when it is not inside. */
static bool side_pixels(double start, double length, bool percent, uint32_t side, uint32_t *first, uint32_t *count)
{
    static const double SLACK = 1e-9; /* of per cents that were computed */
    if (!(start >= 0 && length > 0 && start + length <= (percent ? 100 * (1 + SLACK) : side)))
        return false;
    double from = percent ? floor(start / 100 * side + 0.5) : start;
    double to = percent ? floor((start + length) / 100 * side + 0.5) : start + length;
    to = to > side ? side : to;
    if (percent && to <= from) { /* one pixel at least: the one that the middle is in */
        from = floor((start + length / 2) / 100 * side);
        from = from > side - 1.0 ? side - 1.0 : from;
        to = from + 1;
    }
    *first = (uint32_t)from;
    *count = (uint32_t)(to - from);
    return from == floor(from) && to == floor(to) && *count > 0;
}

clipsearch_status cs_region_pixels(const clipsearch_region *region, uint32_t width, uint32_t height, const char *name,
                                   uint32_t edges[4], clipsearch_error *err)
{
    if (!side_pixels(region->x, region->width, region->percent, width, &edges[0], &edges[2]) ||
        !side_pixels(region->y, region->height, region->percent, height, &edges[1], &edges[3]))
        return fail_outside(region, width, height, name, err);
    return CLIPSEARCH_OK;
}

/* Cut `image` down to a region, in its own block: rows only move towards the start. */
static void cut(clipsearch_image *image, const uint32_t edges[4])
{
    const size_t from = (size_t)image->width * 3, to = (size_t)edges[2] * 3;
    for (size_t y = 0; y < edges[3]; y++)
        memmove(image->rgb + y * to, image->rgb + (y + edges[1]) * from + (size_t)edges[0] * 3, to);
    image->width = edges[2];
    image->height = edges[3];
}

clipsearch_status cs_session_encode_part(clipsearch_session *session, const char *path, const void *data, size_t size,
                                         const clipsearch_region *region, float *vector, uint8_t hash[32],
                                         clipsearch_error *err)
{
    const cs_preprocess_config *config = cs_model_preprocess(&session->encoder->dir);
    const char *name = path ? path : "image";
    uint32_t edges[4];
    clipsearch_status status = cs_session_check_image_tower(session, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_image_reader *reader = &session->readers[0];
    if (!data) {
        status = cs_image_reader_read(reader, path, NULL, err);
        data = reader->file.len ? reader->file.data : "";
        size = reader->file.len;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_digest_of(CS_SHA256, data, size, hash, err);
    unsigned orientation = 1;
    clipsearch_image *image = &reader->image.view;
    if (status == CLIPSEARCH_OK && region) {
        status = cs_decoder_decode(&reader->decoder, data, size, name, &reader->options, &reader->image, err);
        if (status == CLIPSEARCH_OK)
            status = cs_region_pixels(region, image->width, image->height, name, edges, err);
        if (status == CLIPSEARCH_OK)
            cut(image, edges);
    } else if (status == CLIPSEARCH_OK) {
        status = cs_decoder_decode_stored(&reader->decoder, data, size, name, &reader->options, &reader->image,
                                          &orientation, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_stop_check(err);
    if (status == CLIPSEARCH_OK)
        status = cs_preprocess(&reader->preprocessor, config, image, orientation, session->pixels, err);
    if (status == CLIPSEARCH_OK)
        status = cs_stop_check(err);
    if (status == CLIPSEARCH_OK)
        cs_session_forward(session, 1, vector);
    return status;
}
