/* SPDX-License-Identifier: MIT
 * collection_name.h - what a collection may be called, in a file and on a server. */
#ifndef CS_BASE_COLLECTION_NAME_H
#define CS_BASE_COLLECTION_NAME_H

#include "base/error.h"

enum { CS_FILE_COLLECTION_NAME_MAX = 64 }; /* bytes; item_limits.h has the maximum on a server */

/* What a name in a file is made of. */
#define CS_COLLECTION_NAME_RULE "1 to 64 letters, digits, '_', '-' or '.'"

/* In a database file; on a Milvus server (source: the server's own messages). Errors: CLIPSEARCH_E_ARGUMENT. */
clipsearch_status cs_check_file_collection_name(const char *name, clipsearch_error *err);
clipsearch_status cs_check_server_collection_name(const char *name, clipsearch_error *err);

/* Whether a collection of any database can have this name. */
bool cs_can_name_collection(const char *name);

#endif
