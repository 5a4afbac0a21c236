/* SPDX-License-Identifier: MIT
 * lock_file.h - a file whose lock one holder has at a time, among processes and threads. */
#ifndef CS_BASE_LOCK_FILE_H
#define CS_BASE_LOCK_FILE_H

#include "base/error.h"

typedef struct cs_lock_file cs_lock_file;

/* Take the lock of `path`, a file that is made for it, without waiting. *lock NULL: another holder has it, and *holder
 * is the number of its process, or 0 when that is not known. The lock ends with the process, however it ends. Where a
 * lock file cannot be made or the file system has no locks, and for `path` NULL, everyone has the lock: it keeps nobody
 * out.
 * Errors: CLIPSEARCH_E_MEMORY. */
clipsearch_status cs_lock_file_try(const char *path, cs_lock_file **lock, long *holder, clipsearch_error *err);

/* Remove the file and give the lock back; NULL is fine. */
void cs_lock_file_release(cs_lock_file **lock);

#endif
