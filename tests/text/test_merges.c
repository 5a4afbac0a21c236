/* SPDX-License-Identifier: MIT
 * test_merges.c - vocabulary files that are damaged, hostile or another model's. */
#include "text/tokenizer.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/replace.h"
#include "fixture.h"
#include "tap.h"
#include "text/bpe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/clipsearch-merges-XXXXXX";

/* Write a file of the test's directory; its path is in a static buffer, one for each of two names. */
static const char *write_file(bool second, const char *data, size_t size)
{
    static char paths[2][64];
    char *path = paths[second];
    snprintf(path, sizeof paths[0], "%s/%s", directory, second ? "vocab.json" : "merges.txt");
    if (cs_replace_file(path, data, size, NULL) != CLIPSEARCH_OK)
        TAP_OK(false, "%s can be written", path);
    return path;
}

/* Opening `merges` for a vocabulary with `count` merges is refused with `expected` in the message. */
static void refuse(const char *what, const char *merges, size_t size, size_t count, const char *expected)
{
    cs_tokenizer *t = NULL;
    clipsearch_error err = {0};
    const char *path = write_file(false, merges, size);
    clipsearch_status status = cs_tokenizer_open(path, NULL, CS_BPE_FIRST + count + 2, 77, &t, &err);
    TAP_OK(status == CLIPSEARCH_E_MODEL && !t && strstr(err.message, path) && strstr(err.message, expected), "%s: %s",
           what, err.message);
    cs_tokenizer_close(&t);
}

static void refuse_text(const char *what, const char *merges, size_t count, const char *expected)
{
    refuse(what, merges, strlen(merges), count, expected);
}

static void test_refused(void)
{
    refuse_text("empty file", "", 1, "line 1");
    refuse_text("no version", "a b\nab c\n", 1, "line 1: expected a first line with \"#version\"");
    refuse_text("too few", "#version: 0.2\na b\n", 2, "expected 2 merges to fill the model's vocabulary, found 1");
    refuse_text("only the version", "#version: 0.2", 1, "found 0");
    refuse_text("no symbol", "#version\n\na b\n", 2, "line 2");
    refuse_text("one symbol", "#version\na b\nab\n", 2, "line 3: expected two symbols");
    refuse_text("three symbols", "#version\na b c\n", 1, "line 2: expected two symbols");
    refuse_text("two spaces", "#version\na  b\n", 1, "line 2");
    refuse_text("space in front", "#version\n a b\n", 1, "line 2");
    refuse_text("space behind", "#version\na \n", 1, "line 2");
    refuse_text("a tab", "#version\na\tb\n", 1, "line 2");
    refuse_text("unknown symbol", "#version\na b\nab cd\n", 2, "line 3: expected symbols made by the lines before");
    refuse_text("used before it is made", "#version\nab c\na b\n", 2, "line 2");
    refuse_text("a merge twice", "#version\na b\nc d\na b\n", 3, "line 4: expected a merge that makes a new symbol");
    refuse_text("a symbol made in two ways", "#version\na b\nb c\na bc\nab c\n", 4, "line 5");
    refuse_text("a byte's symbol made again", "#version\n< /\nw >\n</ w>\na </w>\n", 4, "line 5");
    refuse_text("bad UTF-8", "#version\n\xff b\n", 1, "found \"\\xff b\"");
    refuse_text("a control character", "#version\n\x1b[31m b\n", 1, "found \"\\x1b[31m b\"");
    refuse("a NUL", "#version\na \0\n", 13, 1, "line 2");
    refuse_text("gzip magic and no more", "\x1f\x8b", 1, "merges.txt");
    refuse_text("broken gzip", "\x1f\x8b\x08\x00zzzzzzzzzzzzzzzzzzz", 1, "merges.txt");
    char *line = malloc(3 << 20);
    if (!line) {
        TAP_OK(false, "memory");
        return;
    }
    memset(line, 'a', 3 << 20);
    memcpy(line, "#version\n", 9);
    refuse("a huge line", line, 3 << 20, 1, "at most 1024 bytes");
    memset(line, 'a', 3 << 20);
    refuse("a huge first line", line, 3 << 20, 1, "...");
    free(line);
    refuse_text(
        "a special token made",
        "#version\n< |\n<| e\n<|e n\n<|en d\n<|end o\n<|endo f\n<|endof t\n<|endoft e\n<|endofte x\n<|endoftex t\n"
        "<|endoftext |\n<|endoftext| >\n",
        12, "special token");
}

