/* SPDX-License-Identifier: MIT
 * test_tokenizer.c - ids against the reference's, limits, threads, memory, and time. */
#include "text/tokenizer.h"

#include "base/buf.h"
#include "base/mem.h"
#include "fixture.h"
#include "tap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLIP_VOCABULARY = 49408, DEFAULT_VOCABULARY = 5214, CONTEXT = 77, WHOLE = 1 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* "<shared data>/bpe/`name`", or NULL. */
static const char *shared(const char *name, char out[4096])
{
    const char *directory = tap_shared_data();
    if (!directory)
        return NULL;
    snprintf(out, 4096, "%s/bpe/%s", directory, name);
    FILE *file = fopen(out, "rb");
    if (!file)
        return NULL;
    fclose(file);
    return out;
}

/* CLIP's tokenizer from the named file of the shared data, NULL when that is absent. */
static cs_tokenizer *open_clip(const char *merges, const char *vocab, size_t context)
{
    char merges_path[4096], vocab_path[4096];
    cs_tokenizer *t = NULL;
    clipsearch_error err = {0};
    if (!shared(merges, merges_path) || (vocab && !shared(vocab, vocab_path)))
        return NULL;
    if (cs_tokenizer_open(merges_path, vocab ? vocab_path : NULL, CLIP_VOCABULARY, context, &t, &err) != CLIPSEARCH_OK)
        TAP_OK(false, "%s is read: %s", merges, err.message);
    return t;
}

static cs_tokenizer *open_default(size_t context)
{
    char merges[4096], vocab[4096];
    cs_tokenizer *t = NULL;
    clipsearch_error err = {0};
    snprintf(merges, sizeof merges, "%s", fixture_path("weights/default/merges.txt"));
    snprintf(vocab, sizeof vocab, "%s", fixture_path("weights/default/vocab.json"));
    TAP_OK(cs_tokenizer_open(merges, vocab, DEFAULT_VOCABULARY, context, &t, &err) == CLIPSEARCH_OK,
           "the default model's vocabulary: %s", err.message);
    return t;
}

static bool encodes_to(const cs_tokenizer *t, const char *text, size_t size, const int32_t *expected, size_t count)
{
    int32_t ids[CONTEXT];
    size_t n = 0;
    return cs_tokenizer_encode(t, text, size, true, ids, &n, NULL) == CLIPSEARCH_OK && n == count &&
           memcmp(ids, expected, n * sizeof *ids) == 0;
}

/* Published ids of CLIP's tokenizer, from OpenAI's and others' examples. */
static void test_known(void)
{
    static const struct {
        const char *text;
        int32_t ids[40]; /* up to the end token */
    } cases[] = {
        {"a white dog", {49406, 320, 1579, 1929, 49407}},
        {"a diagram", {49406, 320, 22697, 49407}},
        {"kitty", {49406, 8417, 49407}},
        {"hello world", {49406, 3306, 1002, 49407}},
        {"foo_bar", {49406, 23435, 318, 2411, 49407}},
        {"鳥", {49406, 165, 111, 354, 49407}},
        {"You should've done this", {49406, 592, 1535, 1200, 1700, 589, 49407}},
        {"r\xc3\xa9sum\xc3\xa9", {49406, 29106, 7054, 4166, 49407}},
        {"re\xcc\x81sume\xcc\x81", {49406, 29106, 7054, 4166, 49407}},
        {"don't &amp; won't 2024 😀", {49406, 847, 713, 261, 1749, 713, 273, 271, 273, 275, 7334, 49407}},
        {"A\n'll 11p223RF☆ho!!to? of a cat",
         {49406, 320, 1342, 272, 272, 335, 273, 273, 274, 16368, 13439, 2971, 748, 531, 286, 539, 320, 2368, 49407}},
        {"", {49406, 49407}},
    };
    static const char *const layouts[] = {"merges.txt", "bpe_simple_vocab_16e6.txt.gz"};
    for (size_t layout = 0; layout < 2; layout++) {
        cs_tokenizer *t = open_clip(layouts[layout], layout ? NULL : "vocab.json", CONTEXT);
        if (!t) {
            tap_skip("CLIP's known ids", "no shared data");
            continue;
        }
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            size_t count = 1;
            while (cases[i].ids[count - 1] != CLIP_VOCABULARY - 1)
                count++;
            TAP_OK(encodes_to(t, cases[i].text, strlen(cases[i].text), cases[i].ids, count), "%s: \"%s\"",
                   layouts[layout], i == 10 ? "A..." : cases[i].text);
        }
        TAP_OK(strcmp(cs_tokenizer_piece(t, 320), "a</w>") == 0 &&
                   strcmp(cs_tokenizer_piece(t, 49407), "<|endoftext|>") == 0 &&
                   strcmp(cs_tokenizer_piece(t, 0), "!") == 0 && !cs_tokenizer_piece(t, 49408) &&
                   !cs_tokenizer_piece(t, -1),
               "pieces are spelled as in the vocabulary file");
        cs_tokenizer_close(&t);
    }
}

