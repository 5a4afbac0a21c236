/* SPDX-License-Identifier: MIT
 * test_damage.c - every fixture truncated at every byte, with bits flipped, and with allocations that fail: an
 * error value or an image, never a crash. The sanitizers' build makes this strict. */
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"
#include "vision/preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cs_decoder decoder;
static cs_image image;

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

/* Cut short anywhere, a file is refused, or it has every pixel of the whole one. */
static void cut_everywhere(const char *name, const cs_buf *file)
{
    size_t accepted = 0, unexplained = 0, different = 0, shortest = file->len, end = find_pixels_end(file);
    cs_image whole = {0};
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
        } else if (err.code != CLIPSEARCH_E_FORMAT || strncmp(err.message, "cut: ", 5) != 0) {
            unexplained++;
        }
        free(copy);
    }
    TAP_OK(different == 0 && unexplained == 0 && shortest <= end && accepted == file->len - shortest,
           "%s cut at each of its %zu bytes: %zu accepted, from byte %zu, all with all pixels", name, file->len,
           accepted, shortest);
    cs_image_free(&whole);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void flip_bytes(const char *name, const cs_buf *file)
{
    uint32_t seed = 2463534242u ^ (uint32_t)file->len;
    clipsearch_image_options options = {.max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = 1000000};
    int accepted = 0, wrong = 0, rounds = 200;
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
    TAP_OK(wrong == 0, "%s with bits flipped: %d of %d still an image", name, accepted, rounds);
}

static void damage(const char *name, const char *ppm, bool exif)
{
    static char last[128];
    (void)ppm;
    (void)exif;
    if (strcmp(name, last) == 0) /* an image listed twice is damaged once */
        return;
    snprintf(last, sizeof last, "%s", name);
    cs_buf file;
    fixture_read(name, &file);
    cut_everywhere(name, &file);
    flip_bytes(name, &file);
    cs_buf_free(&file);
}

/* Decode and preprocess with the n-th allocation failing, for every n, from a cold start each time. */
static void fail_allocations(const char *name)
{
    cs_buf file;
    fixture_read(name, &file);
    cs_preprocess_config config = {CS_BICUBIC, 32, 32, {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}, false, false, false};
    float *pixels = malloc(3 * 32 * 32 * sizeof *pixels);
    uint64_t n = 1;
    int wrong = 0;
    for (clipsearch_status status = CLIPSEARCH_E_MEMORY; status != CLIPSEARCH_OK && n < 100; n++) {
        cs_image cold = {0};
        cs_preprocessor pre = {0};
        clipsearch_error err = {0};
        cs_mem_fail_at(n);
        status = cs_image_decode(file.data, file.len, name, NULL, &cold, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_preprocess(&pre, &config, &cold.view, 1, pixels, &err);
        cs_mem_fail_at(0);
        wrong += status != CLIPSEARCH_OK && (status != CLIPSEARCH_E_MEMORY || err.code != CLIPSEARCH_E_MEMORY);
        cs_preprocessor_free(&pre);
        cs_image_free(&cold);
    }
    TAP_OK(wrong == 0 && n > 3 && n < 100, "%s: each of %d allocations may fail", name, (int)n - 2);
    free(pixels);
    cs_buf_free(&file);
}

/* Where `bytes` first stand in a file from `from` on. */
static size_t find(const cs_buf *file, const char *bytes, size_t n, size_t from)
{
    while (from + n < file->len && memcmp(file->data + from, bytes, n) != 0)
        from++;
    return from;
}

/* More scans than any encoder writes, each costing a pass over the whole image. */
static void test_scan_bomb(void)
{
    cs_buf file, bomb = cs_buf_make(1 << 20);
    clipsearch_error err = {0};
    fixture_read("grey-progressive.jpg", &file);
    size_t scan = 0, end = file.len - 2;
    for (size_t at = 0; at < end; at = find(&file, "\xff\xda", 2, at + 1))
        scan = at; /* the last scan, a refinement: it may come again and again */
    cs_buf_append(&bomb, file.data, end);
    for (int i = 0; i < 600; i++)
        cs_buf_append(&bomb, file.data + scan, end - scan);
    cs_buf_append(&bomb, "\xff\xd9", 2);
    TAP_OK(cs_decoder_decode(&decoder, bomb.data, bomb.len, "bomb.jpg", NULL, &image, &err) == CLIPSEARCH_E_FORMAT,
           "600 more scans are refused: %s", err.message);
    cs_buf_free(&bomb);
    cs_buf_free(&file);
}

/* An error that comes behind a warning is an error all the same: what the library leaves is not an image. */
static void test_error_behind_warning(void)
{
    cs_buf file, spoilt = cs_buf_make(1 << 20);
    clipsearch_error err = {0};
    fixture_read("grey-progressive.jpg", &file);
    size_t frame = find(&file, "\xff\xc2", 2, 0);
    size_t table = find(&file, "\xff\xc4", 2, find(&file, "\xff\xda", 2, 0)); /* the second scan's Huffman table */
    memset(file.data + table + 5, 0xff, 3);                                   /* of more codes than there can be */
    cs_buf_append(&spoilt, file.data, frame);
    cs_buf_append(&spoilt, "\x12\x34", 2); /* between two segments: a warning */
    cs_buf_append(&spoilt, file.data + frame, file.len - frame);
    TAP_OK(cs_decoder_decode(&decoder, spoilt.data, spoilt.len, "a.jpg", NULL, &image, &err) == CLIPSEARCH_E_FORMAT,
           "an error behind a warning: %s", err.message);
    cs_buf_free(&spoilt);
    cs_buf_free(&file);
}

/* As in Pillow: a wrong checksum of the pixels does not matter, one of the header does. */
static void test_broken_checksum(void)
{
    cs_buf file;
    clipsearch_error err = {0};
    cs_image whole = {0};
    fixture_read("rgb-8.png", &file);
    bool decoded = cs_decoder_decode(&decoder, file.data, file.len, "a.png", NULL, &whole, &err) == CLIPSEARCH_OK;
    file.data[file.len - 13] ^= 1; /* the last byte of the IDAT chunk's checksum: 12 bytes of IEND follow */
    decoded = decoded && cs_decoder_decode(&decoder, file.data, file.len, "a.png", NULL, &image, &err) == CLIPSEARCH_OK;
    TAP_OK(decoded && memcmp(image.view.rgb, whole.view.rgb, (size_t)29 * 23 * 3) == 0,
           "a wrong checksum of the pixels is not compared%s", err.message);
    file.data[file.len - 13] ^= 1;
    file.data[29] ^= 1;
    TAP_OK(cs_decoder_decode(&decoder, file.data, file.len, "a.png", NULL, &image, &err) == CLIPSEARCH_E_FORMAT,
           "one of the header is: %s", err.message);
    cs_image_free(&whole);
    cs_buf_free(&file);
}

int main(void)
{
    fixture_list(damage);
    fail_allocations("orientation-6.jpg");
    fail_allocations("cmyk-adobe.jpg");
    fail_allocations("palette-4-interlaced.png");
    fail_allocations("exif-behind.png");
    test_scan_bomb();
    test_error_behind_warning();
    test_broken_checksum();
    cs_image_free(&image);
    cs_decoder_free(&decoder);
    return tap_done();
}
