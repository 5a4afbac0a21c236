/* SPDX-License-Identifier: MIT
 * write_out.h - writes to a stream and remembers why that failed: a stream itself keeps only that it did. */
#ifndef CS_CLI_OUTPUT_WRITE_OUT_H
#define CS_CLI_OUTPUT_WRITE_OUT_H

#include <stdbool.h>
#include <stdio.h>

/* Write [size] bytes. When the stream has failed, ferror(out) says so, as for fwrite. */
void cs_write_out(const void *bytes, size_t size, FILE *out);

/* Write what is left in the stream. False when that, or any write to it before, failed: *why (may be NULL) receives the
 * errno, 0 where it is not known. */
bool cs_flush_out(FILE *out, int *why);

#endif
