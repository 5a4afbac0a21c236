/* SPDX-License-Identifier: MIT
 * test_weights.c - safetensors files: real ones read right, hostile ones refused with their reason. */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/weights.h"
#include "tap.h"
#include "tensor_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A safetensors file in a block of exactly its size: `length` (or the header's own when negative), header, `data`
 * bytes of zeros. */
static char *make_file(const char *header, int64_t length, size_t data, size_t *size)
{
    size_t n = strlen(header);
    uint64_t stated = length < 0 ? n : (uint64_t)length;
    *size = 8 + n + data;
    char *file = cs_zalloc_array(*size, 1);
    for (int i = 0; i < 8; i++)
        file[i] = (char)(stated >> (8 * i));
    memcpy(file + 8, header, n);
    return file;
}

static clipsearch_status open_bytes(const char *bytes, size_t size, clipsearch_error *err)
{
    char *exact = cs_alloc_array(size, 1); /* so that the sanitizer sees a read past the end */
    if (size)
        memcpy(exact, bytes, size);
    cs_weights *weights = (cs_weights *)exact;
    clipsearch_status status = cs_weights_open_memory(exact, size, "w", &weights, err);
    if (status != CLIPSEARCH_OK && weights != NULL)
        status = CLIPSEARCH_OK; /* a failure must set the handle to NULL: let the test fail */
    cs_weights_close(&weights);
    cs_free(exact);
    return status;
}

static const struct {
    const char *header;
    int64_t length; /* as stated in the file; -1: the header's own */
    size_t data;
    const char *message; /* a part of it */
} hostile[] = {
    /* the header's length */
    {"{}", 3, 0, "byte 0: a header of 3 bytes, but the file has 10"},
    {"{}", 1000, 0, "byte 0: a header of 1000 bytes"},
    {"{}", 100000001, 0, "byte 0: a header of 100000001 bytes, more than the limit"},
    {"{}", INT64_MAX, 0, "more than the limit of 100000000"},
    /* its JSON */
    {"{", -1, 0, "safetensors header: byte 1: "},
    {"{\"a\":}", -1, 0, "safetensors header: byte 5: "},
    {"{}x", -1, 0, "safetensors header: byte 2: there is more text"},
    {"{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -1, 0, "nested deeper"},
    {"{\"\xFF\":1}", -1, 0, "broken UTF-8"},
    {"{\"a\":1}", -1, 0, "byte 13: the tensor \"a\": expected an object"},
    {"{\"a\\u0000b\":{}}", -1, 0, "NUL"},
    /* names */
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_"
     "offsets\":["
     "1,2]}}",
     -1, 2, "the key \"a\" appears twice"},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", -1, 1, "the key \"dtype\""},
    /* dtype */
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "the tensor \"a\": dtype wants a string"},
    {"{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "byte 22: the tensor \"a\": dtype wants"},
    {"{\"a\":{\"dtype\":\"F128\",\"shape\":[1],\"data_offsets\":[0,16]}}", -1, 16, "unknown dtype \"F128\""},
    {"{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "unknown dtype \"f32\""},
    {"{\"a\":{\"dtype\":\"F32\\u0000\",\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 4, "unknown dtype"},
    /* shape */
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", -1, 4, "shape wants an array"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}}", -1, 4, "shape wants an array"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", -1, 4, "9 dimensions"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", -1, 4, "a dimension wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", -1, 4, "a dimension wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", -1, 4, "a dimension wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", -1, 4, "a dimension wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[null],\"data_offsets\":[0,4]}}", -1, 4, "a dimension wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", -1, 4, "a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776,1099511627776],\"data_offsets\":[0,0]}}", -1, 0, "overflows"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", -1, 0, "overflows"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", -1, 0, "overflows"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", -1, 0, "overflows"},
    {"{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", -1, 1, "do not fill whole bytes"},
    /* offsets */
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", -1, 4, "data_offsets wants an array of two"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", -1, 4, "data_offsets wants an array of two"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", -1, 4, "data_offsets wants an array of two"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", -1, 4, "an offset wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.5]}}", -1, 4, "an offset wants a whole number"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", -1, 4, "its end lies before its beginning"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", -1, 3,
     "ends at data byte 4, but the file has 3"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[9223372036854775800,9223372036854775804]}}", -1, 4,
     "but the file has 4"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", -1, 4,
     "the tensor \"a\" has 4 bytes, but its shape [2] of F32 takes 8"},
    {"{\"a\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,0]}}", -1, 0, "its shape [] of F16 takes 2"},
    /* cover */
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
     "offsets\":["
     "1,3]}}",
     -1, 3, "the tensor \"b\" overlaps the one before it"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
     "offsets\":["
     "0,2]}}",
     -1, 2, "overlaps the one before it"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
     "offsets\":["
     "3,5]}}",
     -1, 5, "the tensor \"b\" leaves a hole before it"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", -1, 3, "leaves a hole before it"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]}}", -1, 1, "leaves a hole before it"},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", -1, 5, "3 bytes after the last tensor"},
    {"{}", -1, 1, "1 bytes after the last tensor"},
};

