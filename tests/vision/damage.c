/* SPDX-License-Identifier: MIT
 * damage.c - files cut short and with bits flipped. */
#include "damage.h"

#include "tap.h"
#include "vision/image.h"

#include <stdlib.h>
#include <string.h>

enum { FEW_BYTES = 64 };

/* A copy that ends where its block ends, so that the sanitizer sees any read behind it. */
static uint8_t *exact_copy(const cs_buf *file, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, file->data, n);
    return copy;
}

/* Where the pixels of a PNG end at the latest: behind its last IDAT chunk; of a JPEG: behind its end marker. Of other
 * files: at their end. */
static size_t find_pixels_end(const cs_buf *file)
{
    const char *d = file->data;
    size_t end = file->len;
    if (memcmp(d, "\x89PNG", 4) == 0) {
        for (size_t at = 8; at + 8 <= file->len;) {
            const uint8_t *p = (const uint8_t *)d + at;
            size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
            at += length + 12;
            if (memcmp(p + 4, "IDAT", 4) == 0)
                end = at;
        }
    } else if (memcmp(d, "\xff\xd8", 2) == 0) {
        while (end > 2 && memcmp(d + end - 2, "\xff\xd9", 2) != 0)
            end--;
        if (end == 2) /* there is none */
            end = file->len;
    }
    return end;
}

void damage_cut(const char *name, const cs_buf *file, size_t may_differ)
{
    size_t accepted = 0, unexplained = 0, different = 0, shortest = file->len, end = find_pixels_end(file);
    cs_image whole = {0}, image = {0};
    cs_decoder decoder = {0};
    clipsearch_error err = {0};
    clipsearch_image_options options = {.max_bytes = CS_IMAGE_MAX_BYTES,
                                        .max_pixels = CS_IMAGE_MAX_PIXELS,
                                        .ignore_exif = true}; /* EXIF may be behind the cut */
    if (cs_decoder_decode(&decoder, file->data, file->len, "whole", &options, &whole, &err) != CLIPSEARCH_OK)
        TAP_OK(false, "%s", err.message);
    const size_t bytes = (size_t)whole.view.width * whole.view.height * 3;
    for (size_t n = 0; n < file->len; n++) {
        uint8_t *copy = exact_copy(file, n);
        err = (clipsearch_error){0};
        if (cs_decoder_decode(&decoder, copy, n, "cut", &options, &image, &err) == CLIPSEARCH_OK) {
            accepted++;
            shortest = n < shortest ? n : shortest;
            different += (size_t)image.view.width * image.view.height * 3 != bytes ||
                         memcmp(image.view.rgb, whole.view.rgb, bytes) != 0;
        } else {
            /* the first bytes may be too few to know the format by */
            const bool is_other = n < FEW_BYTES && err.code == CLIPSEARCH_E_UNSUPPORTED;
            unexplained += (err.code != CLIPSEARCH_E_FORMAT && !is_other) || strncmp(err.message, "cut: ", 5) != 0;
        }
        free(copy);
    }
    cs_decoder_free(&decoder);
    cs_image_free(&image);
    TAP_OK(different <= may_differ && unexplained == 0 && shortest <= end && accepted == file->len - shortest,
           "%s cut at each of its %zu bytes: %zu accepted, from byte %zu, %zu with other pixels", name, file->len,
           accepted, shortest, different);
    cs_image_free(&whole);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void damage_flip(const char *name, const cs_buf *file, int rounds)
{
    cs_image image = {0};
    cs_decoder decoder = {0};
    uint32_t seed = 2463534242u ^ (uint32_t)file->len;
    clipsearch_image_options options = {.max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = 1000000};
    int accepted = 0, wrong = 0;
    for (int round = 0; round < rounds; round++) {
        uint8_t *copy = exact_copy(file, file->len);
        for (uint32_t i = 0, n = 1 + next_random(&seed) % 4; i < n; i++)
            copy[next_random(&seed) % file->len] ^= (uint8_t)(1u << next_random(&seed) % 8);
        clipsearch_error err = {0};
        clipsearch_status status = cs_decoder_decode(&decoder, copy, file->len, "flipped", &options, &image, &err);
        accepted += status == CLIPSEARCH_OK;
        wrong += status != CLIPSEARCH_OK && status != CLIPSEARCH_E_FORMAT && status != CLIPSEARCH_E_LIMIT &&
                 status != CLIPSEARCH_E_UNSUPPORTED;
        free(copy);
    }
    cs_decoder_free(&decoder);
    cs_image_free(&image);
    TAP_OK(wrong == 0, "%s with bits flipped: %d of %d still an image", name, accepted, rounds);
}
