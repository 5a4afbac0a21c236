/* SPDX-License-Identifier: MIT
 * retry.h - file operations that fail because of the machine, not because of the file, are tried again. */
#ifndef CS_INGEST_RETRY_H
#define CS_INGEST_RETRY_H

#include "base/file.h"

#include <stdatomic.h>

/* How many more waits one ingestion may spend. A machine that is only busy needs few; on a disk that is dead each file
 * would cost two. */
typedef struct cs_retries {
    atomic_int left;
} cs_retries;

enum { CS_RETRIES_OF_A_RUN = 256 };

/* After try number `tries` (from 1) failed with `why`: whether to try again, which only helps after
 * cs_is_machine_error. If so it has waited a little. Any thread
 * may call it. */
bool cs_retry(cs_retries *retries, unsigned tries, const clipsearch_error *why);

/* cs_file_stat, tried again after a machine's error. */
clipsearch_status cs_stat_retrying(cs_retries *retries, const char *path, cs_file_info *info, clipsearch_error *err);

#endif
