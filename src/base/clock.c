/* SPDX-License-Identifier: MIT
 * clock.c - the monotonic clock. */
#include "base/clock.h"

#include <time.h>

double cs_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
