/* SPDX-License-Identifier: MIT
 * fuzz_index_file.c - bytes as an index file: unchanged, and again with correct checksums, so that the code after their
 * check is reached. If a file opens, it is searched, checked and changed. */
#include "base/checksum.h"
#include "base/mem.h"
#include "index/hnsw_file.h"
#include "index/hnsw_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { K = 5, SIZE_MOST = 1 << 20, ROWS_MOST = 2000 };

static void search(const cs_index *index, size_t k, const cs_id_set *allowed)
{
    float query[4096];
    cs_neighbour *out = cs_alloc_array(k, sizeof *out);
    size_t found = 0;
    for (size_t i = 0; i < index->dim; i++)
        query[i] = (float)(i % 7) - 3;
    cs_index_search_params params = {.k = k, .ef = 12, .allowed = allowed};
    for (int pass = 0; out && pass < 2; pass++, params.ef = 0) /* and as the file's calibration has it */
        if (cs_index_search(index, query, &params, NULL, out, &found, NULL) == CLIPSEARCH_OK && found > k)
            abort();
    cs_free(out);
}

static void use(cs_index *index)
{
    static uint64_t bits[] = {0x5555555555555555};
    const cs_id_set allowed = {.bits = bits, .first = 0, .size = 64, .count = 32};
    float vector[4096];
    bool found;
    cs_hnsw_info facts;
    cs_hnsw_report report;
    cs_index_hnsw_describe(index, &facts);
    if (facts.rows > ROWS_MOST)
        return;
    search(index, K, NULL);
    search(index, facts.vectors + 1, NULL);
    search(index, K, &allowed);
    cs_index_hnsw_copy_vector(index, 3, vector, &found, NULL);
    cs_index_hnsw_check(index, &report, NULL);
    if (cs_index_hnsw_copy_to_memory(index, 0, NULL) != CLIPSEARCH_OK)
        return;
    cs_index_hnsw_calibrate(index, NULL, 0, NULL, NULL);
    search(index, K, NULL);
    for (size_t i = 0; i < index->dim; i++)
        vector[i] = (float)(i % 5) / 4;
    for (int64_t id = 0; id < 40; id += 3) {
        cs_index_remove(index, id);
        vector[0] += 1;
        cs_index_put(index, id + 1, vector, NULL);
    }
    cs_index_vacuum(index, NULL, NULL);
    search(index, K, NULL);
    cs_index_hnsw_check(index, &report, NULL);
}

static void open_and_use(int fd)
{
    char path[64];
    cs_index *index = NULL;
    cs_hnsw_stamp stamp;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (cs_index_hnsw_map(path, &index, &stamp, NULL) == CLIPSEARCH_OK)
        use(index);
    cs_index_close(&index);
}

/* Make every checksum right that has a place. */
static void sum_up(uint8_t *bytes, size_t size)
{
    cs_hnsw_header header;
    size_t at = CS_HNSW_PAGE;
    memcpy(&header, bytes, sizeof header);
    header.file_bytes = size;
    for (int s = 0; s < CS_SECTIONS; s++) {
        cs_hnsw_section *section = &header.section[s];
        if (section->offset > size || section->bytes > size - section->offset)
            break;
        const size_t blocks = cs_hnsw_page_count((size_t)section->bytes), first = at;
        if (blocks > (size - at) / sizeof(uint64_t))
            break;
        for (size_t block = 0; block < blocks; block++, at += sizeof(uint64_t)) {
            const size_t begin = block * CS_HNSW_PAGE, left = (size_t)section->bytes - begin;
            const uint64_t sum =
                cs_checksum(bytes + section->offset + begin, left < CS_HNSW_PAGE ? left : CS_HNSW_PAGE);
            memcpy(bytes + at, &sum, sizeof sum);
        }
        section->checksum = cs_checksum(bytes + first, at - first);
    }
    memcpy(bytes, &header, sizeof header);
    const uint64_t sum = cs_checksum(bytes, CS_HNSW_CHECKED);
    memcpy(bytes + CS_HNSW_CHECKED, &sum, sizeof sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = size <= SIZE_MOST ? memfd_create("index_file", MFD_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    if (write(fd, data, size) == (ssize_t)size)
        open_and_use(fd);
    uint8_t *copy = size >= CS_HNSW_PAGE ? cs_alloc_array(size, 1) : NULL;
    if (copy) {
        memcpy(copy, data, size);
        sum_up(copy, size);
        if (pwrite(fd, copy, size, 0) == (ssize_t)size)
            open_and_use(fd);
    }
    cs_free(copy);
    close(fd);
    return 0;
}
