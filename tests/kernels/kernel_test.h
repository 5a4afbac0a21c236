/* SPDX-License-Identifier: MIT
 * kernel_test.h - what the kernel tests share: random numbers, buffers that detect an overrun, and a stopwatch. */
#ifndef TESTS_KERNEL_TEST_H
#define TESTS_KERNEL_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the numbers of a test look like. */
typedef enum kt_kind { KT_PLAIN, KT_LARGE, KT_TINY, KT_ZEROS, KT_KINDS } kt_kind;

uint32_t kt_random(void);
/* The same numbers from the beginning. */
void kt_random_again(void);
/* Uniform in [-1, 1). */
float kt_float(void);
/* KT_LARGE: about 1e17; KT_TINY: about 1e-22, so that products are subnormal; KT_ZEROS: +0, -0 and a few numbers. */
void kt_fill(float *x, size_t n, kt_kind kind);

/* A heap block of exactly offset + n bytes, so that the sanitizer sees one byte too many; the n bytes. */
typedef struct kt_block {
    void *base;
    void *at;
} kt_block;
kt_block kt_exact(size_t n, size_t offset);
/* The same, `offset` bytes behind the begin of a cache line. */
kt_block kt_exact_in_line(size_t n, size_t offset);

/* The same followed by canaries, for writes where no sanitizer runs. */
kt_block kt_canary(size_t n, size_t offset);
bool kt_canary_lives(const kt_block *block, size_t n);
void kt_free(kt_block *block);

/* Equal bits; any NaN equals any NaN. */
bool kt_same(const float *a, const float *b, size_t n);

/* A digest of floats' bits, any NaN being one number, that goes on from another (0 at first): what a test records of a
 * level above C is what all of them must give, on every machine. */
uint64_t kt_digest(uint64_t digest, const float *x, size_t n);
/* One test: whether the digest is the recorded one; skipped where `n`, the number of levels above C, is 0. */
void kt_check_digest(uint64_t digest, uint64_t recorded, size_t n);

/* Best processor time of one call on this thread in ns, over about a tenth of a second. */
double kt_time(void (*call)(void *context), void *context);
bool kt_wants_bench(int argc, char **argv);

/* Lengths every kernel is tried at: 0..70, then odd large ones. */
extern const size_t kt_lengths[];
extern const size_t kt_length_count;

#endif