/* Every string of the fixture, whole, against the ids the reference gave. */
static void test_golden(const cs_tokenizer *t, const char *name)
{
    fixture strings, golden;
    bool opened = fixture_open(&strings, "strings.gz");
    opened = fixture_open(&golden, name) && opened;
    int32_t *ids = cs_alloc_array(WHOLE, sizeof *ids);
    size_t strings_count = 0, ids_count = 0, wrong = 0;
    while (ids && opened && fixture_next(&strings) && fixture_next(&golden)) {
        size_t count = 0;
        const char *text = strings.line.len ? strings.line.data : "";
        bool same = cs_tokenizer_encode(t, text, strings.line.len, true, ids, &count, NULL) == CLIPSEARCH_OK;
        const char *at = golden.line.data;
        for (size_t i = 0; same && i < count; i++) {
            char *end;
            same = strtol(at, &end, 10) == ids[i] && end > at;
            at = end;
        }
        same = same && *at == '\0';
        strings_count++;
        ids_count += count;
        if (!same && wrong++ < 10)
            tap_note("string %zu: \"%.200s\"", strings_count, text);
    }
    TAP_OK(strings_count >= 10000 && strings.at >= strings.file.len && golden.at >= golden.file.len,
           "%s: %zu strings, %zu ids", name, strings_count, ids_count);
    TAP_OK(wrong == 0, "%s: ids as the reference has them: %zu differ", name, wrong);
    cs_free(ids);
    fixture_close(&strings);
    fixture_close(&golden);
}

/* The limit of 77 with both policies, at every length around it. */
static void test_context(const cs_tokenizer *t, const cs_tokenizer *whole)
{
    int32_t start, end, ids[CONTEXT + 1], all[2 * CONTEXT];
    size_t count;
    bool right = true;
    cs_tokenizer_encode(t, "", 0, true, ids, &count, NULL);
    start = ids[0];
    end = ids[1];
    TAP_OK(count == 2, "no words: start and end");
    for (size_t words = 70; words <= 100; words++) {
        cs_buf text = cs_buf_make(1000);
        size_t all_count;
        for (size_t i = 0; i < words; i++)
            cs_buf_puts(&text, i % 3 ? "1 " : "? ");
        cs_tokenizer_encode(whole, text.data, text.len, true, all, &all_count, NULL);
        clipsearch_error err = {0};
        ids[CONTEXT] = -7;
        clipsearch_status status = cs_tokenizer_encode(t, text.data, text.len, true, ids, &count, &err);
        bool fits = words + 2 <= CONTEXT;
        right = right && all_count == words + 2 && ids[CONTEXT] == -7 &&
                (fits ? status == CLIPSEARCH_OK && count == words + 2
                      : status == CLIPSEARCH_E_LIMIT && count == 0 && strstr(err.message, "77"));
        right = right && cs_tokenizer_encode(t, text.data, text.len, false, ids, &count, &err) == CLIPSEARCH_OK &&
                count == (fits ? words + 2 : CONTEXT) && ids[0] == start && ids[count - 1] == end &&
                memcmp(ids, all, (count - 1) * sizeof *ids) == 0 && ids[CONTEXT] == -7;
        bool truncated;
        right = right &&
                cs_tokenizer_truncate(t, text.data, text.len, ids, &count, &truncated, &err) == CLIPSEARCH_OK &&
                truncated == !fits && count == (fits ? words + 2 : CONTEXT);
        cs_buf_free(&text);
    }
    TAP_OK(right, "70 to 100 tokens: refused or cut at 77, the end token last");
}

