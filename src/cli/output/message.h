/* SPDX-License-Identifier: MIT
 * message.h - messages for the person at the terminal, on standard error. */
#ifndef CS_CLI_OUTPUT_MESSAGE_H
#define CS_CLI_OUTPUT_MESSAGE_H

#include "base/buf.h"

#include <stdio.h>

/* Print "clipsearch: " and the message as a line of standard error. Control characters (C0, C1) and broken UTF-8 in it
 * are shown as '?': a file name can contain them, and a terminal would obey them. Line feeds are kept. */
void cs_print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a message of one line, which may contain names of files: line feeds in it are shown as '?' too. */
void cs_print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print `text`, such as a path in a line of results, with control characters, line feeds too, and
 * broken UTF-8 as '?'. */
void cs_print_name(const char *text, FILE *out);

/* Append `text` with control characters and broken UTF-8 as '?'. For output that a person reads, never for data. */
void cs_put_printable(cs_buf *buf, const char *text);

#endif
