/* SPDX-License-Identifier: MIT
 * bad_files.h - image files that could not be read, listed together at the end. */
#ifndef CS_CLI_OUTPUT_BAD_FILES_H
#define CS_CLI_OUTPUT_BAD_FILES_H

#include "base/buf.h"

#include <stdint.h>

typedef struct cs_bad_files {
    cs_buf lines; /* of those that are shown */
    uint64_t count, shown, limit;
} cs_bad_files;

/* `all`: keep every one; else the first twenty. */
cs_bad_files cs_bad_files_make(bool all);
void cs_bad_files_add(cs_bad_files *bad, const char *path, const char *reason);
/* Print them, and how many more there are. */
void cs_bad_files_print(const cs_bad_files *bad, bool all);
void cs_bad_files_free(cs_bad_files *bad);

#endif
