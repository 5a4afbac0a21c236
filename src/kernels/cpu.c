/* SPDX-License-Identifier: MIT
 * cpu.c - instruction sets by CPUID, and by XGETBV what the operating system saves at a task switch. */
#include "kernels/cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cs_cpu_level highest = CS_CPU_C, best = CS_CPU_C;
static bool vnni, avxvnni;

#if (defined(__x86_64__) || defined(__i386__)) && (defined(CS_HAVE_AVX2) || defined(CS_HAVE_AVX512))
/* Bits as in the Intel SDM volume 2A (CPUID) and volume 1, 13.3 (XCR0). */
enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xe6 };

static unsigned saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

static cs_cpu_level detect(void)
{
    const unsigned need1 = bit_FMA | bit_AVX | bit_F16C | bit_OSXSAVE;
    cs_cpu_level level = CS_CPU_C;
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & need1) != need1)
        return level;
    unsigned saved = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2) || (saved & XCR0_YMM) != XCR0_YMM)
        return level;
#ifdef CS_HAVE_AVX2
    level = CS_CPU_AVX2;
#endif
#ifdef CS_HAVE_AVXVNNI
    unsigned a1, b1, c1, d1;
    avxvnni = a >= 1 && __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) && (a1 & bit_AVXVNNI);
#endif
#ifdef CS_HAVE_AVX512
    const unsigned need512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((b & need512) == need512 && (saved & XCR0_ZMM) == XCR0_ZMM) {
        level = CS_CPU_AVX512;
#ifdef CS_HAVE_AVX512VNNI
        vnni = (c & bit_AVX512VNNI) != 0;
#endif
    }
#endif
    return level;
}
#else
static cs_cpu_level detect(void)
{
    return CS_CPU_C;
}
#endif

static void fill(void)
{
    highest = best = detect();
    const char *wish = getenv("CLIPSEARCH_CPU");
    for (cs_cpu_level level = CS_CPU_C; wish && level < best; level++)
        if (strcmp(wish, cs_cpu_name(level)) == 0)
            best = level;
}

cs_cpu_level cs_cpu_best(void)
{
    pthread_once(&once, fill);
    return best;
}

cs_cpu_level cs_cpu_highest(void)
{
    pthread_once(&once, fill);
    return highest;
}

bool cs_cpu_has_vnni(void)
{
    pthread_once(&once, fill);
    return vnni;
}

bool cs_cpu_has_avxvnni(void)
{
    pthread_once(&once, fill);
    return avxvnni;
}

const char *cs_cpu_name(cs_cpu_level level)
{
    switch (level) {
    case CS_CPU_C:
        return "c";
    case CS_CPU_AVX2:
        return "avx2";
    case CS_CPU_AVX512:
        return "avx512";
    case CS_CPU_LEVELS:
        break;
    }
    return "?";
}
