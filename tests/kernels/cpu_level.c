/* SPDX-License-Identifier: MIT
 * cpu_level.c - compares the level asked for with the one that runs. */
#include "cpu_level.h"

#include "tap.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void skip(const char *level)
{
    char what[64];
    snprintf(what, sizeof what, "level %s", level);
    tap_skip(what, "this processor or this build lacks it");
}

bool cpu_level_runs(void)
{
    const char *asked = getenv("CLIPSEARCH_CPU"), *runs = cs_cpu_name(cs_cpu_best());
    if (asked && strcmp(asked, runs) != 0) {
        skip(asked);
        return false;
    }
    tap_note("kernels: %s", runs);
    return true;
}

static const cs_cpu_flags float_levels[] = {CS_CPU_C, CS_CPU_AVX2, CS_CPU_AVX2 | CS_CPU_AVX512, CS_CPU_NEON};
enum { FLOAT_LEVELS = sizeof float_levels / sizeof *float_levels };

static bool is_lacking(cs_cpu_flags level)
{
    return (level & ~cs_cpu_highest()) != 0;
}

cs_cpu_flags cpu_level_after(cs_cpu_flags level)
{
    size_t i = 0;
    while (float_levels[i] != level)
        i++;
    for (i++; i < FLOAT_LEVELS; i++)
        if (!is_lacking(float_levels[i]))
            return float_levels[i];
    return CPU_LEVEL_END;
}

void cpu_level_skip_missing(void)
{
    for (size_t i = 0; i < FLOAT_LEVELS; i++)
        if (is_lacking(float_levels[i]))
            skip(cs_cpu_name(float_levels[i]));
}
