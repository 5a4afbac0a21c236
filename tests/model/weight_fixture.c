/* SPDX-License-Identifier: MIT
 * weight_fixture.c - the weight files of tests/data/weights, whole and damaged. */
#include "weight_fixture.h"

#include "base/file.h"
#include "base/mem.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *fixture(const char *name)
{
    char relative[200];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(relative, sizeof relative, "tests/data/weights/%s", name);
    return cs_path_join(root ? root : ".", relative);
}

cs_buf read_fixture(const char *name)
{
    char *path = fixture(name);
    cs_buf bytes = cs_buf_make(1 << 20);
    clipsearch_error err = {0};
    TAP_OK(cs_file_read(path, &bytes, NULL, &err) == CLIPSEARCH_OK, "%s is read %s", name, err.message);
    cs_free(path);
    return bytes;
}

cs_weights *open_fixture(const char *name)
{
    char *path = fixture(name);
    cs_weights *weights;
    clipsearch_error err = {0};
    TAP_OK(cs_weights_open(path, &weights, &err) == CLIPSEARCH_OK, "%s opens %s", name, err.message);
    cs_free(path);
    return weights;
}

bool same_tensor(const cs_tensor *a, const cs_tensor *b)
{
    bool same = strcmp(a->name, b->name) == 0 && strcmp(a->stored, b->stored) == 0 && a->is_float == b->is_float &&
                (!a->is_float || a->dtype == b->dtype) && a->rank == b->rank && a->count == b->count &&
                a->bytes == b->bytes;
    for (int i = 0; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    return same && memcmp(a->data, b->data, a->bytes) == 0;
}

void refuse_fixture(const char *file, clipsearch_status status, const char *message)
{
    char name[100];
    snprintf(name, sizeof name, "refused/%s", file);
    char *path = fixture(name);
    cs_weights *weights;
    clipsearch_error err = {0};
    clipsearch_status got = cs_weights_open(path, &weights, &err);
    TAP_OK(got == status && !weights && strncmp(err.message, path, strlen(path)) == 0 && strstr(err.message, message),
           "%s: %s", file, err.message);
    cs_weights_close(&weights);
    cs_free(path);
}

void expect_same_tensors(const char *file, const cs_weights *weights, const cs_weights *expected, size_t count)
{
    char hex[65], expected_hex[65];
    size_t n = cs_weights_count(weights), same = 0;
    for (size_t i = 0; i < n && n == cs_weights_count(expected); i++)
        same += same_tensor(cs_weights_at(weights, i), cs_weights_at(expected, i));
    TAP_OK(n == count && same == n, "%s: %zu of %zu tensors are the reference's", file, same, n);
    cs_weights_fingerprint(weights, hex, NULL);
    cs_weights_fingerprint(expected, expected_hex, NULL);
    TAP_OK(strcmp(hex, expected_hex) == 0, "%s: the same fingerprint", file);
}

void flip_bits(const char *name, cs_buf *bytes, bool zeros)
{
    size_t accepted = 0, tried = 0;
    for (size_t i = 0; i < bytes->len; i++) {
        if (!zeros && !bytes->data[i])
            continue;
        bytes->data[i] = (char)(bytes->data[i] ^ 1 << i % 8);
        accepted += open_bytes(bytes->data, bytes->len, NULL) == CLIPSEARCH_OK;
        bytes->data[i] = (char)(bytes->data[i] ^ 1 << i % 8);
        tried++;
    }
    TAP_OK(accepted > 0 && accepted < tried, "%s: flipped bits are survived (%zu of %zu harmless)", name, accepted,
           tried);
}

void fail_allocations(const char *name, int least)
{
    char *path = fixture(name);
    cs_weights *weights = NULL;
    clipsearch_error err;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    bool all = true;
    int n = 0;
    while (status == CLIPSEARCH_E_MEMORY && n < 1000) {
        cs_mem_fail_at((uint64_t)++n);
        status = cs_weights_open(path, &weights, &err);
        all = all && (status == CLIPSEARCH_OK || (status == CLIPSEARCH_E_MEMORY && !weights));
    }
    cs_mem_fail_at(0);
    TAP_OK(all && status == CLIPSEARCH_OK && n > least, "%s: each of %d allocations may fail", name, n - 1);
    cs_weights_close(&weights);
    cs_free(path);
}

clipsearch_status open_bytes(const char *bytes, size_t size, clipsearch_error *err)
{
    char *exact = cs_alloc_array(size, 1); /* so that the sanitizer sees a read past the end */
    memcpy(exact, bytes, size);
    cs_weights *weights;
    clipsearch_status status = cs_weights_open_memory(exact, size, "w", &weights, err);
    for (size_t i = 0; weights && i < cs_weights_count(weights); i++) { /* every byte is there */
        const cs_tensor *tensor = cs_weights_at(weights, i);
        char *copy = cs_alloc_array(tensor->bytes, 1);
        memcpy(copy, tensor->data, tensor->bytes);
        cs_free(copy);
    }
    cs_weights_close(&weights);
    cs_free(exact);
    return status;
}
