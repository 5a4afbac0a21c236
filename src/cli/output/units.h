/* SPDX-License-Identifier: MIT
 * units.h - counts, bytes and durations as people read them. */
#ifndef CS_CLI_OUTPUT_UNITS_H
#define CS_CLI_OUTPUT_UNITS_H

/* Each writes into `text`, which has the room shown, and returns it. */

/* 1234567 as "1,234,567". */
const char *cs_format_count(unsigned long long number, char text[27]);

/* Bytes as "512 bytes", "1.5 KiB", "23.0 MiB", ... */
const char *cs_format_bytes(unsigned long long bytes, char text[32]);

/* Seconds as "0.4 s", "1 min 05 s", "2 h 03 min". */
const char *cs_format_duration(double seconds, char text[32]);

/* "s" unless `count` is 1: the plural of "image" and the like. */
const char *cs_plural(unsigned long long count);

#endif
