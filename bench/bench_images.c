/* SPDX-License-Identifier: MIT
 * bench_images.c - milliseconds to decode and to preprocess one image, one thread: bench_images [--fast] [--processor]
 * FILE... One JSON object a line; bench/images.py runs it beside Pillow and torchvision on the same files. --fast:
 * decoded as with `decode: fast`. --processor: of the processor's time, for a machine that others use too. */
#include "base/file.h"
#include "vision/preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 101 };
static const double BUDGET_MS = 3000; /* for one file; at least five samples whatever they take */

static const cs_preprocess_config clip = {
    CS_BICUBIC, 224,   224,  {0.48145466f, 0.4578275f, 0.40821073f}, {0.26862954f, 0.26130258f, 0.27577711f},
    false,      false, false};

static clockid_t used_clock = CLOCK_MONOTONIC;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(used_clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *samples, int count)
{
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    return samples[count / 2];
}

int main(int argc, char **argv)
{
    static float pixels[3 * 224 * 224];
    int first = 1;
    const bool fast = first < argc && strcmp(argv[first], "--fast") == 0;
    first += fast;
    if (first < argc && strcmp(argv[first], "--processor") == 0) {
        used_clock = CLOCK_PROCESS_CPUTIME_ID;
        first++;
    }
    cs_decoder decoder = {.least_side = fast ? 2 * 224 : 0};
    cs_preprocessor pre = {0};
    cs_image image = {0};
    clipsearch_error err = {0};
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf file = cs_buf_make(CS_IMAGE_MAX_BYTES);
    for (int i = first; i < argc && status == CLIPSEARCH_OK; i++) {
        double decode[SAMPLES], prepare[SAMPLES], begin = now_ms();
        int count = 0;
        status = cs_file_read(argv[i], &file, NULL, &err);
        while (status == CLIPSEARCH_OK && count < SAMPLES && (count < 5 || now_ms() - begin < BUDGET_MS)) {
            double start = now_ms();
            unsigned orientation;
            status = cs_decoder_decode_stored(&decoder, file.data, file.len, argv[i], NULL, &image, &orientation, &err);
            double middle = now_ms();
            if (status == CLIPSEARCH_OK)
                status = cs_preprocess(&pre, &clip, &image.view, orientation, pixels, &err);
            decode[count] = middle - start;
            prepare[count++] = now_ms() - middle;
        }
        if (status == CLIPSEARCH_OK)
            printf("{\"file\": \"%s\", \"width\": %u, \"height\": %u, \"decode_ms\": %.3f, \"preprocess_ms\": %.3f}\n",
                   cs_path_base(argv[i]), image.view.width, image.view.height, median(decode, count),
                   median(prepare, count));
    }
    if (status != CLIPSEARCH_OK)
        fprintf(stderr, "bench_images: %s\n", err.message);
    cs_buf_free(&file);
    cs_image_free(&image);
    cs_preprocessor_free(&pre);
    cs_decoder_free(&decoder);
    return status != CLIPSEARCH_OK;
}
