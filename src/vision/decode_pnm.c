/* SPDX-License-Identifier: MIT
 * decode_pnm.c - PBM, PGM and PPM (P1 to P6), with the pixels that Pillow's convert("RGB") gives.
 *
 * Difference from Pillow: grey of more than 8 bits is scaled to 0..255 as colour is; Pillow clips it at 255, which
 * turns nearly every such image white. Source: the pages pbm(5), pgm(5) and ppm(5) of Netpbm. */
#include "vision/decode.h"

#include <math.h>
#include <stdbool.h>

enum { MAX_DIGITS = 10, BITMAP = 1, GREY = 2, COLOUR = 3 };

struct pnm {
    const uint8_t *data;
    size_t size, at;
    int kind;   /* BITMAP, GREY, COLOUR */
    bool plain; /* numbers in decimal digits */
    uint32_t width, height, most;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Skip white space and comments. False: the file ends. */
static bool skip_spaces(struct pnm *pnm)
{
    for (; pnm->at < pnm->size; pnm->at++) {
        const uint8_t *p = pnm->data + pnm->at;
        if (*p == '#')
            while (pnm->at + 1 < pnm->size && pnm->data[pnm->at] != '\n' && pnm->data[pnm->at] != '\r')
                pnm->at++;
        else if (!is_space(*p))
            return true;
    }
    return false;
}

/* A number of at most MAX_DIGITS digits, up to white space, a comment or the end of the file. */
static bool read_number(struct pnm *pnm, uint32_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;
    if (!skip_spaces(pnm))
        return false;
    for (; pnm->at < pnm->size && pnm->data[pnm->at] >= '0' && pnm->data[pnm->at] <= '9'; pnm->at++, digits++)
        if (digits < MAX_DIGITS)
            value = value * 10 + (pnm->data[pnm->at] - (uint64_t)'0');
    *number = (uint32_t)value;
    return digits > 0 && digits <= MAX_DIGITS && value <= UINT32_MAX &&
           (pnm->at == pnm->size || is_space(pnm->data[pnm->at]) || pnm->data[pnm->at] == '#');
}

/* "P1" to "P6", width, height and, but for bitmaps, the largest value; then one white space. */
static bool read_header(struct pnm *pnm)
{
    const int number = pnm->data[1] - '0';
    pnm->plain = number <= 3;
    pnm->kind = (number - 1) % 3 + 1;
    pnm->at = 2;
    pnm->most = 1;
    if (!read_number(pnm, &pnm->width) || !read_number(pnm, &pnm->height))
        return false;
    if (pnm->kind != BITMAP && !read_number(pnm, &pnm->most))
        return false;
    pnm->at++;
    return pnm->most >= 1 && pnm->most <= 65535;
}

/* As Pillow computes it, in double precision, halves to the even number. */
static uint8_t scale(uint32_t value, uint32_t most)
{
    if (most == 255)
        return (uint8_t)value;
    const double scaled = nearbyint((double)value / most * 255);
    return scaled > 255 ? 255 : (uint8_t)scaled;
}

static void put(const struct pnm *pnm, uint8_t **rgb, uint8_t value)
{
    for (int i = pnm->kind == COLOUR ? 1 : 3; i > 0; i--)
        *(*rgb)++ = value;
}

enum outcome { DECODED, CUT_SHORT, DAMAGED };

/* Each 0 or 1 is a pixel, with white space between them or without. 1 is black. */
static enum outcome read_plain_bitmap(struct pnm *pnm, size_t count, uint8_t *rgb)
{
    for (size_t i = 0; i < count; i++) {
        if (!skip_spaces(pnm))
            return CUT_SHORT;
        const uint8_t c = pnm->data[pnm->at++];
        if (c != '0' && c != '1')
            return DAMAGED;
        put(pnm, &rgb, c == '0' ? 255 : 0);
    }
    return DECODED;
}

static enum outcome read_plain(struct pnm *pnm, size_t count, uint8_t *rgb)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        if (!skip_spaces(pnm))
            return CUT_SHORT;
        if (!read_number(pnm, &value) || value > pnm->most)
            return DAMAGED;
        put(pnm, &rgb, scale(value, pnm->most));
    }
    return DECODED;
}

static enum outcome read_bitmap(const struct pnm *pnm, uint8_t *rgb)
{
    const size_t stride = ((size_t)pnm->width + 7) / 8;
    const uint8_t *row = pnm->data + pnm->at;
    if ((pnm->size - pnm->at) / stride < pnm->height)
        return CUT_SHORT;
    for (uint32_t y = 0; y < pnm->height; y++, row += stride)
        for (uint32_t x = 0; x < pnm->width; x++)
            put(pnm, &rgb, row[x / 8] >> (7 - x % 8) & 1 ? 0 : 255);
    return DECODED;
}

static enum outcome read_samples(const struct pnm *pnm, size_t count, uint8_t *rgb)
{
    const size_t each = pnm->most > 255 ? 2 : 1;
    const uint8_t *p = pnm->data + pnm->at;
    if ((pnm->size - pnm->at) / each < count)
        return CUT_SHORT;
    for (size_t i = 0; i < count; i++, p += each)
        put(pnm, &rgb, scale(each == 1 ? p[0] : (uint32_t)p[0] << 8 | p[1], pnm->most));
    return DECODED;
}

static enum outcome read_pixels(struct pnm *pnm, uint8_t *rgb)
{
    const size_t count = (size_t)pnm->width * pnm->height * (pnm->kind == COLOUR ? 3 : 1);
    if (pnm->at > pnm->size)
        return CUT_SHORT;
    if (pnm->plain)
        return pnm->kind == BITMAP ? read_plain_bitmap(pnm, count, rgb) : read_plain(pnm, count, rgb);
    return pnm->kind == BITMAP ? read_bitmap(pnm, rgb) : read_samples(pnm, count, rgb);
}

clipsearch_status cs_decode_pnm(cs_decoder *decoder, const cs_image_source *source, cs_image *image,
                                unsigned *orientation, clipsearch_error *err)
{
    (void)decoder;
    (void)orientation;
    struct pnm pnm = {.data = source->data, .size = source->size};
    if (!read_header(&pnm))
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNM: a header that cannot be read", source->name);
    clipsearch_status status = cs_decode_check_size(source, pnm.width, pnm.height, err);
    if (status == CLIPSEARCH_OK)
        status = cs_image_reserve(image, pnm.width, pnm.height, err);
    if (status != CLIPSEARCH_OK)
        return status;
    enum outcome outcome = read_pixels(&pnm, image->view.rgb);
    if (outcome == CUT_SHORT)
        return cs_fail(err, CLIPSEARCH_E_FORMAT,
                       "%s: the PNM is cut short: its pixels are not all there; copy it again", source->name);
    if (outcome == DAMAGED)
        return cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: damaged PNM near byte %zu: no number up to %u", source->name,
                       pnm.at, pnm.most);
    return CLIPSEARCH_OK;
}
