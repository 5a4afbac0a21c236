/* SPDX-License-Identifier: MIT
 * ingest_lock.c - one ingestion into a collection at a time, by a lock file beside the database. */
#include "local/collection.h"
#include "local/local.h"

#include "base/buf.h"
#include "base/collection_name.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static clipsearch_status try_lock(const char *file, const char *collection, cs_lock_file **lock, long *holder,
                                  clipsearch_error *err)
{
    cs_buf path = cs_buf_make(SIZE_MAX / 2);
    clipsearch_status status = cs_check_file_collection_name(collection, err);
    *lock = NULL;
    if (status != CLIPSEARCH_OK)
        return status;
    cs_buf_printf(&path, "%s.%s.ingest", file, collection);
    status = path.failed ? cs_fail_memory(err, "a path") : cs_lock_file_try(path.data, lock, holder, err);
    cs_buf_free(&path);
    return status;
}

/* A database in memory is one process's alone, which knows what it does. */
clipsearch_status cs_local_lock_collection(clipsearch_collection *base, cs_lock_file **lock, long *holder,
                                           clipsearch_error *err)
{
    const local_database *db = cs_local_database(base->db);
    return db->in_memory ? cs_lock_file_try(NULL, lock, holder, err)
                         : try_lock(cs_store_file(db->first), base->identity.name, lock, holder, err);
}

/* By whatever links the file is opened, its lock has one name. */
clipsearch_status cs_local_lock_ingestion(const char *path, const char *collection, cs_lock_file **lock, long *holder,
                                          clipsearch_error *err)
{
    char real[PATH_MAX];
    if (strcmp(path, CS_STORE_MEMORY) == 0)
        return cs_lock_file_try(NULL, lock, holder, err);
    return try_lock(realpath(path, real) ? real : path, collection, lock, holder, err);
}
