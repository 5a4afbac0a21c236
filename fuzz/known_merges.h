/* SPDX-License-Identifier: MIT
 * known_merges.h - what the fuzz targets of vocabularies share. */
#ifndef FUZZ_KNOWN_MERGES_H
#define FUZZ_KNOWN_MERGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char known[] = "#version: 0.2\ni n\nt h\nth e</w>\n";

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A file in memory; its path goes to `path`, its descriptor is returned. */
static int file_of(const void *data, size_t size, char path[64])
{
    int fd = memfd_create("fuzz", 0);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
