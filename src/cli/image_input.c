/* SPDX-License-Identifier: MIT
 * image_input.c - reads images from standard input and FIFOs. */
#include "cli/image_input.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cs_is_stream(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode)));
}

/* -1 and an error. Opening a FIFO waits until someone writes into it. */
static int open_stream(const char *path, bool standard, clipsearch_error *err)
{
    if (standard && isatty(STDIN_FILENO)) {
        cs_fail(err, CLIPSEARCH_E_IO, "standard input is a terminal; pipe an image into it");
        return -1;
    }
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s", path);
    return fd;
}

clipsearch_status cs_read_image_stream(const char *path, uint64_t max, cs_buf *bytes, clipsearch_error *err)
{
    const bool standard = strcmp(path, "-") == 0;
    const char *name = cs_input_name(path);
    const int fd = open_stream(path, standard, err);
    *bytes = cs_buf_make(max < SIZE_MAX ? (size_t)max : SIZE_MAX - 1);
    if (fd < 0)
        return CLIPSEARCH_E_IO;
    clipsearch_status status = cs_descriptor_read(fd, name, bytes, err);
    if (status == CLIPSEARCH_OK && bytes->len == 0)
        status = cs_fail(err, CLIPSEARCH_E_FORMAT, "%s: no image came: it is empty, or has been read already", name);
    if (!standard)
        close(fd);
    return status;
}

clipsearch_status cs_load_image(const char *path, const clipsearch_image_options *options, clipsearch_image *image,
                                clipsearch_error *err)
{
    if (!cs_is_stream(path))
        return clipsearch_image_load(path, options, image, err);
    cs_buf bytes;
    clipsearch_status status = cs_read_image_stream(path, options->max_bytes, &bytes, err);
    if (status == CLIPSEARCH_OK)
        status = clipsearch_image_decode(bytes.data, bytes.len, cs_input_name(path), options, image, err);
    cs_buf_free(&bytes);
    return status;
}
