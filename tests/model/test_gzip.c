/* SPDX-License-Identifier: MIT
 * test_gzip.c - texts that may be compressed. */
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "model/gzip.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "hello\n" by gzip 1.12 (gzip -n), and an empty text. */
static const unsigned char hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd,
                                      0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00};
static const unsigned char nothing[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
                                        0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

static char path[64];

static clipsearch_status read_bytes(const void *bytes, size_t size, cs_buf *buf, clipsearch_error *err)
{
    *err = (clipsearch_error){0};
    if (cs_replace_file(path, bytes, size, err) != CLIPSEARCH_OK)
        return CLIPSEARCH_E_IO;
    return cs_gzip_read(path, buf, err);
}

int main(void)
{
    char directory[] = "/tmp/clipsearch-test-XXXXXX";
    if (!TAP_OK(mkdtemp(directory) != NULL, "temporary directory"))
        return tap_done();
    snprintf(path, sizeof path, "%s/a", directory);
    clipsearch_error err;
    cs_buf buf = cs_buf_make(6);
    TAP_OK(read_bytes("plain\n", 6, &buf, &err) == CLIPSEARCH_OK && strcmp(buf.data, "plain\n") == 0, "a plain text %s",
           err.message);
    TAP_OK(read_bytes("", 0, &buf, &err) == CLIPSEARCH_OK && buf.len == 0, "an empty file %s", err.message);
    TAP_OK(read_bytes("\x1f", 1, &buf, &err) == CLIPSEARCH_OK && buf.len == 1, "half a magic number is a plain text %s",
           err.message);
    TAP_OK(read_bytes(hello, sizeof hello, &buf, &err) == CLIPSEARCH_OK && strcmp(buf.data, "hello\n") == 0 &&
               buf.len == 6,
           "a compressed text of exactly the limit %s", err.message);
    TAP_OK(read_bytes(nothing, sizeof nothing, &buf, &err) == CLIPSEARCH_OK && buf.len == 0,
           "a compressed empty text %s", err.message);
    cs_buf small = cs_buf_make(5);
    TAP_OK(read_bytes(hello, sizeof hello, &small, &err) == CLIPSEARCH_E_LIMIT && small.len == 0, "over the limit: %s",
           err.message);
    TAP_OK(read_bytes("plain\n", 6, &small, &err) == CLIPSEARCH_E_LIMIT, "over the limit: %s", err.message);
    cs_buf_free(&small);

    unsigned char two[sizeof hello * 2 + sizeof nothing];
    memcpy(two, hello, sizeof hello);
    memcpy(two + sizeof hello, nothing, sizeof nothing);
    memcpy(two + sizeof hello + sizeof nothing, hello, sizeof hello);
    TAP_OK(read_bytes(two, sizeof two, &buf, &err) == CLIPSEARCH_E_LIMIT, "the limit counts all members: %s",
           err.message);
    cs_buf large = cs_buf_make(1000);
    TAP_OK(read_bytes(two, sizeof two, &large, &err) == CLIPSEARCH_OK && strcmp(large.data, "hello\nhello\n") == 0,
           "members end to end %s", err.message);

    bool refused = true;
    for (size_t n = 2; n < sizeof hello; n++)
        refused = refused && read_bytes(hello, n, &buf, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "cut short");
    TAP_OK(refused, "cut short anywhere: %s", err.message);
    unsigned char damaged[sizeof hello + 1];
    memcpy(damaged, hello, sizeof hello);
    damaged[sizeof hello] = 'x';
    TAP_OK(read_bytes(damaged, sizeof damaged, &buf, &err) == CLIPSEARCH_E_MODEL, "something behind it: %s",
           err.message);
    damaged[20] ^= 1;
    TAP_OK(read_bytes(damaged, sizeof hello, &buf, &err) == CLIPSEARCH_E_MODEL && strstr(err.message, "damaged"),
           "a wrong checksum: %s", err.message);

    const char *shared = tap_shared_data();
    char *merges = shared ? cs_path_join(shared, "bpe/bpe_simple_vocab_16e6.txt.gz") : NULL;
    cs_file_info info;
    if (merges && cs_file_stat(merges, &info, NULL) == CLIPSEARCH_OK) {
        cs_buf text = cs_buf_make(16 << 20);
        clipsearch_status status = cs_gzip_read(merges, &text, &err);
        TAP_OK(status == CLIPSEARCH_OK && text.len > 3000000 &&
                   memcmp(text.data, "\"bpe_simple_vocab_16e6.txt#version: 0.2\n", 40) == 0,
               "CLIP's merges: %zu bytes", text.len);
        cs_buf_free(&text);
    } else {
        tap_skip("CLIP's merges", "no shared data");
    }
    cs_free(merges);

    read_bytes(two, sizeof two, &large, &err);
    uint64_t before = cs_mem_count();
    cs_buf_free(&large);
    cs_gzip_read(path, &large, &err);
    uint64_t allocations = cs_mem_count() - before;
    bool all = true;
    for (uint64_t n = 1; n <= allocations; n++) {
        cs_buf_free(&large);
        cs_mem_fail_at(n);
        all = all && cs_gzip_read(path, &large, &err) == CLIPSEARCH_E_MEMORY;
    }
    cs_mem_fail_at(0);
    TAP_OK(all && allocations >= 3, "each of %d allocations may fail", (int)allocations);

    cs_buf_free(&large);
    cs_buf_free(&buf);
    unlink(path);
    TAP_OK(cs_gzip_read(path, &buf, &err) == CLIPSEARCH_E_NOT_FOUND, "missing: %s", err.message);
    rmdir(directory);
    return tap_done();
}
