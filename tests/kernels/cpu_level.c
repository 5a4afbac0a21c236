/* SPDX-License-Identifier: MIT
 * cpu_level.c - compares the level asked for with the one that runs. */
#include "cpu_level.h"

#include "kernels/cpu.h"
#include "tap.h"

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

void cpu_level_skip_missing(void)
{
    for (int level = cs_cpu_highest() + 1; level < CS_CPU_LEVELS; level++)
        skip(cs_cpu_name((cs_cpu_level)level));
}
