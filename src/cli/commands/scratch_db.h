/* SPDX-License-Identifier: MIT
 * scratch_db.h - the name of a database that is thrown away: a dry run's stand-in for one that is not there yet. */
#ifndef CS_CLI_COMMANDS_SCRATCH_DB_H
#define CS_CLI_COMMANDS_SCRATCH_DB_H

#include "base/error.h"

typedef struct cs_scratch_db {
    char *directory, *path; /* NULL: none was made */
} cs_scratch_db;

/* A fresh directory below $TMPDIR (or /tmp), and a file name in it. Errors: CLIPSEARCH_E_IO, _MEMORY. */
clipsearch_status cs_scratch_db_make(cs_scratch_db *scratch, clipsearch_error *err);

/* Remove what SQLite left there and the directory. */
void cs_scratch_db_remove(cs_scratch_db *scratch);

#endif
