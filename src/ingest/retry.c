/* SPDX-License-Identifier: MIT
 * retry.c - how often to try, and how long to wait. */
#include "ingest/retry.h"

#include <errno.h>
#include <time.h>

/* Milliseconds to wait before the second and the third try: long enough for another thread to close a file, short
 * enough not to matter to a person. */
static const long WAITS[] = {10, 50};

bool cs_retry(cs_retries *retries, unsigned tries, const clipsearch_error *why)
{
    if (!cs_is_machine_error(why) || tries > sizeof WAITS / sizeof *WAITS)
        return false;
    if (atomic_fetch_sub(&retries->left, 1) <= 0) {
        atomic_store(&retries->left, 0); /* so that it cannot wrap round */
        return false;
    }
    struct timespec wait = {.tv_nsec = WAITS[tries - 1] * 1000000};
    nanosleep(&wait, NULL);
    return true;
}

clipsearch_status cs_stat_retrying(cs_retries *retries, const char *path, cs_file_info *info, clipsearch_error *err)
{
    clipsearch_status status;
    unsigned tries = 0;
    do
        status = cs_file_stat(path, info, err);
    while (status != CLIPSEARCH_OK && cs_retry(retries, ++tries, err));
    return status;
}
