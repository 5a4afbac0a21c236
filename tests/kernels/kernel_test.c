/* SPDX-License-Identifier: MIT
 * kernel_test.c - what the kernel tests share. */
#include "kernel_test.h"

#include "tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CANARY_BYTES = 64, CANARY = 0xa5 };

const size_t kt_lengths[] = {0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   10,  11,  12,  13,   14,   15,
                             16, 17, 18, 19, 20, 21, 22, 23,  24,  25,  26,  27,  28,  29,   30,   31,
                             32, 33, 34, 35, 36, 37, 38, 39,  40,  41,  42,  43,  44,  45,   46,   47,
                             48, 49, 50, 51, 52, 53, 54, 55,  56,  57,  58,  59,  60,  61,   62,   63,
                             64, 65, 66, 67, 68, 69, 70, 127, 128, 129, 255, 511, 512, 1023, 3072, 4099};
const size_t kt_length_count = sizeof kt_lengths / sizeof *kt_lengths;

#define SEED UINT64_C(0x9e3779b97f4a7c15)
static uint64_t state = SEED; /* xorshift64* (Vigna 2016) */

void kt_random_again(void)
{
    state = SEED;
}

uint32_t kt_random(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(state * 0x2545f4914f6cdd1du >> 32);
}

float kt_float(void)
{
    return (float)(int32_t)kt_random() * 0x1p-31f;
}

void kt_fill(float *x, size_t n, kt_kind kind)
{
    for (size_t i = 0; i < n; i++) {
        float f = kt_float();
        if (kind == KT_LARGE)
            f *= 1e17f;
        else if (kind == KT_TINY)
            f *= 1e-22f;
        else if (kind == KT_ZEROS && kt_random() % 4)
            f = kt_random() % 2 ? 0.0f : -0.0f;
        x[i] = f;
    }
}

static void *must(void *block)
{
    if (!block) {
        fputs("Bail out! no memory for the test\n", stdout);
        exit(1);
    }
    return block;
}

kt_block kt_exact(size_t n, size_t offset)
{
    kt_block block;
    block.base = must(malloc(offset + n + (offset + n == 0)));
    block.at = (char *)block.base + offset;
    return block;
}

kt_block kt_exact_in_line(size_t n, size_t offset)
{
    kt_block block = {0};
    if (posix_memalign(&block.base, 64, offset + n) != 0)
        block.base = NULL;
    block.at = (char *)must(block.base) + offset;
    return block;
}

kt_block kt_canary(size_t n, size_t offset)
{
    kt_block block;
    block.base = must(malloc(offset + n + CANARY_BYTES));
    block.at = (char *)block.base + offset;
    memset((char *)block.at + n, CANARY, CANARY_BYTES);
    return block;
}

bool kt_canary_lives(const kt_block *block, size_t n)
{
    const unsigned char *p = (const unsigned char *)block->at + n;
    for (size_t i = 0; i < CANARY_BYTES; i++)
        if (p[i] != CANARY)
            return false;
    return true;
}

void kt_free(kt_block *block)
{
    free(block->base);
    block->base = block->at = NULL;
}

bool kt_same(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0 && (a[i] == a[i] || b[i] == b[i]))
            return false;
    return true;
}

/* FNV-1a (Fowler, Noll and Vo), four bytes a step. */
uint64_t kt_digest(uint64_t digest, const float *x, size_t n)
{
    digest = digest ? digest : 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0x7fc00000;
        if (x[i] == x[i])
            memcpy(&bits, x + i, sizeof bits);
        digest = (digest ^ bits) * 0x100000001b3u;
    }
    return digest;
}

void kt_check_digest(uint64_t digest, uint64_t recorded, size_t n)
{
    if (n == 0)
        tap_skip("the bits that were recorded", "there is no level above C here");
    else
        TAP_OK(digest == recorded, "the bits that were recorded (0x%016" PRIx64 ")", digest);
}

/* This thread's own processor time: what other programs take from the machine does not count. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double kt_time(void (*call)(void *context), void *context)
{
    double start = now(), best = 0;
    size_t calls = 1;
    for (int rounds = 0; rounds < 3 || now() - start < 1e8; rounds++) {
        double begin = now();
        for (size_t i = 0; i < calls; i++)
            call(context);
        double took = now() - begin;
        if (rounds == 0 && took < 1e5) /* too short for the clock: measure several together */
            calls = (size_t)(1e5 / (took + 20)) + 1;
        else if (best == 0 || took / (double)calls < best)
            best = took / (double)calls;
    }
    return best;
}

bool kt_wants_bench(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "--bench") == 0;
}
