/* SPDX-License-Identifier: MIT
 * test_region.c - the region of a question's image: which pixels, and that its vector is that of the cut image. */
#include "encode/part_image.h"
#include "support/gallery.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clipsearch_error err;

static void is_pixels(clipsearch_region r, uint32_t width, uint32_t height, uint32_t x, uint32_t y, uint32_t w,
                      uint32_t h)
{
    uint32_t e[4];
    const bool good = cs_region_pixels(&r, width, height, "a.jpg", e, &err) == CLIPSEARCH_OK && e[0] == x &&
                      e[1] == y && e[2] == w && e[3] == h;
    if (!TAP_OK(good, "%g,%g,%g,%g%s of %u x %u", r.x, r.y, r.width, r.height, r.percent ? " %" : "", width, height))
        tap_note("%u,%u,%u,%u", e[0], e[1], e[2], e[3]);
}

static void is_outside(clipsearch_region r, uint32_t width, uint32_t height)
{
    uint32_t e[4];
    TAP_OK(cs_region_pixels(&r, width, height, "a.jpg", e, &err) == CLIPSEARCH_E_ARGUMENT &&
               strncmp(err.message, "a.jpg: the region ", 18) == 0,
           "%s", err.message);
}

static void test_pixels(void)
{
    is_pixels((clipsearch_region){0, 0, 800, 600, false}, 800, 600, 0, 0, 800, 600);
    is_pixels((clipsearch_region){799, 599, 1, 1, false}, 800, 600, 799, 599, 1, 1);
    is_pixels((clipsearch_region){0, 0, 100, 100, true}, 801, 3, 0, 0, 801, 3);
    is_pixels((clipsearch_region){10, 10, 50, 50, true}, 800, 600, 80, 60, 400, 300);
    is_pixels((clipsearch_region){10, 10, 50, 50, true}, 5, 5, 1, 1, 2, 2);
    is_pixels((clipsearch_region){99.99, 0, 0.01, 100, true}, 10, 10, 9, 0, 1, 10);
    is_pixels((clipsearch_region){0, 0, 0.001, 0.001, true}, 10, 10, 0, 0, 1, 1);
    is_pixels((clipsearch_region){33.3, 66.7, 66.7, 33.3, true}, 3, 3, 1, 2, 2, 1);
    is_pixels((clipsearch_region){0, 0, 100, 100, true}, 1, 1, 0, 0, 1, 1);
    is_outside((clipsearch_region){0, 0, 801, 600, false}, 800, 600);
    is_outside((clipsearch_region){1, 0, 800, 600, false}, 800, 600);
    is_outside((clipsearch_region){800, 0, 1, 1, false}, 800, 600);
    is_outside((clipsearch_region){-1, 0, 10, 10, false}, 800, 600);
    is_outside((clipsearch_region){0, 0, 0, 10, false}, 800, 600);
    is_outside((clipsearch_region){0, 0, 10.5, 10, false}, 800, 600);
    is_outside((clipsearch_region){0, NAN, 10, 10, false}, 800, 600);
    is_outside((clipsearch_region){0, 0, INFINITY, 10, false}, 800, 600);
    is_outside((clipsearch_region){0, 0, 1e300, 10, false}, 800, 600);
    is_outside((clipsearch_region){60, 0, 50, 100, true}, 800, 600);
    is_outside((clipsearch_region){0, 0, NAN, 100, true}, 800, 600);
    is_outside((clipsearch_region){0, 100.1, 1, 1, true}, 800, 600);
}

/* The vector of a region is that of an image that has only the region's pixels. */
static void test_vectors(gallery *g)
{
    enum { DIM = 512 };
    static float by_region[DIM], by_hand[DIM], whole[DIM], file[DIM];
    const char *path = gallery_example("white-dog-grass.jpg");
    const clipsearch_region region = {30, 50, 101, 77, false}, all = {0, 0, 100, 100, true}, dot = {5, 5, 1, 1, false};
    clipsearch_image image, cut = {.width = 101, .height = 77};
    uint8_t hash[32], again[32];
    if (clipsearch_image_load(path, NULL, &image, &err) != CLIPSEARCH_OK)
        abort();
    cut.rgb = malloc((size_t)3 * 101 * 77);
    for (size_t y = 0; y < 77; y++)
        memcpy(cut.rgb + y * 101 * 3, image.rgb + ((y + 50) * image.width + 30) * 3, (size_t)101 * 3);
    TAP_OK(clipsearch_encode_images(g->session, &cut, 1, by_hand, &err) == CLIPSEARCH_OK &&
               cs_session_encode_part(g->session, path, NULL, 0, &region, by_region, hash, &err) == CLIPSEARCH_OK &&
               memcmp(by_hand, by_region, sizeof by_hand) == 0,
           "a region: %s", err.message);
    TAP_OK(clipsearch_encode_file(g->session, path, file, &err) == CLIPSEARCH_OK &&
               cs_session_encode_part(g->session, path, NULL, 0, &all, whole, again, &err) == CLIPSEARCH_OK &&
               memcmp(whole, file, sizeof file) == 0 && memcmp(hash, again, sizeof hash) == 0,
           "all of the image as a region");
    TAP_OK(cs_session_encode_part(g->session, path, NULL, 0, NULL, whole, hash, &err) == CLIPSEARCH_OK &&
               memcmp(whole, file, sizeof file) == 0,
           "without a region");
    TAP_OK(cs_session_encode_part(g->session, path, NULL, 0, &dot, by_region, hash, &err) == CLIPSEARCH_OK &&
               isfinite(by_region[0]),
           "one pixel");
    free(cut.rgb);
    clipsearch_image_free(&image);
}

int main(void)
{
    gallery g;
    test_pixels();
    gallery_open(&g, false);
    test_vectors(&g);
    gallery_close(&g);
    return tap_done();
}