static void test_too_long(const cs_tokenizer *t)
{
    cs_buf text = cs_buf_make(WHOLE + 1);
    int32_t ids[CONTEXT];
    size_t count;
    clipsearch_error err = {0};
    cs_buf_reserve(&text, WHOLE + 1);
    for (uint32_t i = 0, random = 1; i < WHOLE; i++) {
        random = random * 1664525u + 1013904223u;
        cs_buf_putc(&text, (char)('a' + (random >> 24) % 26));
    }
    double begin = now();
    clipsearch_status status = cs_tokenizer_encode(t, text.data, text.len, false, ids, &count, &err);
    double seconds = now() - begin;
    /* 0.3 s on the machine it was written on; a sanitizer takes several times that, quadratic merging takes hours */
    TAP_OK(status == CLIPSEARCH_OK && count == CONTEXT && seconds < 10, "one word of 1 MiB: %.3f s", seconds);
    status = cs_tokenizer_encode(t, text.data, text.len, true, ids, &count, &err);
    TAP_OK(status == CLIPSEARCH_E_LIMIT && strstr(err.message, "77"), "refused: %s", err.message);
    cs_buf_putc(&text, 'a');
    status = cs_tokenizer_encode(t, text.data, text.len, false, ids, &count, &err);
    TAP_OK(status == CLIPSEARCH_E_LIMIT && count == 0, "a byte more: %s", err.message);
    cs_buf_free(&text);
}

/* Texts below 1 KiB take no memory; longer ones do, which shows that the counter works. */
static void test_allocations(const cs_tokenizer *t)
{
    static const char *const patterns[] = {"a white dog ", "&eacute;", "\xef\xac\x83", "白い犬", "e\xcc\x81", "😀", "Σ"};
    int32_t ids[CONTEXT];
    size_t count;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        char text[4096] = "";
        size_t size = 0, n = strlen(patterns[i]);
        for (; size + n < 1024; size += n)
            memcpy(text + size, patterns[i], n);
        uint64_t before = cs_mem_count();
        clipsearch_status status = cs_tokenizer_encode(t, text, size, false, ids, &count, NULL);
        TAP_OK(status == CLIPSEARCH_OK && cs_mem_count() == before, "%zu bytes of \"%s\" take no memory", size,
               patterns[i]);
        for (; size + n < sizeof text; size += n)
            memcpy(text + size, patterns[i], n);
        cs_tokenizer_encode(t, text, size, false, ids, &count, NULL);
        if (i == 0)
            TAP_OK(cs_mem_count() > before, "%zu bytes do", size);
    }
}

typedef struct job {
    const cs_tokenizer *tokenizer;
    bool right;
} job;

static void *encode_often(void *context)
{
    job *j = context;
    static const char text[] = "Two “white” dogs &amp; a cat’s café, 2024";
    int32_t first[CONTEXT], ids[CONTEXT];
    size_t first_count, count;
    cs_tokenizer_encode(j->tokenizer, text, sizeof text - 1, true, first, &first_count, NULL);
    j->right = true;
    for (int i = 0; i < 2000; i++) {
        cs_tokenizer_encode(j->tokenizer, text, sizeof text - 1, true, ids, &count, NULL);
        j->right = j->right && count == first_count && memcmp(ids, first, count * sizeof *ids) == 0;
    }
    return NULL;
}

