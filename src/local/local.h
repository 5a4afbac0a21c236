/* SPDX-License-Identifier: MIT
 * local.h - the backend that keeps a database in a SQLite file with index files beside it. */
#ifndef CS_LOCAL_LOCAL_H
#define CS_LOCAL_LOCAL_H

#include "backend/backend.h"

/* As clipsearch_database_open says, arguments checked. */
clipsearch_status cs_local_open(const char *path, unsigned flags, clipsearch_database **db, clipsearch_error *err);

#endif
