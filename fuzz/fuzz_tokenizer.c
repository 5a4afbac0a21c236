/* SPDX-License-Identifier: MIT
 * fuzz_tokenizer.c - any bytes as a text: cleaned and encoded. */
#include "base/buf.h"
#include "base/utf8.h"
#include "text/clean.h"
#include "text/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONTEXT = 77, MERGES = 12, START = 512 + MERGES, END };

static const char merges[] =
    "#version: 0.2\ni n\nt h\na n\nth e</w>\ne r\nin g</w>\no u\nou r\nf i\n' s</w>\nl l\nÃ ©\n";

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A tokenizer of a few merges, made once from a file in memory. */
static const cs_tokenizer *tokenizer(void)
{
    static cs_tokenizer *t;
    if (!t) {
        char path[64];
        int fd = memfd_create("merges", 0);
        require(fd >= 0 && write(fd, merges, sizeof merges - 1) == (ssize_t)(sizeof merges - 1));
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        clipsearch_error err = {0};
        if (cs_tokenizer_open(path, NULL, END + 1, CONTEXT, &t, &err) != CLIPSEARCH_OK)
            fprintf(stderr, "%s\n", err.message);
        require(t != NULL);
        close(fd);
    }
    return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    int32_t cut[CONTEXT], whole[CONTEXT];
    size_t cut_count, whole_count;
    clipsearch_error err;
    clipsearch_status status = cs_tokenizer_encode(tokenizer(), text, size, false, cut, &cut_count, &err);
    clipsearch_status refused = cs_tokenizer_encode(tokenizer(), text, size, true, whole, &whole_count, &err);
    if (status == CLIPSEARCH_OK) {
        require(cut_count >= 2 && cut_count <= CONTEXT && cut[0] == START && cut[cut_count - 1] == END);
        for (size_t i = 0; i < cut_count; i++)
            require(cut[i] >= 0 && cut[i] <= END);
        require(refused == CLIPSEARCH_E_LIMIT ? cut_count == CONTEXT : whole_count == cut_count);
    } else {
        require(status == CLIPSEARCH_E_LIMIT);
    }
    cs_buf cleaned = cs_buf_make(8 * size + 8);
    require(cs_clean(text, size, &cleaned, &err) == status);
    for (size_t i = 0, n; i < cleaned.len; i += n) {
        n = cs_utf8_length(cleaned.data + i, cleaned.len - i);
        require(n > 0);
    }
    require(cleaned.len == 0 || (cleaned.data[0] != ' ' && cleaned.data[cleaned.len - 1] != ' '));
    cs_buf_free(&cleaned);
    return 0;
}
