/* SPDX-License-Identifier: MIT
 * permissions.c - who may write a database and the files that SQLite keeps beside it. */
#include "store/store_internal.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cs_store_may_keep_log(const cs_store *store)
{
    const char *file = sqlite3_db_filename(store->db, "main");
    if (!file || sqlite3_db_readonly(store->db, "main") == 1)
        return false;
    const char *slash = strrchr(file, '/');
    char *directory = slash ? cs_strndup(file, slash == file ? 1 : (size_t)(slash - file)) : cs_strdup(".");
    const bool may = !directory || faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0;
    cs_free(directory);
    return may;
}

static const char *const suffixes[] = {"-wal", "-shm"};

/* The name of a file beside the database; false when it is too long. */
static bool name_beside(const cs_store *store, const char *suffix, char name[], size_t size)
{
    const char *file = store->db ? sqlite3_db_filename(store->db, "main") : NULL;
    const int n = snprintf(name, size, "%s%s", file && *file ? file : store->path, suffix);
    return n > 0 && (size_t)n < size;
}

/* SQLite gives these files the permissions of the database, and the owner when root makes them, but not the group. */
void cs_store_share_log(const cs_store *store)
{
    char name[4096 + 8];
    struct stat database, beside;
    if (store->read_only && !cs_store_may_keep_log(store))
        return;
    if (!name_beside(store, "", name, sizeof name) || stat(name, &database) != 0 || database.st_gid == getegid())
        return;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (name_beside(store, suffixes[i], name, sizeof name) && lstat(name, &beside) == 0 &&
            beside.st_uid == geteuid() && beside.st_gid != database.st_gid)
            (void)!lchown(name, (uid_t)-1, database.st_gid);
}

bool cs_store_find_locked_out(const cs_store *store, char name[], size_t size)
{
    const int need = store->reader ? R_OK : R_OK | W_OK;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (name_beside(store, suffixes[i], name, size) && faccessat(AT_FDCWD, name, F_OK, AT_EACCESS) == 0 &&
            faccessat(AT_FDCWD, name, need, AT_EACCESS) != 0)
            return true;
    return false;
}
