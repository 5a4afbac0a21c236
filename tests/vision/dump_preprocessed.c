/* SPDX-License-Identifier: MIT
 * dump_preprocessed.c - for tools/golden/compare_photos.py: file names on standard input, preprocessed bytes out.
 *
 * For each line: 4 bytes, the clipsearch_status in the machine's order, and when that is 0 the 224 x 224 x 3 bytes of
 * CLIP's crop before normalisation, EXIF ignored as the references do. */
#include "base/file.h"
#include "vision/preprocess.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    static const cs_preprocess_config clip = {CS_BICUBIC, 224, 224, {0, 0, 0}, {1, 1, 1}, false, false, false};
    clipsearch_image_options options = {
        .max_bytes = CS_IMAGE_MAX_BYTES, .max_pixels = CS_IMAGE_MAX_PIXELS, .ignore_exif = true};
    float *pixels = malloc(3 * 224 * 224 * sizeof *pixels);
    cs_decoder decoder = {0};
    cs_image image = {0};
    cs_preprocessor pre = {0};
    cs_buf file = cs_buf_make(CS_IMAGE_MAX_BYTES);
    char path[4096];
    while (pixels && fgets(path, sizeof path, stdin)) {
        clipsearch_error err = {0};
        path[strcspn(path, "\n")] = '\0';
        clipsearch_status status = cs_file_read(path, &file, NULL, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_decoder_decode(&decoder, file.data, file.len, path, &options, &image, &err);
        if (status == CLIPSEARCH_OK)
            status = cs_preprocess(&pre, &clip, &image.view, 1, pixels, &err);
        if (status != CLIPSEARCH_OK)
            fprintf(stderr, "%s\n", err.message);
        fwrite(&status, 4, 1, stdout);
        if (status == CLIPSEARCH_OK)
            fwrite(pre.cropped.view.rgb, 1, 3 * 224 * 224, stdout);
        fflush(stdout);
    }
    cs_buf_free(&file);
    cs_image_free(&image);
    cs_preprocessor_free(&pre);
    cs_decoder_free(&decoder);
    free(pixels);
    return 0;
}
