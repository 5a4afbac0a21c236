/* SPDX-License-Identifier: MIT
 * replay.c - runs a fuzz target without libFuzzer: over its seed files, and over damaged copies of each. TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SEED = 1 << 20, VARIANTS = 200 };

/* xorshift64*: Vigna 2016; the same damage in every run */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* The target sees an exact-size block, so that a sanitizer catches the first byte read past it. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(size ? size : 1, 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_damaged(const uint8_t *data, size_t size)
{
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15) ^ size;
    uint8_t *copy = calloc(size + 1, 1);
    if (!copy)
        abort();
    for (int i = 0; i < VARIANTS && size; i++) {
        memcpy(copy, data, size);
        size_t n = size;
        if (i % 2)
            n = next_random(&state) % size; /* cut short */
        for (uint64_t flips = 1 + next_random(&state) % 4; flips && n; flips--)
            copy[next_random(&state) % n] = (uint8_t)next_random(&state);
        run_copy(copy, n);
    }
    free(copy);
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(MAX_SEED);
    if (!file || !data) {
        free(data);
        if (file)
            fclose(file);
        return 0;
    }
    size_t size = fread(data, 1, MAX_SEED, file);
    fclose(file);
    run_copy(data, size);
    run_damaged(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int tests = 0, failures = 0;
    run_copy((const uint8_t *)"", 0);
    printf("ok %d - empty input\n", ++tests);
    for (int i = 1; i < argc; i++) {
        DIR *directory = opendir(argv[i]);
        struct dirent *entry;
        if (!directory) {
            printf("not ok %d - cannot open %s\n", ++tests, argv[i]);
            failures++;
            continue;
        }
        while ((entry = readdir(directory))) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            int pass = run_file(path);
            printf("%s %d - %s and %d damaged copies\n", pass ? "ok" : "not ok", ++tests, entry->d_name, VARIANTS);
            failures += !pass;
        }
        closedir(directory);
    }
    printf("1..%d\n", tests);
    return failures != 0;
}
