/* SPDX-License-Identifier: MIT
 * test_compiled.c - compiled vocabularies: the same ids as the files that they were made of give. */
#include "text/tokenizer.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/file.h"
#include "base/replace.h"
#include "fixture.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VOCABULARY = 5214, CONTEXT = 77, HEADER_WORDS = 9, WORD = 8 };

static const char *const names[] = {"merges.txt", "vocab.json", "vocab.compiled"};
static char directory[] = "/tmp/clipsearch-compiled-XXXXXX", paths[3][64];

static bool put(int file, const cs_buf *content)
{
    return cs_replace_file(paths[file], content->data, content->len, NULL) == CLIPSEARCH_OK;
}

/* Copy the default model's two files to the test's directory, and compile them to `compiled`. */
static bool begin(cs_buf *compiled)
{
    bool good = mkdtemp(directory) != NULL;
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", directory, names[i]);
    for (int i = 0; i < 2 && good; i++) {
        char from[4096], name[64];
        cs_buf text = cs_buf_make(1 << 20);
        snprintf(name, sizeof name, "weights/default/%s", names[i]);
        snprintf(from, sizeof from, "%s", fixture_path(name));
        good = cs_file_read(from, &text, NULL, NULL) == CLIPSEARCH_OK && put(i, &text);
        cs_buf_free(&text);
    }
    clipsearch_error err = {0};
    good = good && cs_tokenizer_compile(paths[0], paths[1], VOCABULARY, compiled, &err) == CLIPSEARCH_OK &&
           put(2, compiled);
    TAP_OK(good, "the default model's vocabulary is compiled: %s", err.message);
    return good;
}

static cs_tokenizer *open_with(bool compiled, size_t vocabulary)
{
    cs_tokenizer *t = NULL;
    cs_tokenizer_open_compiled(compiled ? paths[2] : NULL, paths[0], paths[1], vocabulary, CONTEXT, &t, NULL);
    return t;
}

/* A text of words and other characters, another one for each number. */
static size_t make_text(unsigned number, char out[256])
{
    static const char *const parts[] = {"a",
                                        "white",
                                        "dog",
                                        "photograph",
                                        "of",
                                        "the",
                                        "Sea's",
                                        " ",
                                        " ",
                                        " ",
                                        ", ",
                                        "caf\xc3\xa9",
                                        "x-ray",
                                        "19",
                                        "36",
                                        "!",
                                        "qzx",
                                        "\xe5\xb1\xb1",
                                        "\xf0\x9f\x98\x80",
                                        "ing",
                                        "un",
                                        "believable"};
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0, state = number * 2654435761u + 1; i < 12; i++) {
        state = state * 1664525u + 1013904223u;
        used += (size_t)snprintf(out + used, 256 - used, "%s", parts[(state >> 16) % (sizeof parts / sizeof *parts)]);
    }
    return used;
}

static void test_same(void)
{
    cs_tokenizer *text = open_with(false, VOCABULARY), *compiled = open_with(true, VOCABULARY);
    bool good = text && compiled && !cs_tokenizer_is_compiled(text) && cs_tokenizer_is_compiled(compiled);
    TAP_OK(good, "the compiled vocabulary is used");
    for (int32_t id = -1; id <= VOCABULARY && good; id++) {
        const char *a = cs_tokenizer_piece(text, id), *b = cs_tokenizer_piece(compiled, id);
        good = a && b ? strcmp(a, b) == 0 : a == b;
    }
    TAP_OK(good, "every piece has the same spelling");
    size_t longest = 0;
    for (unsigned i = 0; i < 10000 && good; i++) {
        char line[256];
        int32_t ids[2][CONTEXT];
        size_t count[2] = {0}, size = make_text(i, line);
        cs_tokenizer_encode(text, line, size, false, ids[0], &count[0], NULL);
        cs_tokenizer_encode(compiled, line, size, false, ids[1], &count[1], NULL);
        good = count[0] >= 2 && count[0] == count[1] && memcmp(ids[0], ids[1], count[0] * sizeof **ids) == 0;
        longest = count[0] > longest ? count[0] : longest;
    }
    TAP_OK(good && longest > 20, "10,000 texts have the same ids, the longest %zu", longest);
    cs_tokenizer_close(&text);
    cs_tokenizer_close(&compiled);
}

/* Whether the tokenizer opens, and of what. */
static bool opens(bool compiled)
{
    cs_tokenizer *t = open_with(true, VOCABULARY);
    const bool right = t && cs_tokenizer_is_compiled(t) == compiled;
    cs_tokenizer_close(&t);
    return right;
}

