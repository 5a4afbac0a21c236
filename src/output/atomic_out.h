/* SPDX-License-Identifier: MIT
 * atomic_out.h - output that becomes a file only when it is complete, or goes to standard output. */
#ifndef CS_OUTPUT_ATOMIC_OUT_H
#define CS_OUTPUT_ATOMIC_OUT_H

#include "base/replace.h"

#include <stdio.h>

typedef struct cs_out {
    FILE *stream;
    cs_replacement file; /* path NULL: standard output */
} cs_out;

/* Write to `path`, or to standard output when it is NULL or "-". Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_out_open(const char *path, cs_out *out, clipsearch_error *err);

/* All was written: put the file in place. CLIPSEARCH_E_IO when something of it could not be written; then, as after
 * cs_out_drop, an older file at the path is as it was. Standard output is checked by the program's end instead. */
clipsearch_status cs_out_finish(cs_out *out, clipsearch_error *err);
void cs_out_drop(cs_out *out);

#endif