static void test_hostile(void)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        size_t size;
        char *file = make_file(hostile[i].header, hostile[i].length, hostile[i].data, &size);
        clipsearch_error err = {0};
        clipsearch_status status = open_bytes(file, size, &err);
        TAP_OK(status == CLIPSEARCH_E_MODEL && err.code == status && strncmp(err.message, "w: ", 3) == 0 &&
                   strstr(err.message, hostile[i].message),
               "hostile file %zu: %s", i, err.message);
        cs_free(file);
    }
}

static void test_allowed(void)
{
    static const struct {
        const char *header;
        size_t data;
    } files[] = {
        {"{}", 0},
        {"{}      ", 0},
        {"{\"__metadata__\":{\"format\":\"pt\"}}", 0},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}}", 0},
        {"{\"a\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,2]}}", 2},
        {"{\"z\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
         "offsets\":["
         "2,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
         4},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,2],\"data_offsets\":[0,2],\"later\":null}}", 2},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size;
        char *file = make_file(files[i].header, -1, files[i].data, &size);
        clipsearch_error err = {0};
        TAP_OK(open_bytes(file, size, &err) == CLIPSEARCH_OK, "allowed file %zu: %s", i, err.message);
        cs_free(file);
    }
}

/* Every prefix of a good file, and every byte of it changed: refused or read, but never worse. */
static void test_damage(void)
{
    size_t size;
    char *file = make_file(
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]},\"b\":{\"dtype\":\"I64\",\"shape\":"
        "[1],\"data_offsets\":[12,20]}}",
        -1, 20, &size);
    bool refused = true;
    for (size_t n = 0; n < size; n++)
        refused = refused && open_bytes(file, n, NULL) == CLIPSEARCH_E_MODEL;
    TAP_OK(refused, "every prefix of a file is refused");
    int accepted = 0;
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            file[i] = (char)(file[i] ^ 1 << bit);
            accepted += open_bytes(file, size, NULL) == CLIPSEARCH_OK;
            file[i] = (char)(file[i] ^ 1 << bit);
        }
    TAP_OK(accepted >= 20 * 8 && accepted < (int)size * 8, "every flipped bit is survived (%d of %zu harmless)",
           accepted, size * 8);
    cs_free(file);
}

