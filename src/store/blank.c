/* SPDX-License-Identifier: MIT
 * blank.c - files that hold nothing of anybody's: what a power loss leaves of a database that was being created. */
#include "store/store_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    BLANK_MOST = 1 << 20, /* a new database, with all its tables, is 160 KiB */
    JOURNAL_HEADER = 28,  /* https://www.sqlite.org/fileformat.html 3 */
    JOURNAL_PAGES = 16    /* how many pages the database had before, big-endian */
};

clipsearch_status cs_store_handle(cs_store *store, sqlite3_file **file, const char *doing, clipsearch_error *err)
{
    *file = NULL;
    int code = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_FILE_POINTER, file);
    if (code == SQLITE_OK && (!*file || !(*file)->pMethods))
        code = SQLITE_CANTOPEN;
    return code == SQLITE_OK ? CLIPSEARCH_OK : cs_store_fail(store, code, doing, err);
}

/* SQLITE_OK when every byte of the file is 0, SQLITE_NOTADB when one is not, or why it cannot be read. */
static int check_zeros(sqlite3_file *file)
{
    sqlite3_int64 size = 0;
    int code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK && size > BLANK_MOST)
        code = SQLITE_NOTADB;
    for (sqlite3_int64 at = 0; at < size && code == SQLITE_OK; at += 4096) {
        unsigned char bytes[4096];
        code = file->pMethods->xRead(file, bytes, sizeof bytes, at);
        if (code == SQLITE_IOERR_SHORT_READ) /* the rest of `bytes` is 0 */
            code = SQLITE_OK;
        for (size_t i = 0; i < sizeof bytes && code == SQLITE_OK; i++)
            code = bytes[i] ? SQLITE_NOTADB : SQLITE_OK;
    }
    return code;
}

clipsearch_status cs_store_check_zeros(cs_store *store, bool *zeros, clipsearch_error *err)
{
    sqlite3_file *file;
    *zeros = false;
    clipsearch_status status = cs_store_handle(store, &file, "reading it", err);
    if (status)
        return status;
    int code = check_zeros(file);
    *zeros = code == SQLITE_OK;
    return code == SQLITE_OK || code == SQLITE_NOTADB ? CLIPSEARCH_OK : cs_store_fail(store, code, "reading it", err);
}

bool cs_store_has_creation_journal(const cs_store *store)
{
    static const unsigned char magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    unsigned char header[JOURNAL_HEADER] = {0};
    const char *path = sqlite3_filename_journal(sqlite3_db_filename(store->db, "main"));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, header, sizeof header);
    close(fd);
    return n == JOURNAL_HEADER && memcmp(header, magic, sizeof magic) == 0 &&
           memcmp(header + JOURNAL_PAGES, "\0\0\0\0", 4) == 0;
}

/* The locks are SQLite's, in its order, so that no other process creates the database meanwhile. */
clipsearch_status cs_store_empty_zeros(cs_store *store, clipsearch_error *err)
{
    static const int locks[] = {SQLITE_LOCK_SHARED, SQLITE_LOCK_RESERVED, SQLITE_LOCK_EXCLUSIVE};
    sqlite3_file *file;
    clipsearch_status status = cs_store_handle(store, &file, "emptying it", err);
    if (status)
        return status;
    int code = SQLITE_OK;
    for (size_t i = 0; i < sizeof locks / sizeof *locks && code == SQLITE_OK; i++)
        do
            code = file->pMethods->xLock(file, locks[i]);
        while (code == SQLITE_BUSY && cs_store_wait(store->timeout_ms, 10000));
    if (code == SQLITE_OK)
        code = check_zeros(file);
    if (code == SQLITE_OK)
        code = file->pMethods->xTruncate(file, 0);
    file->pMethods->xUnlock(file, SQLITE_LOCK_NONE);
    /* SQLITE_NOTADB: another process has created the database in the meantime */
    return code == SQLITE_OK || code == SQLITE_NOTADB ? CLIPSEARCH_OK : cs_store_fail(store, code, "emptying it", err);
}