static void test_taken(void)
{
    static const char *const files[] = {"#version: 0.2\na b\nab c</w>\n", "#version: 0.2\na b\nab c</w>",
                                        "\"bpe_simple_vocab_16e6.txt#version: 0.2\r\na b\r\nab c</w>\r\nc a\r\nx"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        cs_tokenizer *t = NULL;
        int32_t ids[77];
        size_t count = 0;
        const char *path = write_file(false, files[i], strlen(files[i]));
        clipsearch_status status = cs_tokenizer_open(path, NULL, 516, 77, &t, NULL);
        if (TAP_OK(status == CLIPSEARCH_OK, "file %zu is read", i)) {
            cs_tokenizer_encode(t, "abc ab cab", 10, true, ids, &count, NULL);
            /* abc</w>; a b</w>; c a b</w>, for "a b" and "c a" say nothing of b</w>. 'a' is byte 97, id 97 - 33 */
            static const int32_t expected[] = {514, 513, 64, 256 + 65, 66, 64, 256 + 65, 515};
            TAP_OK(count == 8 && memcmp(ids, expected, sizeof expected) == 0, "file %zu merges", i);
        }
        cs_tokenizer_close(&t);
    }
}

#define WHOLE_MODEL(model) "{\"version\":\"1.0\",\"model\":{" model "}}"
#define BPE "\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\","

/* The default model's vocabulary as a tokenizer.json, its merges as pairs or as strings. */
static bool put_tokenizer_json(bool pairs, cs_buf *out)
{
    cs_buf merges = cs_buf_make(1 << 20), vocab = cs_buf_make(1 << 20);
    bool ok = cs_file_read(fixture_path("weights/default/merges.txt"), &merges, NULL, NULL) == CLIPSEARCH_OK &&
              cs_file_read(fixture_path("weights/default/vocab.json"), &vocab, NULL, NULL) == CLIPSEARCH_OK;
    cs_buf_puts(out, " {\"added_tokens\": [], \"model\": {" BPE "\"byte_fallback\": false, \"merges\": [");
    const char *at = ok ? memchr(merges.data, '\n', merges.len) : NULL, *end = merges.data + merges.len;
    for (bool first = true; at && at + 1 < end; first = false) {
        const char *line = at + 1, *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        const char *space = memchr(line, ' ', (size_t)(stop - line));
        cs_buf_puts(out, first ? "" : ",");
        if (pairs) {
            cs_buf_putc(out, '[');
            cs_json_put_string(out, line, (size_t)(space - line));
            cs_buf_putc(out, ',');
            cs_json_put_string(out, space + 1, (size_t)(stop - space - 1));
            cs_buf_putc(out, ']');
        } else {
            cs_json_put_string(out, line, (size_t)(stop - line));
        }
        at = stop;
    }
    cs_buf_puts(out, "], \"vocab\": ");
    if (ok)
        cs_buf_append(out, vocab.data, vocab.len);
    cs_buf_puts(out, "}}");
    cs_buf_free(&merges);
    cs_buf_free(&vocab);
    return ok && !out->failed;
}

