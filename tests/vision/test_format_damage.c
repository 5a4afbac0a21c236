/* SPDX-License-Identifier: MIT
 * test_format_damage.c - images of the formats beside JPEG and PNG, truncated at every byte, with bits flipped, and
 * with allocations that fail. */
#include "base/mem.h"
#include "damage.h"
#include "fixture.h"
#include "tap.h"
#include "vision/image.h"

#include <stdio.h>
#include <string.h>

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n >= m && strcmp(name + n - m, suffix) == 0;
}

static void damage(const fixture_format *f)
{
    cs_buf file;
    if (strcmp(f->by, "-") != 0) /* the next function's */
        return;
    fixture_read(f->path, &file);
    /* the last number of a file of numbers may lose digits */
    damage_cut(f->name, &file, ends_with(f->name, ".pnm") ? 2 : 0);
    damage_flip(f->name, &file, 100);
    cs_buf_free(&file);
}

/* Files that libvips reads: what it makes of damage is its affair, but it neither crashes nor ends the process, and an
 * error has words. */
static void damage_for_vips(const fixture_format *f)
{
    cs_buf file;
    cs_image image = {0};
    clipsearch_error err = {0};
    if (strcmp(f->by, "vips") != 0)
        return;
    fixture_read(f->path, &file);
    if (cs_image_decode(file.data, file.len, f->name, NULL, &image, &err) == CLIPSEARCH_E_UNSUPPORTED) {
        tap_skip(f->name, err.message);
    } else {
        damage_flip(f->name, &file, 20);
        size_t refused = 0, rounds = 0, wordless = 0;
        for (size_t n = 0; n < file.len; n += 1 + file.len / 40, rounds++) {
            err = (clipsearch_error){0};
            clipsearch_status status = cs_image_decode(file.data, n, "cut", NULL, &image, &err);
            refused += status != CLIPSEARCH_OK;
            wordless += status != CLIPSEARCH_OK && strlen(err.message) < 10;
        }
        TAP_OK(refused > 0 && wordless == 0, "%s cut at %zu places: %zu refused", f->name, rounds, refused);
    }
    cs_image_free(&image);
    cs_buf_free(&file);
}

/* Decode with the n-th allocation failing, for every n, from a cold start each time. */
static void fail_allocations(const char *path)
{
    cs_buf file;
    fixture_read(path, &file);
    uint64_t n = 1;
    int wrong = 0;
    for (clipsearch_status status = CLIPSEARCH_E_MEMORY; status != CLIPSEARCH_OK && n < 100; n++) {
        cs_image cold = {0};
        clipsearch_error err = {0};
        cs_mem_fail_at(n);
        status = cs_image_decode(file.data, file.len, path, NULL, &cold, &err);
        cs_mem_fail_at(0);
        wrong += status != CLIPSEARCH_OK && (status != CLIPSEARCH_E_MEMORY || err.code != CLIPSEARCH_E_MEMORY);
        cs_image_free(&cold);
    }
    TAP_OK(wrong == 0 && n > 2 && n < 100, "%s: each of %d allocations may fail", path, (int)n - 2);
    cs_buf_free(&file);
}

int main(void)
{
    fixture_formats(damage);
    fixture_formats(damage_for_vips);
    fail_allocations("../formats/interlaced.gif");
    fail_allocations("../formats/rle8.bmp");
    fail_allocations("../formats/555.bmp");
    fail_allocations("../formats/p1.pnm");
    fail_allocations("../formats/raw-profile-compressed.png");
    fail_allocations("../formats/xmp-compressed.png");
    return tap_done();
}
