/* SPDX-License-Identifier: MIT
 * cpu.h - which instruction sets this processor and operating system support, and the choice among tables by them. */
#ifndef CS_KERNELS_CPU_H
#define CS_KERNELS_CPU_H

#include <stdbool.h>

/* What a table of kernels may need: bits. CS_CPU_C needs nothing. */
enum {
    CS_CPU_C = 0,
    CS_CPU_AVX2 = 1 << 0,       /* AVX2, FMA, F16C */
    CS_CPU_AVXVNNI = 1 << 1,    /* vpdpbusd in 256-bit registers, without AVX-512 */
    CS_CPU_AVX512 = 1 << 2,     /* AVX-512 F, BW, DQ, VL */
    CS_CPU_AVX512VNNI = 1 << 3, /* vpdpbusd */
    CS_CPU_AVX512BF16 = 1 << 4, /* vdpbf16ps */
    CS_CPU_NEON = 1 << 5,       /* AArch64 */
    CS_CPU_AMX = 1 << 6         /* tiles, tdpbusd and tdpbf16ps */
};
typedef unsigned cs_cpu_flags;

/* Those that the processor (CPUID), the operating system (XGETBV) and this build support, as far as the environment
 * variable CLIPSEARCH_CPU, read once, allows: the name of a level, which is a mask of flags. For AMX the first call
 * asks Linux for the state of its tiles. That makes a signal's frame 8 KiB larger: from then on sigaltstack wants as
 * much more. */
cs_cpu_flags cs_cpu_best(void);

/* The same regardless of the environment: tests go up to it. */
cs_cpu_flags cs_cpu_highest(void);

/* Whether this processor's vdpbf16ps does less than two fused multiply-adds of floats in the same time. It does on
 * Intel's: one of Sapphire Rapids begins 0.46 a cycle, two multiply-adds each, but two of the other; AMD's (Zen 4) do
 * twice as much by vdpbf16ps. */
bool cs_cpu_bf16_is_slow(void);

/* The levels in ascending order: c, avx2, avxvnni, avx512, avx512vnni, avx512bf16, amx, neon. NULL behind the last. */
const char *cs_cpu_level_name(unsigned level);
cs_cpu_flags cs_cpu_level_flags(unsigned level);

/* The name of the highest level whose flags are all in `flags`. */
const char *cs_cpu_name(cs_cpu_flags flags);

/* A table of kernels and the flags it needs. */
typedef struct cs_cpu_choice {
    cs_cpu_flags needs;
    const void *ops;
} cs_cpu_choice;

/* The first of `choices`, which are ordered from best to worst and end with CS_CPU_C, that needs nothing beside
 * `flags`. NULL when cs_cpu_highest() lacks one of `flags`. */
const void *cs_cpu_choose(const cs_cpu_choice *choices, cs_cpu_flags flags);

#endif
