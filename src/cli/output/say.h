/* SPDX-License-Identifier: MIT
 * say.h - words for the person at the terminal, on standard error. */
#ifndef CS_CLI_OUTPUT_SAY_H
#define CS_CLI_OUTPUT_SAY_H

#include "base/buf.h"

/* "clipsearch: " and the message, a line of standard error. Control characters inside, which a file name can hold and a
 * terminal would obey, are shown as '?'; line feeds of the format are kept. */
void cs_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Append `text` with control characters and broken UTF-8 as '?'. For what a person reads, never for data. */
void cs_put_printable(cs_buf *buf, const char *text);

/* 1234567 as "1,234,567". `room` needs 27 bytes. */
const char *cs_grouped(unsigned long long number, char room[27]);

/* Bytes as "512 bytes", "1.5 KiB", "23.0 MiB", ... `room` needs 32 bytes. */
const char *cs_byte_words(unsigned long long bytes, char room[32]);

/* Seconds as "0.4 s", "1 min 05 s", "2 h 03 min". `room` needs 32 bytes. */
const char *cs_duration_words(double seconds, char room[32]);

#endif
