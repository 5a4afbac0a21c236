/* SPDX-License-Identifier: MIT
 * scratch_db.h - a temporary database, which a dry run uses when there is no database yet. */
#ifndef CS_CLI_COMMANDS_SCRATCH_DB_H
#define CS_CLI_COMMANDS_SCRATCH_DB_H

#include "base/error.h"

typedef struct cs_scratch_db {
    char *directory, *path; /* NULL: not created */
} cs_scratch_db;

/* Create a directory below $TMPDIR (or /tmp) and choose a file name in it. Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_scratch_db_make(cs_scratch_db *scratch, clipsearch_error *err);

/* Remove what SQLite left there and the directory. */
void cs_scratch_db_remove(cs_scratch_db *scratch);

#endif