/* Every piece, and the ids of some texts, are those that merges.txt and vocab.json of the same model give. */
static void test_tokenizer_json(void)
{
    static const char *const texts[] = {"a white dog", "The thing's caf\xc3\xa9, in THE ring!", "x-ray 1936", ""};
    cs_tokenizer *want = NULL;
    clipsearch_error err = {0};
    char merges[4096];
    snprintf(merges, sizeof merges, "%s", fixture_path("weights/default/merges.txt"));
    TAP_OK(cs_tokenizer_open(merges, NULL, 5214, 77, &want, &err) == CLIPSEARCH_OK, "merges.txt: %s", err.message);
    for (int pairs = 0; pairs < 2 && want; pairs++) {
        cs_buf json = cs_buf_make(1 << 20);
        cs_tokenizer *t = NULL;
        bool good = put_tokenizer_json(pairs, &json);
        const char *path = write_file(false, json.data, json.len);
        good = good && cs_tokenizer_open(path, NULL, 5214, 77, &t, &err) == CLIPSEARCH_OK;
        for (int32_t id = 0; good && id < 5214; id++)
            good = strcmp(cs_tokenizer_piece(t, id), cs_tokenizer_piece(want, id)) == 0;
        for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++) {
            int32_t ids[2][77];
            size_t count[2] = {0};
            cs_tokenizer_encode(t, texts[i], strlen(texts[i]), true, ids[0], &count[0], NULL);
            cs_tokenizer_encode(want, texts[i], strlen(texts[i]), true, ids[1], &count[1], NULL);
            good = count[0] > 1 && count[0] == count[1] && memcmp(ids[0], ids[1], count[0] * sizeof **ids) == 0;
        }
        TAP_OK(good, "tokenizer.json with merges as %s: the same ids %s", pairs ? "pairs" : "strings", err.message);
        cs_tokenizer_close(&t);
        cs_buf_free(&json);
    }
    cs_tokenizer_close(&want);
}

static void test_tokenizer_json_refused(void)
{
    refuse_text("no JSON", "{\"model\"", 1, "merges.txt");
    refuse_text("no model", "{}", 1, "expected an object \"model\"");
    refuse_text("a model that is no object", "{\"model\":[]}", 1, "expected an object \"model\"");
    refuse_text("WordPiece", WHOLE_MODEL("\"type\":\"WordPiece\",\"vocab\":{}"), 1, "type \"BPE\"");
    refuse_text("GPT-2's", WHOLE_MODEL("\"type\":\"BPE\",\"merges\":[]"), 1, "end_of_word_suffix");
    refuse_text("a prefix", WHOLE_MODEL(BPE "\"continuing_subword_prefix\":\"##\""), 1, "continuing_subword_prefix");
    refuse_text("bytes as pieces", WHOLE_MODEL(BPE "\"byte_fallback\":true"), 1, "byte_fallback");
    refuse_text("no merges", WHOLE_MODEL(BPE "\"vocab\":{}"), 1, "expected an array \"merges\"");
    refuse_text("too few merges", WHOLE_MODEL(BPE "\"merges\":[\"a b\"]"), 2, "expected 2 merges");
    refuse_text("a merge of one", WHOLE_MODEL(BPE "\"merges\":[[\"a\"]]"), 1, "expected a merge");
    refuse_text("a merge of three", WHOLE_MODEL(BPE "\"merges\":[[\"a\",\"b\",\"c\"]]"), 1, "expected a merge");
    refuse_text("a number", WHOLE_MODEL(BPE "\"merges\":[1]"), 1, "expected a merge");
    refuse_text("two lines in a merge", WHOLE_MODEL(BPE "\"merges\":[\"a b\\nab c\"]"), 2, "expected a merge");
    refuse_text("a space in a symbol", WHOLE_MODEL(BPE "\"merges\":[[\"a b\",\"c\"]]"), 1, "expected a merge");
    refuse_text("a NUL in a symbol", WHOLE_MODEL(BPE "\"merges\":[[\"a\\u0000\",\"c\"]]"), 1, "expected a merge");
    refuse_text("an unknown symbol", WHOLE_MODEL(BPE "\"merges\":[[\"a\",\"b\"],\"q rs\"]"), 2,
                "merge 2: expected symbols");
    refuse_text("no vocabulary", WHOLE_MODEL(BPE "\"merges\":[\"a b\"]"), 1, "expected an object of 515 pieces");
    refuse_text("a vocabulary too small", WHOLE_MODEL(BPE "\"merges\":[\"a b\"],\"vocab\":{\"a\":64}"), 1,
                "found one of 1");
}

