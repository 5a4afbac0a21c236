/* SPDX-License-Identifier: MIT
 * period.h - a filter for what was taken in a period. */
#ifndef CS_FILTER_PERIOD_H
#define CS_FILTER_PERIOD_H

#include "base/error.h"

/* As clipsearch_filter_period says. */
clipsearch_status cs_filter_period(const char *since, const char *until, char filter[CLIPSEARCH_PERIOD_SIZE],
                                   clipsearch_error *err);

#endif