/* Files that the compiled one was not made of decide. */
static void test_other_sources(void)
{
    for (int i = 0; i < 2; i++) {
        cs_buf before = cs_buf_make(1 << 20), after = cs_buf_make(1 << 20);
        bool good = cs_file_read(paths[i], &before, NULL, NULL) == CLIPSEARCH_OK;
        cs_buf_append(&after, before.data, before.len);
        cs_buf_putc(&after, '\n');
        good = good && put(i, &after) && opens(false);
        TAP_OK(good && put(i, &before) && opens(true),
               "another %s: it is read, and the compiled vocabulary is not used", names[i]);
        cs_buf_free(&before);
        cs_buf_free(&after);
    }
    cs_tokenizer *t = NULL;
    TAP_OK(cs_tokenizer_open_compiled(paths[2], paths[0], NULL, VOCABULARY, CONTEXT, &t, NULL) == CLIPSEARCH_OK &&
               !cs_tokenizer_is_compiled(t),
           "no vocab.json where there was one: not used");
    cs_tokenizer_close(&t);
    t = open_with(true, VOCABULARY - 1);
    TAP_OK(!t, "a vocabulary of another size: the same refusal as without a compiled one");
    cs_tokenizer_close(&t);
}

/* Any changed byte, and any size, is noticed. */
static void test_damaged(cs_buf *compiled)
{
    bool good = true;
    for (size_t at = 0; at < compiled->len && good; at += at < 128 ? 1 : compiled->len / 97) {
        compiled->data[at] ^= 4;
        good = put(2, compiled) && opens(false);
        compiled->data[at] ^= 4;
    }
    TAP_OK(good, "a damaged byte anywhere: the files are read instead");
    const size_t whole = compiled->len;
    for (compiled->len = 1; compiled->len < whole && good; compiled->len = compiled->len * 2 + 3)
        good = put(2, compiled) && opens(false);
    compiled->len = whole;
    TAP_OK(good && put(2, compiled) && opens(true), "cut short anywhere: the files are read instead");
}

/* Write `word` over the one at `at`, with a right checksum behind; whether the file is refused then. */
static bool is_refused(const cs_buf *compiled, size_t at, uint64_t word)
{
    cs_buf copy = cs_buf_make(compiled->max);
    cs_buf_append(&copy, compiled->data, compiled->len);
    memcpy(copy.data + at, &word, sizeof word);
    const uint64_t checksum = cs_checksum(copy.data, copy.len - sizeof checksum);
    memcpy(copy.data + copy.len - sizeof checksum, &checksum, sizeof checksum);
    const bool refused = put(2, &copy) && opens(false);
    cs_buf_free(&copy);
    return refused;
}

/* Contents that no compiler wrote, under a right checksum. */
static void test_hostile(const cs_buf *compiled)
{
    static const uint64_t words[] = {0, 1, 15, 16, 4096, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX / 8, UINT64_MAX};
    uint64_t slots, slot = 0;
    bool good = true;
    for (size_t field = 0; field < HEADER_WORDS; field++)
        for (size_t i = 0; i < sizeof words / sizeof *words && good; i++)
            good = is_refused(compiled, field * WORD, words[i]);
    TAP_OK(good, "any other number in the header is refused");
    memcpy(&slots, compiled->data + 3 * WORD, sizeof slots);
    size_t free = HEADER_WORDS * WORD, used = free;
    for (memcpy(&slot, compiled->data + free, WORD); slot; memcpy(&slot, compiled->data + free, WORD))
        free += WORD;
    for (memcpy(&slot, compiled->data + used, WORD); !slot; memcpy(&slot, compiled->data + used, WORD))
        used += WORD;
    TAP_OK(is_refused(compiled, free, 1 << 20 | 1) && is_refused(compiled, used, 0),
           "a merge too many, and one too few, are refused");
    TAP_OK(is_refused(compiled, used, slot | 0xFFFFF) &&
               is_refused(compiled, used, (slot & 0xFFFFF) | UINT64_MAX << 40) &&
               is_refused(compiled, used, slot | UINT64_C(0xFFFFF) << 20) &&
               is_refused(compiled, used, slot & ~UINT64_C(0xFFFFF)),
           "a merge of pieces, or with a rank, that cannot be is refused");
    const size_t offsets = (HEADER_WORDS + slots) * WORD;
    TAP_OK(is_refused(compiled, offsets, 0) && is_refused(compiled, offsets + 10 * WORD, UINT64_MAX) &&
               is_refused(compiled, offsets + 10 * WORD, UINT64_C(41) << 32 | 40),
           "pieces that begin where none can is refused");
}

int main(void)
{
    cs_buf compiled = cs_buf_make(1 << 22);
    if (begin(&compiled)) {
        test_same();
        test_other_sources();
        test_damaged(&compiled);
        test_hostile(&compiled);
    }
    cs_buf_free(&compiled);
    for (int i = 0; i < 3; i++)
        unlink(paths[i]);
    rmdir(directory);
    return tap_done();
}
