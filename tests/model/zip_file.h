/* SPDX-License-Identifier: MIT
 * zip_file.h - writes small zip archives, good ones to be spoilt. */
#ifndef TESTS_ZIP_FILE_H
#define TESTS_ZIP_FILE_H

#include "base/buf.h"

#include <stdint.h>
#include <string.h>

enum { ZIP_LOCAL_BYTES = 30, ZIP_CENTRAL_BYTES = 46, ZIP_END_BYTES = 22, ZIP_END64_BYTES = 56, ZIP_LOCATOR_BYTES = 20 };

typedef struct zip_file {
    cs_buf file, directory;
    size_t count, directory_at;
    bool zip64; /* the directory's numbers in their 64-bit fields only */
} zip_file;

static inline zip_file zip_file_make(bool zip64)
{
    return (zip_file){.file = cs_buf_make(SIZE_MAX / 2), .directory = cs_buf_make(SIZE_MAX / 2), .zip64 = zip64};
}

static inline void zip_put(cs_buf *buf, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++, value >>= 8)
        cs_buf_putc(buf, (char)value);
}

/* Add a stored entry. */
static inline void zip_file_add(zip_file *zip, const char *name, const void *data, size_t size)
{
    uint64_t at = zip->file.len, all_ones = UINT64_C(0xFFFFFFFF);
    cs_buf_puts(&zip->file, "PK\x03\x04");
    zip_put(&zip->file, 0, 14); /* version, flags, method, time, checksum */
    zip_put(&zip->file, size, 4);
    zip_put(&zip->file, size, 4);
    zip_put(&zip->file, strlen(name), 2);
    zip_put(&zip->file, 0, 2);
    cs_buf_puts(&zip->file, name);
    cs_buf_append(&zip->file, data, size);

    cs_buf_puts(&zip->directory, "PK\x01\x02");
    zip_put(&zip->directory, 0, 16);
    zip_put(&zip->directory, zip->zip64 ? all_ones : size, 4);
    zip_put(&zip->directory, zip->zip64 ? all_ones : size, 4);
    zip_put(&zip->directory, strlen(name), 2);
    zip_put(&zip->directory, zip->zip64 ? 28 : 0, 2);
    zip_put(&zip->directory, 0, 10); /* comment, part, attributes */
    zip_put(&zip->directory, zip->zip64 ? all_ones : at, 4);
    cs_buf_puts(&zip->directory, name);
    if (zip->zip64) {
        zip_put(&zip->directory, 1, 2);
        zip_put(&zip->directory, 24, 2);
        zip_put(&zip->directory, size, 8);
        zip_put(&zip->directory, size, 8);
        zip_put(&zip->directory, at, 8);
    }
    zip->count++;
}

/* Append the directory; zip->file is then complete. */
static inline void zip_file_end(zip_file *zip)
{
    cs_buf *file = &zip->file;
    size_t size = zip->directory.len, at = zip->directory_at = file->len;
    cs_buf_append(file, zip->directory.data, size);
    if (zip->zip64) {
        size_t end64_at = file->len;
        cs_buf_puts(file, "PK\x06\x06");
        zip_put(file, ZIP_END64_BYTES - 12, 8);
        zip_put(file, 0, 12); /* versions, parts */
        zip_put(file, zip->count, 8);
        zip_put(file, zip->count, 8);
        zip_put(file, size, 8);
        zip_put(file, at, 8);
        cs_buf_puts(file, "PK\x06\x07");
        zip_put(file, 0, 4);
        zip_put(file, end64_at, 8);
        zip_put(file, 1, 4);
    }
    cs_buf_puts(file, "PK\x05\x06");
    zip_put(file, 0, 4);
    zip_put(file, zip->zip64 ? 0xFFFF : zip->count, 2);
    zip_put(file, zip->zip64 ? 0xFFFF : zip->count, 2);
    zip_put(file, zip->zip64 ? UINT64_C(0xFFFFFFFF) : size, 4);
    zip_put(file, zip->zip64 ? UINT64_C(0xFFFFFFFF) : at, 4);
    zip_put(file, 0, 2);
}

static inline void zip_file_free(zip_file *zip)
{
    cs_buf_free(&zip->file);
    cs_buf_free(&zip->directory);
}

#endif