static void test_sizes(void)
{
    cs_tokenizer *t = NULL;
    clipsearch_error err = {0};
    const char *path = write_file(false, "#version\n", 9);
    TAP_OK(cs_tokenizer_open(path, NULL, 514, 77, &t, &err) == CLIPSEARCH_OK, "a vocabulary of bytes alone: %s",
           err.message);
    cs_tokenizer_close(&t);
    static const size_t wrong[][2] = {{0, 77},        {513, 77}, {((size_t)1 << 20) + 1, 77},
                                      {SIZE_MAX, 77}, {514, 0},  {514, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        TAP_OK(cs_tokenizer_open(path, NULL, wrong[i][0], wrong[i][1], &t, &err) == CLIPSEARCH_E_MODEL && !t,
               "refused: %s", err.message);
    TAP_OK(cs_tokenizer_open("/nonexistent/merges.txt", NULL, 514, 77, &t, &err) == CLIPSEARCH_E_NOT_FOUND && !t,
           "no file: %s", err.message);
    TAP_OK(cs_tokenizer_open(directory, NULL, 514, 77, &t, &err) == CLIPSEARCH_E_IO && !t, "a directory: %s",
           err.message);
    TAP_OK(cs_tokenizer_open(path, "/nonexistent/vocab.json", 514, 77, &t, &err) == CLIPSEARCH_E_NOT_FOUND && !t,
           "no vocab.json: %s", err.message);
}

/* The default model's vocab.json with `old` replaced by `new_text` is refused, with `expected` in the message; or taken
 * when that is NULL. */
static void change_vocab(const char *what, const char *old, const char *new_text, const char *expected)
{
    char merges[4096];
    cs_buf file = cs_buf_make(1 << 20), changed = cs_buf_make(1 << 20);
    clipsearch_error err = {0};
    cs_tokenizer *t = NULL;
    snprintf(merges, sizeof merges, "%s", fixture_path("weights/default/merges.txt"));
    cs_file_read(fixture_path("weights/default/vocab.json"), &file, NULL, NULL);
    const char *at = file.data ? strstr(file.data, old) : NULL;
    if (!at) {
        TAP_OK(false, "%s: the vocabulary has %s", what, old);
        goto done;
    }
    cs_buf_append(&changed, file.data, (size_t)(at - file.data));
    cs_buf_puts(&changed, new_text);
    cs_buf_puts(&changed, at + strlen(old));
    const char *path = write_file(true, changed.data, changed.len);
    clipsearch_status status = cs_tokenizer_open(merges, path, 5214, 77, &t, &err);
    if (expected)
        TAP_OK(status == CLIPSEARCH_E_MODEL && !t && strstr(err.message, path) && strstr(err.message, expected),
               "%s: %s", what, err.message);
    else
        TAP_OK(status == CLIPSEARCH_OK && t, "%s: %s", what, err.message);
done:
    cs_tokenizer_close(&t);
    cs_buf_free(&file);
    cs_buf_free(&changed);
}

static void test_vocab(void)
{
    change_vocab("as it is", "{", "{", NULL);
    change_vocab("white space", "{\"!\": 0,", " \n{ \"!\"\t:\r\n0 ,", NULL);
    change_vocab("escapes", "{\"!\": 0,", "{\"\\u0021\": 0,", NULL);
    change_vocab("an exponent", "{\"!\": 0,", "{\"!\": 0e0,", "expected id 0 for the piece \"!\"");
    change_vocab("a wrong id", "\"!\": 0,", "\"!\": 1,", "expected id 0 for the piece \"!\"");
    change_vocab("a negative id", "\"!\": 0,", "\"!\": -0,", NULL);
    change_vocab("a string for an id", "\"!\": 0,", "\"!\": \"0\",", "no number");
    change_vocab("an unknown piece", "\"!\": 0,", "\"!?!\": 0,", "\"!?!\" is not one the merges make");
    change_vocab("a piece too few", "\"!\": 0,", "", "5213");
    change_vocab("a piece too many", "\"!\": 0,", "\"!\": 0, \"more\": 9999,", "5215");
    change_vocab("a piece twice", "\"!\": 0,", "\"!\": 0, \"!\": 0,", "vocab.json");
    change_vocab("no JSON", "\"!\": 0,", "\"!\": 0;", "vocab.json");
    change_vocab("a leading zero", "\"!\": 0,", "\"!\": 00,", "vocab.json");
    change_vocab("text behind", ": 5213}", ": 5213} x", "vocab.json");
    change_vocab("an array", "{", "[{", "vocab.json");
}

/* The merges by trying every pair in turn, as the reference does. */
static size_t encode_plainly(const cs_bpe *bpe, int32_t *symbols, size_t count)
{
    for (;;) {
        int32_t best = -1;
        size_t place = 0;
        for (size_t i = 0; i + 1 < count; i++) {
            int32_t rank = cs_bpe_rank(bpe, symbols[i], symbols[i + 1]);
            if (rank >= 0 && (best < 0 || rank < best)) {
                best = rank;
                place = i;
            }
        }
        if (best < 0)
            return count;
        symbols[place] = CS_BPE_FIRST + best;
        memmove(symbols + place + 1, symbols + place + 2, (count - place - 2) * sizeof *symbols);
        count--;
    }
}

/* Random merges over few letters, random words: the heap gives what the plain way gives. */
static void test_bpe(void)
{
    enum { MERGES = 60, WORD = 1500 };
    static int32_t word[WORD], plain[WORD];
    uint32_t random = 12345;
    size_t wrong = 0, words = 0;
    for (int round = 0; round < 200; round++) {
        cs_bpe bpe;
        if (!cs_bpe_make(&bpe, MERGES)) {
            TAP_OK(false, "memory");
            return;
        }
        for (int32_t rank = 0; rank < MERGES; rank++) {
            int32_t pair[2];
            for (int side = 0; side < 2; side++) {
                random = random * 1664525u + 1013904223u;
                int32_t pick = (int32_t)((random >> 8) % (uint32_t)(3 + rank));
                pair[side] = pick < 3 ? pick : CS_BPE_FIRST + pick - 3;
            }
            if (cs_bpe_rank(&bpe, pair[0], pair[1]) < 0)
                cs_bpe_add(&bpe, pair[0], pair[1], rank);
        }
        for (size_t size = 1; size <= WORD; size = size < 40 ? size + 1 : size * 3 / 2) {
            for (size_t i = 0; i < size; i++) {
                random = random * 1664525u + 1013904223u;
                word[i] = plain[i] = (int32_t)((random >> 10) % 3);
            }
            size_t count = size, plain_count = encode_plainly(&bpe, plain, size);
            bool same = cs_bpe_encode(&bpe, word, &count) && count == plain_count &&
                        memcmp(word, plain, count * sizeof *word) == 0;
            wrong += !same;
            words++;
        }
        cs_bpe_free(&bpe);
    }
    TAP_OK(wrong == 0, "%zu words by random merges: %zu differ from merging plainly", words, wrong);
}

int main(void)
{
    if (!mkdtemp(directory)) {
        TAP_OK(false, "a directory for the test");
        return tap_done();
    }
    test_refused();
    test_taken();
    test_tokenizer_json();
    test_tokenizer_json_refused();
    test_sizes();
    test_vocab();
    test_bpe();
    for (int second = 0; second < 2; second++)
        unlink(write_file(second, "", 0));
    rmdir(directory);
    return tap_done();
}
