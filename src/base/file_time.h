/* SPDX-License-Identifier: MIT
 * file_time.h - the time of a file as a number of seconds. */
#ifndef CS_BASE_FILE_TIME_H
#define CS_BASE_FILE_TIME_H

#include <stdint.h>

enum { CS_NANOSECONDS = 1000000000 }; /* of a second */

/* Nanoseconds since 1970 as seconds. Of the whole first: a double does not hold today's nanoseconds, and what they lose
 * would be seen in the last digits. Filters compute the same in SQL (store/filter_sql.c). */
static inline double cs_file_seconds(int64_t ns)
{
    return (double)(ns / CS_NANOSECONDS) + (double)(ns % CS_NANOSECONDS) / 1e9;
}

#endif
