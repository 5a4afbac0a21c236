/* SPDX-License-Identifier: MIT
 * fuzz_pickle.c - any bytes as the pickle of a PyTorch archive that is whole otherwise. */
#include "base/buf.h"
#include "weights_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STORAGES = 4, STORAGE_BYTES = 512, LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22 };

static void put(cs_buf *buf, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++, value >>= 8)
        cs_buf_putc(buf, (char)value);
}

/* Zeros, then the sizes at the places of the record's own. */
static void put_header(cs_buf *buf, const char *signature, int record, const char *name, size_t size, size_t local_at)
{
    bool central = record == CENTRAL_BYTES;
    cs_buf_append(buf, signature, 4);
    put(buf, 0, central ? 16 : 14); /* versions, flags, method 0 (stored), time, checksum */
    put(buf, size, 4);
    put(buf, size, 4);
    put(buf, strlen(name), 2);
    put(buf, 0, central ? 12 : 2); /* extra, comment, part, attributes */
    if (central)
        put(buf, local_at, 4);
    cs_buf_puts(buf, name);
}

/* Add an entry, and its line of the directory. */
static void put_entry(cs_buf *file, cs_buf *directory, const char *name, const void *data, size_t size)
{
    put_header(directory, "PK\x01\x02", CENTRAL_BYTES, name, size, file->len);
    put_header(file, "PK\x03\x04", LOCAL_BYTES, name, size, 0);
    cs_buf_append(file, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t storage[STORAGE_BYTES];
    char name[] = "w/data/0";
    cs_buf file = cs_buf_make(SIZE_MAX / 2), directory = cs_buf_make(SIZE_MAX / 2);
    put_entry(&file, &directory, "w/data.pkl", data, size);
    for (int i = 0; i < STORAGES; i++) {
        name[sizeof name - 2] = (char)('0' + i);
        put_entry(&file, &directory, name, storage, sizeof storage);
    }
    size_t directory_at = file.len;
    cs_buf_append(&file, directory.data, directory.len);
    cs_buf_append(&file, "PK\x05\x06\0\0\0\0", 8);
    put(&file, 1 + STORAGES, 2);
    put(&file, 1 + STORAGES, 2);
    put(&file, directory.len, 4);
    put(&file, directory_at, 4);
    put(&file, 0, 2);
    int result = check_weights((const uint8_t *)file.data, file.len);
    cs_buf_free(&file);
    cs_buf_free(&directory);
    return result;
}
