/* SPDX-License-Identifier: MIT
 * schema.h - the tables, and the steps from each version of them to the next. */
#ifndef CS_STORE_SCHEMA_H
#define CS_STORE_SCHEMA_H

/* "clse" in bytes 68 to 71 of the file: what tells a clipsearch database from any other SQLite file. */
enum { CS_STORE_APPLICATION_ID = 0x636c7365 };

/* cs_store_steps[v] is the SQL that turns version v into v + 1; version 0 is an empty file. Each sets user_version
 * itself; they are run inside one transaction. */
extern const char *const cs_store_steps[];

#endif