static void test_other_containers(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        clipsearch_status status;
        const char *message;
    } files[] = {
        {"PK\x03\x04\x00\x00\x08\x08\x00\x00", 10, CLIPSEARCH_E_MODEL, "without the directory at its end"},
        {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15, CLIPSEARCH_E_MODEL,
         "byte 15: pickle: it ends in the middle"},
        {"\x80\x02}q\x00(X\x01\x00\x00\x00", 11, CLIPSEARCH_E_UNSUPPORTED, "a Python pickle"},
        {"GGUF\x03\x00\x00\x00\x00\x00", 10, CLIPSEARCH_E_UNSUPPORTED, "a GGUF file"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", 57, CLIPSEARCH_E_MODEL, "git lfs pull"},
        {"<!DOCTYPE html>", 15, CLIPSEARCH_E_MODEL, "byte 8, where its header begins, is 0x45"},
        {"", 0, CLIPSEARCH_E_MODEL, "0 bytes, too short"},
        {"\x02\0\0\0\0\0\0\0", 8, CLIPSEARCH_E_MODEL, "8 bytes, too short"},
        {"\x02\0\0\0\0\0\0\0{", 9, CLIPSEARCH_E_MODEL, "a header of 2 bytes, but the file has 9"},
        {"\x02\0\0\0\0\0\0\0[]", 10, CLIPSEARCH_E_MODEL, "is 0x5b"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        clipsearch_error err = {0};
        clipsearch_status status = open_bytes(files[i].bytes, files[i].size, &err);
        TAP_OK(status == files[i].status && strstr(err.message, files[i].message), "other file %zu: %s", i,
               err.message);
    }
    char tar[512] = "sys_info";
    memcpy(tar + 257, "ustar", 5);
    clipsearch_error err = {0};
    TAP_OK(open_bytes(tar, sizeof tar, &err) == CLIPSEARCH_E_UNSUPPORTED &&
               strstr(err.message, "before version 0.1.10"),
           "%s", err.message);
    /* a header of 640 bytes begins like a pickle but is not one */
    char header[641];
    memset(header, ' ', 640);
    memcpy(header, "{}", 2);
    header[640] = '\0';
    size_t size;
    char *file = make_file(header, -1, 0, &size);
    TAP_OK(memcmp(file, "\x80\x02", 2) == 0 && open_bytes(file, size, NULL) == CLIPSEARCH_OK,
           "a header length that looks like a pickle's magic");
    cs_free(file);
}

/* One line of values.txt: name, stored type, shape, then bits of the first values, each after a tab. */
static void check_line(const cs_weights *weights, char *line)
{
    char *rest = line, *name = strsep(&rest, "\t"), *stored = strsep(&rest, "\t"), *shape = strsep(&rest, "\t");
    const cs_tensor *tensor = cs_weights_find(weights, name);
    if (!TAP_OK(tensor && strcmp(tensor->stored, stored) == 0, "%s: there, stored as %s", name, stored))
        return;
    char found[100] = "";
    for (int i = 0, at = 0; i < tensor->rank; i++)
        at += snprintf(found + at, sizeof found - (size_t)at, i ? "x%zu" : "%zu", tensor->shape[i]);
    TAP_OK(strcmp(tensor->rank ? found : "scalar", shape) == 0, "%s: shape %s", name, shape);
    bool is_float = strcmp(stored, "F32") == 0 || strcmp(stored, "F16") == 0 || strcmp(stored, "BF16") == 0;
    TAP_OK(tensor->is_float == is_float, "%s: %s", name, is_float ? "is computed with" : "is kept by name only");
    bool same = true;
    size_t n = 0;
    for (char *bits; rest && (bits = strsep(&rest, "\t")); n++) {
        float value = n < tensor->count ? tensor_value(tensor->dtype, tensor->data, n) : NAN;
        uint32_t have;
        memcpy(&have, &value, sizeof have);
        same = same && have == strtoul(bits, NULL, 16);
    }
    TAP_OK(same && (!is_float || n == (tensor->count < 8 ? tensor->count : 8)), "%s: %zu values", name, n);
}

static void test_real_file(void)
{
    clipsearch_error err = {0};
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    char *path = cs_path_join(root ? root : ".", "tests/model/data/safetensors/types.safetensors");
    char *values = cs_path_join(root ? root : ".", "tests/model/data/safetensors/values.txt");
    cs_weights *weights;
    cs_buf text = cs_buf_make(1 << 20);
    if (!TAP_OK(cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK, "a file of the safetensors package: %s",
                err.message) ||
        !TAP_OK(cs_file_read(values, &text, NULL, &err) == CLIPSEARCH_OK, "what is in it: %s", err.message))
        goto done;
    TAP_OK(cs_weights_count(weights) == 12 && strcmp(cs_weights_path(weights), path) == 0, "count and path");
    bool ordered = true;
    for (size_t i = 1; i < cs_weights_count(weights); i++)
        ordered = ordered && strcmp(cs_weights_at(weights, i - 1)->name, cs_weights_at(weights, i)->name) < 0;
    TAP_OK(ordered, "ascending by name");
    char *rest = text.data, *line = strsep(&rest, "\n");
    char hex[65];
    cs_weights_fingerprint(weights, hex, NULL);
    TAP_OK(strcmp(strchr(line, '\t') + 1, hex) == 0, "fingerprint %s", hex);
    while ((line = strsep(&rest, "\n")) && *line)
        check_line(weights, line);

    const cs_tensor *tensor;
    TAP_OK(!cs_weights_find(weights, "f3") && !cs_weights_find(weights, "f322") &&
               !cs_weights_find(weights, "__metadata__"),
           "tensors that are not there");
    TAP_OK(cs_weights_get(weights, "f16", 3, (size_t[]){2, 3, 4}, &tensor, &err) == CLIPSEARCH_OK &&
               tensor->count == 24,
           "a tensor of the expected shape");
    TAP_OK(cs_weights_get(weights, "scalar", 0, NULL, &tensor, &err) == CLIPSEARCH_OK && tensor->count == 1,
           "a scalar");
    TAP_OK(cs_weights_get(weights, "f16", 3, (size_t[]){2, 4, 3}, &tensor, &err) == CLIPSEARCH_E_MODEL && !tensor &&
               strstr(err.message, path) && strstr(err.message, "\"f16\" is of shape [2, 3, 4], expected [2, 4, 3]"),
           "another shape: %s", err.message);
    TAP_OK(cs_weights_get(weights, "f16", 2, (size_t[]){2, 3}, &tensor, &err) == CLIPSEARCH_E_MODEL, "another rank: %s",
           err.message);
    TAP_OK(cs_weights_get(weights, "none", 1, (size_t[]){1}, &tensor, &err) == CLIPSEARCH_E_MODEL &&
               strstr(err.message, "\"none\", expected of shape [1], is not there"),
           "a missing tensor: %s", err.message);
    TAP_OK(cs_weights_get(weights, "i64", 2, (size_t[]){1, 9}, &tensor, &err) == CLIPSEARCH_E_MODEL &&
               strstr(err.message, "stored as I64, expected F32, F16 or BF16"),
           "integers are no weights: %s", err.message);
    TAP_OK(cs_weights_get(weights, "f64", 1, (size_t[]){2}, &tensor, &err) == CLIPSEARCH_E_MODEL, "nor doubles: %s",
           err.message);
done:
    cs_weights_close(&weights);
    cs_buf_free(&text);
    cs_free(path);
    cs_free(values);
}

/* What changes the fingerprint, and what does not. */
static void test_fingerprint(void)
{
    static const char *const headers[] = {
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[25],\"data_offsets\":[0,100]}}",
        "{\"b\":{\"dtype\":\"F32\",\"shape\":[25],\"data_offsets\":[0,100]}}",
        "{\"a\":{\"dtype\":\"I32\",\"shape\":[25],\"data_offsets\":[0,100]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[5,5],\"data_offsets\":[0,100]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[25,1],\"data_offsets\":[0,100]}}",
    };
    char hex[8][65];
    for (size_t i = 0; i < 8; i++) {
        size_t size;
        char *file = make_file(headers[i < 5 ? i : 0], -1, 100, &size);
        if (i == 5)
            file[size - 100 + 18] = 1; /* the first byte of the sample */
        if (i == 6)
            file[size - 100 + 81] = 1; /* its last */
        if (i == 7)
            file[size - 100 + 17] = 1; /* the byte before it */
        cs_weights *weights;
        if (cs_weights_open_memory(file, size, "w", &weights, NULL) == CLIPSEARCH_OK)
            cs_weights_fingerprint(weights, hex[i], NULL);
        cs_weights_close(&weights);
        cs_free(file);
    }
    bool different = true;
    for (size_t i = 0; i < 7; i++)
        for (size_t j = 0; j < i; j++)
            different = different && strcmp(hex[i], hex[j]) != 0;
    TAP_OK(different, "name, type, shape and sampled bytes all count");
    TAP_OK(strcmp(hex[7], hex[0]) == 0, "bytes outside the sample do not");
}

static void test_missing(void)
{
    clipsearch_error err = {0};
    cs_weights *weights;
    TAP_OK(cs_weights_open("/nonexistent/model.safetensors", &weights, &err) == CLIPSEARCH_E_NOT_FOUND && !weights,
           "missing: %s", err.message);
    TAP_OK(cs_weights_open("/", &weights, &err) == CLIPSEARCH_E_IO && !weights, "a directory: %s", err.message);
}

/* A file of 600 MB that is one large hole: opening must read its header only. */
static void test_lazy(void)
{
    char path[] = "/tmp/clipsearch-test-XXXXXX";
    int fd = mkstemp(path);
    const size_t data = (size_t)600 << 20;
    size_t head;
    char *file =
        make_file("{\"w\":{\"dtype\":\"F32\",\"shape\":[157286400],\"data_offsets\":[0,629145600]}}", -1, 0, &head);
    if (!TAP_OK(fd >= 0 && write(fd, file, head) == (ssize_t)head && ftruncate(fd, (off_t)(head + data)) == 0,
                "a sparse file of 600 MB"))
        goto done;
    clipsearch_error err = {0};
    cs_weights *weights;
    if (TAP_OK(cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK, "opens: %s", err.message)) {
        char hex[65];
        cs_weights_fingerprint(weights, hex, NULL);
        size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (head + data + page - 1) / page, resident = 0;
        unsigned char *there = cs_zalloc_array(pages, 1);
        uintptr_t start = ((uintptr_t)cs_weights_at(weights, 0)->data - head) / page * page;
        if (mincore((void *)start, head + data, there) == 0) {
            for (size_t i = 0; i < pages; i++)
                resident += there[i] & 1;
            /* the header, the sample in the middle, and what the kernel reads ahead around each */
            TAP_OK(resident * page <= (size_t)32 << 20, "%zu of %zu pages are in memory", resident, pages);
        } else {
            tap_skip("pages in memory", "mincore is not to be had");
        }
        cs_free(there);
        cs_weights_close(&weights);
    }
done:
    cs_free(file);
    if (fd >= 0)
        close(fd);
    unlink(path);
}

static void test_memory(void)
{
    size_t size;
    char *file = make_file(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
        "\"data_offsets\":[4,8]}}",
        -1, 8, &size);
    uint64_t before = cs_mem_count();
    cs_weights *weights;
    clipsearch_error err;
    TAP_OK(cs_weights_open_memory(file, size, "w", &weights, &err) == CLIPSEARCH_OK, "opens");
    cs_weights_close(&weights);
    uint64_t allocations = cs_mem_count() - before;
    bool all = true;
    for (uint64_t n = 1; n <= allocations; n++) {
        cs_mem_fail_at(n);
        all = all && cs_weights_open_memory(file, size, "w", &weights, &err) == CLIPSEARCH_E_MEMORY && !weights;
    }
    cs_mem_fail_at(0);
    TAP_OK(all && allocations >= 5, "each of %d allocations may fail", (int)allocations);
    cs_free(file);
}

int main(void)
{
    test_hostile();
    test_allowed();
    test_damage();
    test_other_containers();
    test_real_file();
    test_fingerprint();
    test_missing();
    test_lazy();
    test_memory();
    return tap_done();
}
