/* SPDX-License-Identifier: MIT
 * sidecar.c - names of files of XMP, and reading them. */
#include "ingest/sidecar.h"

#include <string.h>
#include <strings.h>

static const char *const suffixes[] = {".xmp", ".XMP"};
enum { SUFFIXES = 2, SUFFIX_LENGTH = 4 };

bool cs_sidecar_path(const char *image, unsigned i, char path[PATH_MAX])
{
    size_t length = strlen(image);
    if (i >= SUFFIXES) { /* in place of the image's suffix */
        const char *base = cs_path_base(image), *dot = strrchr(base, '.');
        if (!dot || dot == base)
            return false;
        length = (size_t)(dot - image);
    }
    if (length + SUFFIX_LENGTH >= PATH_MAX)
        return false;
    memcpy(path, image, length);
    memcpy(path + length, suffixes[i % SUFFIXES], SUFFIX_LENGTH + 1);
    return true;
}

bool cs_is_sidecar_name(const char *name)
{
    const size_t length = strlen(name);
    return length > SUFFIX_LENGTH && strcasecmp(name + length - SUFFIX_LENGTH, suffixes[0]) == 0;
}

bool cs_sidecar_image(const char *path, char image[PATH_MAX])
{
    const size_t length = strlen(path);
    if (!cs_is_sidecar_name(path) || length >= PATH_MAX)
        return false;
    memcpy(image, path, length - SUFFIX_LENGTH);
    image[length - SUFFIX_LENGTH] = '\0';
    return strchr(cs_path_base(image), '.') != NULL;
}

int64_t cs_sidecar_time(int64_t image_ctime_ns, int64_t sidecar_ctime_ns)
{
    return (int64_t)(((uint64_t)image_ctime_ns + (uint64_t)sidecar_ctime_ns) & INT64_MAX);
}

clipsearch_status cs_sidecar_stat(const char *path, bool *found, int64_t *ctime_ns, clipsearch_error *err)
{
    cs_file_info info;
    clipsearch_error why;
    clipsearch_status status = cs_file_stat(path, &info, &why);
    *found = status == CLIPSEARCH_OK && info.is_regular;
    if (*found)
        *ctime_ns = info.ctime_ns;
    if (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_NOT_FOUND || !cs_is_machine_error(&why))
        return CLIPSEARCH_OK;
    if (err)
        *err = why;
    return status;
}

clipsearch_status cs_sidecar_read(const char *image, cs_buf *bytes, int64_t *ctime_ns, clipsearch_error *err)
{
    char path[PATH_MAX];
    bool found = false;
    clipsearch_error why;
    clipsearch_status status = CLIPSEARCH_OK;
    *ctime_ns = 0;
    cs_buf_clear(bytes);
    for (unsigned i = 0; i < CS_SIDECAR_NAMES && status == CLIPSEARCH_OK && !found; i++)
        if (cs_sidecar_path(image, i, path))
            status = cs_sidecar_stat(path, &found, ctime_ns, err);
    if (status != CLIPSEARCH_OK || !found)
        return status;
    cs_file_info info = {.ctime_ns = *ctime_ns};
    status = cs_file_read(path, bytes, &info, &why);
    *ctime_ns = info.ctime_ns;
    if (status == CLIPSEARCH_OK)
        return status;
    cs_buf_clear(bytes);
    if (status != CLIPSEARCH_E_MEMORY && !cs_is_machine_error(&why))
        return CLIPSEARCH_OK;
    if (err)
        *err = why;
    return status;
}
