/* SPDX-License-Identifier: MIT
 * cpu.h - which instruction sets this processor and operating system support. */
#ifndef CS_KERNELS_CPU_H
#define CS_KERNELS_CPU_H

#include <stdbool.h>

/* Cumulative levels. AVX2 means AVX2 + FMA + F16C; AVX512 means F + BW + DQ + VL besides. */
typedef enum cs_cpu_level { CS_CPU_C, CS_CPU_AVX2, CS_CPU_AVX512, CS_CPU_LEVELS } cs_cpu_level;

/* The highest level that the processor (CPUID), the operating system (XGETBV) and this build support. The environment
 * variable CLIPSEARCH_CPU = c | avx2 | avx512, read once, can lower it but not raise it. */
cs_cpu_level cs_cpu_best(void);

/* The highest level regardless of the environment: tests go up to it. */
cs_cpu_level cs_cpu_highest(void);

/* AVX512-VNNI besides the highest level CS_CPU_AVX512, in this processor and in this build. Not a level of its own:
 * only the integer kernels (i8.h, qgemm.h) use it. */
bool cs_cpu_has_vnni(void);

/* AVX-VNNI (256-bit registers, without AVX-512) besides CS_CPU_AVX2. */
bool cs_cpu_has_avxvnni(void);

const char *cs_cpu_name(cs_cpu_level level);

#endif
