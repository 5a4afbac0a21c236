/* SPDX-License-Identifier: MIT
 * fuzz_compiled.c - any bytes as the compiled vocabulary of known merges. Behind a first byte 'r' the sources and the
 * checksum are made right, so that what comes after them is reached. */
#include "known_merges.h"
#include "text/tokenizer.h"

#include "base/checksum.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VOCABULARY = 517, SOURCES_AT = 40, SOURCES_BYTES = 32, WORD = 8 };

static void repair(uint8_t *file, size_t size)
{
    const uint64_t source[2] = {sizeof known - 1, cs_checksum(known, sizeof known - 1)};
    memset(file + SOURCES_AT, 0, SOURCES_BYTES);
    memcpy(file + SOURCES_AT, source, sizeof source);
    const uint64_t checksum = cs_checksum(file, size - WORD);
    memcpy(file + size - WORD, &checksum, WORD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "The thing's caf\xc3\xa9, in THE ring.";
    if (size == 0)
        return 0;
    const size_t bytes = size - 1;
    uint8_t *file = malloc(size);
    require(file != NULL);
    memcpy(file, data + 1, bytes);
    if (data[0] == 'r' && bytes >= SOURCES_AT + SOURCES_BYTES + WORD)
        repair(file, bytes);
    char path[64], known_path[64];
    const int fd = file_of(file, bytes, path), known_fd = file_of(known, sizeof known - 1, known_path);
    cs_tokenizer *t = NULL;
    require(cs_tokenizer_open_compiled(path, known_path, NULL, VOCABULARY, 77, &t, NULL) == CLIPSEARCH_OK);
    int32_t ids[77];
    size_t count;
    require(cs_tokenizer_encode(t, text, sizeof text - 1, false, ids, &count, NULL) == CLIPSEARCH_OK);
    for (size_t i = 0; i < count; i++)
        require(ids[i] >= 0 && ids[i] < VOCABULARY && cs_tokenizer_piece(t, ids[i]));
    for (int32_t id = 0; id < VOCABULARY; id++)
        require(strlen(cs_tokenizer_piece(t, id)) < size + 16);
    cs_tokenizer_close(&t);
    close(fd);
    close(known_fd);
    free(file);
    return 0;
}
