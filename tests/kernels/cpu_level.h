/* SPDX-License-Identifier: MIT
 * cpu_level.h - a level that this processor or build lacks is counted as skipped, not passed under another name. */
#ifndef TESTS_CPU_LEVEL_H
#define TESTS_CPU_LEVEL_H

#include "kernels/cpu.h"

#include <stdbool.h>

/* For a program that meson runs once for each level (environment variable CLIPSEARCH_CPU). The library runs a level
 * that is lacking as the highest below it: then this reports one skip and returns false, and the program ends with
 * tap_done(). Otherwise it notes the level. */
bool cpu_level_runs(void);

/* For a program that goes through the levels that have kernels for floats: from CS_CPU_C on, the next one that this
 * processor and build have; behind the last CPU_LEVEL_END. */
#define CPU_LEVEL_END (~0u)
cs_cpu_flags cpu_level_after(cs_cpu_flags level);

/* One skip for each level that is lacking. */
void cpu_level_skip_missing(void);

#endif
