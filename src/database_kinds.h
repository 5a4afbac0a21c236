/* SPDX-License-Identifier: MIT
 * database_kinds.h - which backend a database's path means: the one place that knows all of them. */
#ifndef CS_DATABASE_KINDS_H
#define CS_DATABASE_KINDS_H

#include "ingest/target.h"

/* How databases of every kind are opened: a file of SQLite, or an address of Milvus. */
extern const cs_database_opener cs_database_kinds;

#endif