static void test_threads(const cs_tokenizer *t)
{
    pthread_t threads[4];
    job jobs[4];
    bool right = true;
    for (int i = 0; i < 4; i++) {
        jobs[i] = (job){.tokenizer = t};
        right = pthread_create(&threads[i], NULL, encode_often, &jobs[i]) == 0 && right;
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        right = right && jobs[i].right;
    }
    TAP_OK(right, "four threads share a tokenizer");
}

static void test_out_of_memory(const cs_tokenizer *t)
{
    char text[6000]; /* one word too long for the stack */
    int32_t ids[CONTEXT];
    size_t count;
    memset(text, 'a', sizeof text);
    bool done = false, right = true;
    int n = 1;
    for (; !done && n < 100; n++) {
        clipsearch_error err = {0};
        cs_mem_fail_at((uint64_t)n);
        clipsearch_status status = cs_tokenizer_encode(t, text, sizeof text, false, ids, &count, &err);
        cs_mem_fail_at(0);
        done = status == CLIPSEARCH_OK;
        right = right && (done || (status == CLIPSEARCH_E_MEMORY && err.message[0] && count == 0));
    }
    TAP_OK(done && right && n > 6, "encoding: each of %d allocations failing in turn is told", n - 2);

    char merges[4096], vocab[4096];
    snprintf(merges, sizeof merges, "%s", fixture_path("weights/default/merges.txt"));
    snprintf(vocab, sizeof vocab, "%s", fixture_path("weights/default/vocab.json"));
    for (n = 1, done = false, right = true; !done && n < 1000; n++) {
        clipsearch_error err = {0};
        cs_tokenizer *opened = NULL;
        cs_mem_fail_at((uint64_t)n);
        clipsearch_status status = cs_tokenizer_open(merges, vocab, DEFAULT_VOCABULARY, CONTEXT, &opened, &err);
        cs_mem_fail_at(0);
        done = status == CLIPSEARCH_OK;
        right = right && (done ? opened != NULL : status == CLIPSEARCH_E_MEMORY && !opened && err.message[0]);
        cs_tokenizer_close(&opened);
    }
    TAP_OK(done && right && n > 8, "opening: each of %d allocations failing in turn is told", n - 2);
}

static void test_with(cs_tokenizer *t, cs_tokenizer *whole, const char *golden)
{
    if (t && whole) {
        test_golden(whole, golden);
        test_context(t, whole);
    }
}

static void time_opening(void)
{
    static const struct {
        const char *merges, *vocab;
    } files[] = {{"merges.txt", NULL}, {"merges.txt", "vocab.json"}, {"bpe_simple_vocab_16e6.txt.gz", NULL}};
    for (size_t i = 0; i < 3; i++) {
        double best = 1e9;
        for (int run = 0; run < 5; run++) {
            double begin = now();
            cs_tokenizer *t = open_clip(files[i].merges, files[i].vocab, CONTEXT);
            double seconds = now() - begin;
            best = t && seconds < best ? seconds : best;
            cs_tokenizer_close(&t);
        }
        if (best < 1e9)
            tap_note("opened %s%s in %.1f ms", files[i].merges, files[i].vocab ? " with vocab.json" : "", best * 1e3);
    }
}

int main(void)
{
    test_known();
    cs_tokenizer *t = open_default(CONTEXT), *whole = open_default(WHOLE);
    test_with(t, whole, "default.ids.gz");
    if (t) {
        test_too_long(t);
        test_allocations(t);
        test_threads(t);
        test_out_of_memory(t);
    }
    cs_tokenizer_close(&t);
    cs_tokenizer_close(&whole);
    t = open_clip("merges.txt", "vocab.json", CONTEXT);
    whole = open_clip("bpe_simple_vocab_16e6.txt.gz", NULL, WHOLE);
    if (!t)
        tap_skip("CLIP's ids of the fixture", "no shared data");
    test_with(t, whole, "clip.ids.gz");
    if (t)
        test_too_long(t);
    cs_tokenizer_close(&t);
    cs_tokenizer_close(&whole);
    time_opening();
    return tap_done();
}
