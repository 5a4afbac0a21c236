/* SPDX-License-Identifier: MIT
 * fuzz_merges.c - any bytes as a file of merges, or as the vocab.json of known ones. The first byte chooses. */
#include "known_merges.h"
#include "text/tokenizer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "The thing's café, in THE ring.";
    if (size == 0)
        return 0;
    char path[64], known_path[64];
    int fd = file_of(data + 1, size - 1, path), known_fd = file_of(known, sizeof known - 1, known_path);
    cs_tokenizer *t = NULL;
    clipsearch_error err = {0};
    bool as_vocab = data[0] == 'v';
    size_t merges = as_vocab ? 3 : data[0] % 32;
    clipsearch_status status = as_vocab ? cs_tokenizer_open(known_path, path, 517, 77, &t, &err)
                                        : cs_tokenizer_open(path, NULL, 514 + merges, 77, &t, &err);
    require(status == CLIPSEARCH_OK ? t != NULL : t == NULL && err.code == status && err.message[0]);
    if (t) {
        int32_t ids[77];
        size_t count;
        require(cs_tokenizer_encode(t, text, sizeof text - 1, false, ids, &count, &err) == CLIPSEARCH_OK);
        for (size_t i = 0; i < count; i++)
            require(ids[i] >= 0 && (size_t)ids[i] < 514 + merges && cs_tokenizer_piece(t, ids[i]));
        for (int32_t id = 0; (size_t)id < 514 + merges; id++)
            require(strlen(cs_tokenizer_piece(t, id)) > 0);
    }
    cs_tokenizer_close(&t);
    close(fd);
    close(known_fd);
    return 0;
}
