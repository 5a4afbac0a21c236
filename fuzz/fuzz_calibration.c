/* SPDX-License-Identifier: MIT
 * fuzz_calibration.c - bytes as a calibration's file: unchanged, and again with a correct checksum, so that the code
 * after its check is reached. A calibration that was read gives relevance from 0 to 1, or NaN. */
#include "base/checksum.h"
#include "base/item_limits.h"
#include "base/mem.h"
#include "question/calibration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MOST = 1 << 20 };

static void read_and_use(int fd)
{
    static float query[CS_ITEM_DIM_MAX];
    char path[64];
    clipsearch_calibration *calibration = NULL;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (cs_calibration_read(path, &calibration, NULL) != CLIPSEARCH_OK)
        return;
    for (size_t d = 0; d < calibration->dim; d++)
        query[d] = (float)(d % 7) - 3;
    const double spread = cs_query_spread(calibration, query);
    for (size_t i = 0; i < calibration->images; i++) {
        const float *image = calibration->image + i * calibration->dim;
        const float relevance = cs_relevance(calibration, cs_standing(calibration, query, 1, spread, image));
        if (relevance < 0 || relevance > 1)
            abort();
    }
    cs_calibration_free(&calibration);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t summed = size > sizeof(uint64_t) ? size - sizeof(uint64_t) : 0;
    int fd = size <= SIZE_MOST ? memfd_create("calibration", MFD_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    if (write(fd, data, size) == (ssize_t)size)
        read_and_use(fd);
    uint8_t *copy = summed ? cs_alloc_array(summed, 1) : NULL;
    if (copy) {
        memcpy(copy, data, summed);
        const uint64_t sum = cs_checksum(copy, summed);
        if (pwrite(fd, &sum, sizeof sum, (off_t)summed) == (ssize_t)sizeof sum)
            read_and_use(fd);
    }
    cs_free(copy);
    close(fd);
    return 0;
}
