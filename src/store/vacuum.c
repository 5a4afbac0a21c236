/* SPDX-License-Identifier: MIT
 * vacuum.c - the file written anew, and the file checked. */
#include "store/store_internal.h"

/* Run `sql`, whose first row's column `column` is an integer, or which has no rows. */
static clipsearch_status ask(cs_store *store, const char *sql, int column, int64_t *answer, const char *doing,
                             clipsearch_error *err)
{
    sqlite3_stmt *statement = NULL;
    *answer = 0;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *answer = sqlite3_column_int64(statement, column);
        while ((code = sqlite3_step(statement)) == SQLITE_ROW)
            continue;
    }
    clipsearch_status status = code == SQLITE_DONE ? CLIPSEARCH_OK : cs_store_fail(store, code, doing, err);
    sqlite3_finalize(statement);
    return status;
}

clipsearch_status cs_store_vacuum(cs_store *store, clipsearch_error *err)
{
    int64_t answer = 0;
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    cs_store_begin_wait();
    cs_store_finalize_all(store); /* a vacuum wants the connection to itself */
    clipsearch_status status = ask(store, "PRAGMA secure_delete = 1", 0, &answer, "writing it anew", err);
    sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 1); /* the new file, for as long as it is being written */
    if (!status)
        status = ask(store, "VACUUM", 0, &answer, "writing it anew", err);
    sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
    /* what is in the log is not gone: it is written into the file, and the log cut to nothing */
    if (!status && !store->memory)
        status = ask(store, "PRAGMA wal_checkpoint(TRUNCATE)", 0, &answer, "emptying its log", err);
    if (!status && answer != 0)
        status = cs_fail(err, CLIPSEARCH_E_DATABASE,
                         "%s: another process is reading it, so its log still holds what was removed; run this again"
                         " when that is done",
                         store->path);
    return status;
}

clipsearch_status cs_store_check(cs_store *store, clipsearch_error *err)
{
    sqlite3_stmt *statement = NULL;
    cs_buf found = cs_buf_make(600);
    int rows = 0, code = sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(5)", -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
        if (text)
            cs_buf_printf(&found, "%s%s", rows++ ? "; " : "", (const char *)text);
    }
    clipsearch_status status = code == SQLITE_DONE ? CLIPSEARCH_OK : cs_store_fail(store, code, "checking it", err);
    sqlite3_finalize(statement);
    if (!status && !(found.data && found.len == 2 && found.data[0] == 'o' && found.data[1] == 'k'))
        status = cs_store_fail_content(store, err, "SQLite's check: %.200s", found.data ? found.data : "no answer");
    cs_buf_free(&found);
    return status;
}
