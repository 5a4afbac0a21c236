/* SPDX-License-Identifier: MIT
 * output_file.h - output to a file, which is replaced only when the output is complete, or to standard output. */
#ifndef CS_CLI_OUTPUT_OUTPUT_FILE_H
#define CS_CLI_OUTPUT_OUTPUT_FILE_H

#include "base/replace.h"

#include <stdio.h>

typedef struct cs_output_file {
    FILE *stream;
    cs_replacement file; /* path NULL: standard output */
} cs_output_file;

/* Write to `path`, or to standard output when it is NULL or "-". Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_output_file_open(const char *path, cs_output_file *out, clipsearch_error *err);

/* Put the complete file in place. Errors: CLIPSEARCH_E_IO when a part of it could not be written; then, and after
 * cs_output_file_discard, an older file at the path is unchanged. For standard output main() checks this at the end. */
clipsearch_status cs_output_file_commit(cs_output_file *out, clipsearch_error *err);
void cs_output_file_discard(cs_output_file *out);

#endif
