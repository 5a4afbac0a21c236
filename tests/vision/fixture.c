/* SPDX-License-Identifier: MIT
 * fixture.c - the fixtures under tests/data/pictures. */
#include "fixture.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fixture_read(const char *name, cs_buf *buf)
{
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    char path[4096];
    clipsearch_error err;
    snprintf(path, sizeof path, "%s/tests/data/pictures/%s", root ? root : ".", name);
    *buf = cs_buf_make(1 << 20);
    if (cs_file_read(path, buf, NULL, &err) != CLIPSEARCH_OK) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
}

void fixture_pattern(uint32_t width, uint32_t height, cs_image *image)
{
    if (cs_image_reserve(image, width, height, NULL) != CLIPSEARCH_OK) {
        printf("Bail out! out of memory\n");
        exit(1);
    }
    size_t n = (size_t)width * height * 3;
    for (size_t i = 0; i < n; i++) {
        uint32_t h = (uint32_t)i * UINT32_C(0x9e3779b1);
        h ^= h >> 15;
        h *= UINT32_C(0x85ebca77);
        h ^= h >> 13;
        image->view.rgb[i] = (uint8_t)h;
    }
}

void fixture_sum(const void *bytes, size_t n, char hex[65])
{
    uint8_t digest[CS_SHA256_BYTES];
    cs_digest_of(CS_SHA256, bytes, n, digest, NULL);
    cs_digest_hex(digest, sizeof digest, hex);
}

void fixture_list(void (*each)(const char *image, const char *ppm, bool exif))
{
    cs_buf list;
    fixture_read("list.txt", &list);
    for (char *line = strtok(list.data, "\n"); line; line = strtok(NULL, "\n")) {
        char image[128], ppm[128], mode[8];
        if (sscanf(line, "%127s %127s %7s", image, ppm, mode) == 3)
            each(image, ppm, strcmp(mode, "exif") == 0);
    }
    cs_buf_free(&list);
}

void fixture_formats(void (*each)(const fixture_format *image))
{
    cs_buf list;
    fixture_read("../formats/list.txt", &list);
    for (char *line = strtok(list.data, "\n"); line; line = strtok(NULL, "\n")) {
        fixture_format image = {0};
        char name[128], mode[8], want[128], mean[16];
        if (sscanf(line, "%127s %7s %15s %u %u %u %15s %127s", name, mode, image.by, &image.width, &image.height,
                   &image.most, mean, want) != 8 ||
            !cs_read_double(mean, &image.mean)) {
            printf("Bail out! %s\n", line);
            exit(1);
        }
        snprintf(image.path, sizeof image.path, "../formats/%s", name);
        snprintf(image.want, sizeof image.want, "%s%s", image.most ? "../formats/" : "", want);
        image.name = strrchr(image.path, '/') + 1;
        image.exif = strcmp(mode, "exif") == 0;
        each(&image);
    }
    cs_buf_free(&list);
}
