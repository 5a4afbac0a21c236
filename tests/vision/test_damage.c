/* SPDX-License-Identifier: MIT
 * test_damage.c - JPEG and PNG truncated at every byte, with bits flipped, and with allocations that fail: an error
 * value or an image, never a crash. The sanitizers' build makes this strict. */
#include "base/mem.h"
#include "damage.h"
#include "fixture.h"
#include "tap.h"
#include "vision/preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cs_decoder decoder;
static cs_image image;

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
    damage_cut(name, &file, 0);
    damage_flip(name, &file, 200);
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
