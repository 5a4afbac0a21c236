/* SPDX-License-Identifier: MIT
 * test_mobilenet.c - the real MobileNetV2 on the inputs that come with its weights, against float64:
 * test_mobilenet MODEL INPUTS EXPECTED. */
#include "base/file.h"
#include "base/mem.h"
#include "tap.h"
#include "vision/tower.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3, PIXELS = 3 * 224 * 224 };
static const double TOLERANCE = 1e-4; /* of the largest feature */

/* The numbers are the file's last ones. */
static bool read_input(const char *root, int number, float *pixels)
{
    char path[4096];
    cs_buf file = cs_buf_make(1 << 24);
    snprintf(path, sizeof path, "%s/%d/input_0.npy", root, number);
    bool good = cs_file_read(path, &file, NULL, NULL) == CLIPSEARCH_OK && file.len > PIXELS * sizeof *pixels;
    if (good)
        memcpy(pixels, file.data + file.len - PIXELS * sizeof *pixels, PIXELS * sizeof *pixels);
    cs_buf_free(&file);
    return good;
}

static void compare(const cs_weights *expected, int number, const float *got, size_t dim)
{
    char name[32];
    const cs_tensor *tensor;
    clipsearch_error err = {0};
    snprintf(name, sizeof name, "feature.%d", number);
    if (!TAP_OK(cs_weights_get(expected, name, 2, (size_t[]){1, dim}, &tensor, &err) == CLIPSEARCH_OK, "%s is there %s",
                name, err.message))
        return;
    double worst = 0, largest = 0;
    for (size_t i = 0; i < dim; i++) {
        float want;
        memcpy(&want, (const char *)tensor->data + i * sizeof want, sizeof want);
        worst = fmax(worst, fabs((double)got[i] - want));
        largest = fmax(largest, fabs((double)want));
    }
    TAP_OK(worst <= TOLERANCE * largest, "%s: max abs %.1e of %.1f", name, worst, largest);
}

int main(int argc, char **argv)
{
    cs_model_dir dir;
    cs_weights *weights = NULL, *expected = NULL;
    cs_image_tower *tower = NULL;
    clipsearch_error err = {0};
    if (argc != 4)
        return 2;
    bool opened = cs_model_dir_open(argv[1], &dir, &weights, &err) == CLIPSEARCH_OK;
    TAP_OK(opened && strcmp(cs_model_architecture(&dir), "mobilenet-v2") == 0 && cs_model_dim(&dir) == 1280,
           "the model opens %s", err.message);
    if (!opened)
        return tap_done();
    dir.image.normalise = false; /* as the expected features are */
    float *pixels = cs_alloc_aligned(INPUTS * PIXELS, sizeof *pixels), *vectors = cs_alloc_array(INPUTS * 1280, 4);
    bool good = pixels && vectors && cs_weights_open(argv[3], &expected, &err) == CLIPSEARCH_OK &&
                cs_image_tower_open(&dir, weights, true, NULL, &tower, &err) == CLIPSEARCH_OK;
    for (int i = 0; i < INPUTS; i++)
        good = good && read_input(argv[2], i, pixels + (size_t)i * PIXELS);
    if (TAP_OK(good, "the tower opens, and the inputs are read %s", err.message)) {
        void *scratch = cs_alloc_aligned(cs_image_tower_scratch(tower, INPUTS, 1), 1);
        cs_image_tower_forward(tower, pixels, INPUTS, scratch, NULL, NULL, vectors);
        for (int i = 0; i < INPUTS; i++)
            compare(expected, i, vectors + (size_t)i * 1280, 1280);
        cs_free(scratch);
    }
    cs_free(pixels);
    cs_free(vectors);
    cs_image_tower_close(&tower);
    cs_weights_close(&expected);
    cs_weights_close(&weights);
    cs_model_dir_free(&dir);
    return tap_done();
}
