/* SPDX-License-Identifier: MIT
 * cpu.c - instruction sets by CPUID, and by XGETBV what the operating system saves at a task switch. */
#include "kernels/cpu.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
    LEVEL_AVX512 = CS_CPU_AVX2 | CS_CPU_AVX512,
    LEVEL_AVX512VNNI = LEVEL_AVX512 | CS_CPU_AVX512VNNI,
    LEVEL_AVX512BF16 = LEVEL_AVX512VNNI | CS_CPU_AVX512BF16, /* no processor has it without VNNI */
    LEVEL_AMX = LEVEL_AVX512BF16 | CS_CPU_AMX                /* nor this without BF16 */
};

static const struct level {
    const char *name;
    cs_cpu_flags flags;
} levels[] = {{"c", CS_CPU_C},
              {"avx2", CS_CPU_AVX2},
              {"avxvnni", CS_CPU_AVX2 | CS_CPU_AVXVNNI},
              {"avx512", LEVEL_AVX512},
              {"avx512vnni", LEVEL_AVX512VNNI},
              {"avx512bf16", LEVEL_AVX512BF16},
              {"amx", LEVEL_AMX},
              {"neon", CS_CPU_NEON}};

/* Those that this build has kernels for. */
enum {
    BUILT = 0
#ifdef CS_HAVE_AVX2
            | CS_CPU_AVX2
#endif
#ifdef CS_HAVE_AVXVNNI
            | CS_CPU_AVXVNNI
#endif
#ifdef CS_HAVE_AVX512
            | CS_CPU_AVX512
#endif
#ifdef CS_HAVE_AVX512VNNI
            | CS_CPU_AVX512VNNI
#endif
#ifdef CS_HAVE_AVX512BF16
            | CS_CPU_AVX512BF16
#endif
#ifdef CS_HAVE_AMX
            | CS_CPU_AMX
#endif
#ifdef CS_HAVE_NEON
            | CS_CPU_NEON
#endif
};

/* tests/kernels/test_emulated.sh */
#ifndef CS_CPU_EMULATED
#define CS_CPU_EMULATED CS_CPU_C
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cs_cpu_flags highest, best;
static bool bf16_is_slow;

#if defined(__x86_64__) || defined(__i386__)
/* Bits as in the Intel SDM volume 2A (CPUID) and volume 1, 13.3 (XCR0). */
enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xe6, XCR0_TILES = 0x60000, XCR0_TILE_DATA = 18 };
enum { LEAF_7_1_AVXVNNI = 1 << 4, LEAF_7_1_AVX512BF16 = 1 << 5 };
enum { LEAF_7_AMX = 1 << 22 | 1 << 24 | 1 << 25 }; /* edx: BF16, TILE, INT8 */

static unsigned saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    (void)high;
    return low;
}

/* A process has to ask for tiles: <asm/prctl.h> of Linux 5.16 on, by its number, since older headers lack it. */
static bool may_use_tiles(void)
{
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XCR0_TILE_DATA) == 0;
#else
    return false;
#endif
}

static cs_cpu_flags detect(void)
{
    const unsigned need1 = bit_FMA | bit_AVX | bit_F16C | bit_OSXSAVE;
    const unsigned need512 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    unsigned a, b, c, d, more, unused;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & need1) != need1)
        return CS_CPU_C;
    const unsigned saved = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2) || (saved & XCR0_YMM) != XCR0_YMM)
        return CS_CPU_C;
    if (a < 1 || !__get_cpuid_count(7, 1, &more, &unused, &unused, &unused))
        more = 0;
    cs_cpu_flags flags = CS_CPU_AVX2;
    if (more & LEAF_7_1_AVXVNNI)
        flags |= CS_CPU_AVXVNNI;
    if ((b & need512) != need512 || (saved & XCR0_ZMM) != XCR0_ZMM)
        return flags;
    flags |= CS_CPU_AVX512;
    if (c & bit_AVX512VNNI)
        flags |= CS_CPU_AVX512VNNI;
    if (more & LEAF_7_1_AVX512BF16)
        flags |= CS_CPU_AVX512BF16;
    if ((flags & CS_CPU_AVX512BF16) && (d & LEAF_7_AMX) == LEAF_7_AMX && (saved & XCR0_TILES) == XCR0_TILES &&
        (BUILT & CS_CPU_AMX) != 0 && may_use_tiles())
        flags |= CS_CPU_AMX;
    return flags;
}

static bool is_intel(void)
{
    unsigned a, b = 0, c = 0, d = 0;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx && c == signature_INTEL_ecx &&
           d == signature_INTEL_edx;
}
#elif defined(__aarch64__)
/* Every AArch64 processor has it (Arm ARM, A1.5). */
static cs_cpu_flags detect(void)
{
    return CS_CPU_NEON;
}

static bool is_intel(void)
{
    return false;
}
#else
static cs_cpu_flags detect(void)
{
    return CS_CPU_C;
}

static bool is_intel(void)
{
    return false;
}
#endif

static void fill(void)
{
    highest = best = (detect() | CS_CPU_EMULATED) & BUILT;
    bf16_is_slow = is_intel(); /* CPUID takes long in a virtual machine: it is asked once */
    const char *wish = getenv("CLIPSEARCH_CPU");
    for (unsigned level = 0; wish && cs_cpu_level_name(level); level++)
        if (strcmp(wish, cs_cpu_level_name(level)) == 0)
            best = highest & levels[level].flags;
}

cs_cpu_flags cs_cpu_best(void)
{
    pthread_once(&once, fill);
    return best;
}

cs_cpu_flags cs_cpu_highest(void)
{
    pthread_once(&once, fill);
    return highest;
}

bool cs_cpu_bf16_is_slow(void)
{
    pthread_once(&once, fill);
    return bf16_is_slow;
}

const char *cs_cpu_level_name(unsigned level)
{
    return level < sizeof levels / sizeof *levels ? levels[level].name : NULL;
}

cs_cpu_flags cs_cpu_level_flags(unsigned level)
{
    return levels[level].flags;
}

const char *cs_cpu_name(cs_cpu_flags flags)
{
    const char *name = levels[0].name;
    for (unsigned level = 0; cs_cpu_level_name(level); level++)
        if ((levels[level].flags & ~flags) == 0)
            name = levels[level].name;
    return name;
}

const void *cs_cpu_choose(const cs_cpu_choice *choices, cs_cpu_flags flags)
{
    if (flags & ~cs_cpu_highest())
        return NULL;
    while (choices->needs & ~flags)
        choices++;
    return choices->ops;
}
