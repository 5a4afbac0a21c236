/* SPDX-License-Identifier: MIT
 * statements.c - all SQL the store runs, prepared once; values are only ever bound. */
#include "store/store_internal.h"

#include "base/stop.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How many items a collection has. Where all are its own, as min and max say at once, SQLite counts pages instead of
 * rows: 0.3 ms for 100,000 instead of 4, a quarter of a query. */
#define COUNT_ITEMS(key)                                                                                               \
    "(CASE WHEN (SELECT min(collection) FROM items) = " key " AND (SELECT max(collection) FROM items) = " key          \
    " THEN (SELECT count(*) FROM items)"                                                                               \
    " ELSE (SELECT count(*) FROM items INDEXED BY items_by_id WHERE collection = " key ") END)"

/* And how many of them are gone. */
#define COUNT_GONE(key)                                                                                                \
    "(SELECT count(*) FROM items INDEXED BY items_gone WHERE collection = " key " AND gone_since <> 0)"

#define ITEMS_OF_ROW COUNT_ITEMS("collections.key")
#define GONE_OF_ROW COUNT_GONE("collections.key")
#define COLLECTION_COLUMNS                                                                                             \
    "key, name, encoder, fingerprint, preprocessing, dim, metric, model_path, created, generation, " ITEMS_OF_ROW      \
    ", codes, m, ef_construction, ef, index_owner, index_next, log_from, precisions, " GONE_OF_ROW ", encoding"

/* The model that a collection is being encoded anew with, and how many of its items are. */
#define REMODEL_COLUMNS                                                                                                \
    "(SELECT encoder FROM remodels WHERE collection = collections.key), "                                              \
    "(SELECT count(*) FROM remodels r JOIN items i ON i.collection = r.collection"                                     \
    " JOIN new_vectors n ON n.key = i.key AND n.hash = i.hash WHERE r.collection = collections.key)"

/* "SELECT `columns`" of the items whose path is ?2 or lies in [?3, ?4): the root, the root and '/', the root and the
 * byte behind '/'. No LIKE, so no byte means anything else. Both parts are ranges of items_by_path, merged in order. */
#define SELECT_BELOW(columns)                                                                                          \
    "SELECT " columns " FROM items INDEXED BY items_by_path WHERE collection = ?1 AND path = ?2 UNION ALL"             \
    " SELECT " columns " FROM items INDEXED BY items_by_path WHERE collection = ?1 AND path >= ?3 AND path < ?4"       \
    " ORDER BY path"

static const char *const sql[CS_SQL_COUNT] = {
    [CS_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [CS_SQL_COMMIT] = "COMMIT",
    [CS_SQL_ROLLBACK] = "ROLLBACK",
    [CS_SQL_SAVEPOINT] = "SAVEPOINT one_change",
    [CS_SQL_RELEASE] = "RELEASE one_change",
    [CS_SQL_BACK_TO] = "ROLLBACK TO one_change",
    [CS_SQL_COLLECTION_INSERT] =
        "INSERT INTO collections(name, encoder, fingerprint, preprocessing, dim, metric, model_path, created, codes, m,"
        " ef_construction, ef) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [CS_SQL_COLLECTION_FIND] = "SELECT " COLLECTION_COLUMNS " FROM collections WHERE name = ?1",
    [CS_SQL_COLLECTION_EACH] = "SELECT " COLLECTION_COLUMNS ", " REMODEL_COLUMNS " FROM collections ORDER BY name",
    [CS_SQL_COLLECTION_NAMES] = "SELECT name FROM collections ORDER BY name",
    [CS_SQL_COLLECTION_DROP] = "DELETE FROM collections WHERE name = ?1",
    [CS_SQL_COLLECTION_STATE] = "SELECT generation, index_owner, index_next, log_from, precisions FROM collections"
                                " WHERE key = ?1 AND encoding = ?2",
    [CS_SQL_COLLECTION_MODEL_PATH] = "UPDATE collections SET model_path = ?2 WHERE key = ?1",
    [CS_SQL_COLLECTION_PRECISIONS] =
        "UPDATE collections SET precisions = precisions | ?2 WHERE key = ?1 AND precisions & ?2 <> ?2",
    [CS_SQL_COLLECTION_COUNT] = "SELECT " COUNT_ITEMS("?1") ", " COUNT_GONE("?1"),
    [CS_SQL_COLLECTION_TOUCH] = "UPDATE collections SET generation = generation + 1 WHERE key = ?1 AND encoding = ?2"
                                " RETURNING generation, log_from IS NOT NULL",
    [CS_SQL_LOG_BEGIN] = "UPDATE collections SET log_from = generation WHERE key = ?1 AND log_from IS NULL",
    [CS_SQL_LOG_ANNOUNCE] = "UPDATE collections SET index_next = ?2 WHERE key = ?1",
    [CS_SQL_LOG_RECORD] = "UPDATE collections SET index_owner = ?2, index_next = 0, log_from = ?3 WHERE key = ?1",
    [CS_SQL_CHANGE_ADD] = "INSERT OR REPLACE INTO changes(collection, id, generation) VALUES(?1, ?2, ?3)",
    [CS_SQL_CHANGES_SINCE] = "SELECT id FROM changes WHERE collection = ?1 AND generation > ?2 ORDER BY id",
    [CS_SQL_CHANGES_COUNT] = "SELECT count(*) FROM changes WHERE collection = ?1 AND generation > ?2",
    [CS_SQL_CHANGES_PRESENT] =
        "SELECT count(*) FROM changes c JOIN items i ON i.collection = c.collection AND i.id = c.id"
        " WHERE c.collection = ?1 AND c.generation > ?2",
    [CS_SQL_CHANGES_VECTORS] = "SELECT c.id, i.key, v.vector FROM changes c"
                               " LEFT JOIN items i ON i.collection = c.collection AND i.id = c.id"
                               " LEFT JOIN vectors v ON v.key = i.key"
                               " WHERE c.collection = ?1 AND c.generation > ?2 ORDER BY c.id",
    [CS_SQL_CHANGES_FORGET] = "DELETE FROM changes WHERE collection = ?1 AND generation <= ?2",
    /* the greatest id counts too: another program may have put rows there without raising next_id */
    [CS_SQL_NEXT_ID] = "SELECT max(next_id, coalesce((SELECT max(id) FROM items WHERE collection = ?1), 0) + 1)"
                       " FROM collections WHERE key = ?1",
    [CS_SQL_RAISE_NEXT_ID] = "UPDATE collections SET next_id = ?2 WHERE key = ?1 AND next_id < ?2",
    [CS_SQL_ITEM_KEY_BY_ID] = "SELECT key, id FROM items WHERE collection = ?1 AND id = ?2",
    [CS_SQL_ITEM_KEY_BY_PATH] = "SELECT key, id FROM items WHERE collection = ?1 AND path = ?2",
    [CS_SQL_ITEM_INSERT] = "INSERT INTO items(path, size, mtime_ns, hash, width, height, attributes, collection, id)"
                           " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [CS_SQL_ITEM_REPLACE] = "UPDATE items SET path = ?1, size = ?2, mtime_ns = ?3, hash = ?4, width = ?5, height = ?6,"
                            " attributes = ?7, ctime_ns = 0, gone_since = 0 WHERE key = ?8",
    [CS_SQL_ITEM_DELETE] = "DELETE FROM items WHERE collection = ?1 AND id = ?2",
    [CS_SQL_ITEM_FILE] = "UPDATE items SET ctime_ns = ?3, gone_since = ?4 WHERE collection = ?1 AND id = ?2",
    [CS_SQL_ITEM_GONE] = "UPDATE items SET gone_since = ?3 WHERE collection = ?1 AND id = ?2 AND gone_since = 0",
    [CS_SQL_ITEM_MERGE] = "UPDATE items SET attributes = clipsearch_join(json_patch(clipsearch_user(attributes), ?3),"
                          " attributes, ?3) WHERE collection = ?1 AND id = ?2"
                          " RETURNING length(CAST(attributes AS BLOB))",
    [CS_SQL_ITEM_BY_ID] = "SELECT " CS_STORE_ITEM_COLUMNS " FROM items WHERE collection = ?1 AND id = ?2",
    [CS_SQL_ITEM_BY_PATH] = "SELECT " CS_STORE_ITEM_COLUMNS " FROM items WHERE collection = ?1 AND path = ?2",
    [CS_SQL_ITEMS_BY_HASH] =
        "SELECT " CS_STORE_ITEM_COLUMNS " FROM items WHERE collection = ?1 AND hash = ?2 ORDER BY id",
    [CS_SQL_ITEMS_HASHES] = "SELECT hash, key FROM items INDEXED BY items_by_hash WHERE collection = ?1",
    [CS_SQL_ITEMS_ALL] = "SELECT " CS_STORE_ITEM_COLUMNS " FROM items WHERE collection = ?1 ORDER BY path",
    [CS_SQL_ITEMS_BELOW] = SELECT_BELOW(CS_STORE_ITEM_COLUMNS),
    [CS_SQL_ITEMS_GONE] =
        "SELECT id FROM items INDEXED BY items_gone WHERE collection = ?1 AND gone_since <> 0 ORDER BY id",
    [CS_SQL_ITEMS_WITHOUT_VECTOR] = "SELECT id FROM items INDEXED BY items_gone WHERE collection = ?1 AND"
                                    " gone_since <> 0 AND NOT " CS_STORE_HAS_VECTOR " ORDER BY id",
    [CS_SQL_PATHS_ALL] = "SELECT path FROM items INDEXED BY items_by_path WHERE collection = ?1 ORDER BY path",
    [CS_SQL_PATHS_BELOW] = SELECT_BELOW("path"),
    [CS_SQL_SOURCES] = "SELECT path, list, options, devices FROM sources WHERE collection = ?1 ORDER BY key",
    [CS_SQL_SOURCE_INSERT] = "INSERT INTO sources(collection, list, path, options, devices) VALUES(?1, ?2, ?3, ?4, ?5)",
    [CS_SQL_SOURCE_REPLACE] =
        "UPDATE sources SET options = ?4, devices = ?5 WHERE collection = ?1 AND list = ?2 AND path = ?3",
    [CS_SQL_SOURCES_DELETE] = "DELETE FROM sources WHERE collection = ?1 AND list = ?2",
    [CS_SQL_SOURCES_FORGET] = "DELETE FROM sources WHERE collection = ?1 AND (path = ?2 OR list = ?2)",
    [CS_SQL_REMODEL_FIND] = "SELECT encoder, fingerprint, preprocessing, dim, metric, model_path, precisions"
                            " FROM remodels WHERE collection = ?1",
    [CS_SQL_REMODEL_COUNT] = "SELECT count(*) FROM items i JOIN new_vectors n ON n.key = i.key AND n.hash = i.hash"
                             " WHERE i.collection = ?1",
    [CS_SQL_REMODEL_PUT] =
        "INSERT OR REPLACE INTO remodels(collection, encoder, fingerprint, preprocessing, dim, metric,"
        " model_path, precisions) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [CS_SQL_REMODEL_DELETE] = "DELETE FROM remodels WHERE collection = ?1",
    [CS_SQL_REMODEL_ITEMS] =
        "SELECT " CS_STORE_ITEM_COLUMNS " FROM items WHERE collection = ?1 AND id > ?2 AND NOT EXISTS"
        " (SELECT 1 FROM new_vectors n WHERE n.key = items.key AND n.hash = items.hash)"
        " ORDER BY id LIMIT ?3",
    [CS_SQL_REMODEL_SWITCH] =
        "UPDATE collections SET encoder = ?2, fingerprint = ?3, preprocessing = ?4, dim = ?5, metric = ?6,"
        " model_path = ?7, encoding = encoding + 1, generation = generation + 1, index_owner = 0, index_next = 0,"
        " log_from = NULL, precisions = ?8 WHERE key = ?1",
    [CS_SQL_NEW_VECTOR_PUT] = "INSERT OR REPLACE INTO new_vectors(key, hash, vector)"
                              " SELECT key, ?3, ?4 FROM items WHERE collection = ?1 AND id = ?2",
    [CS_SQL_NEW_VECTORS_MOVE] = "INSERT OR REPLACE INTO vectors(key, vector)"
                                " SELECT n.key, n.vector FROM items i JOIN new_vectors n ON n.key = i.key"
                                " WHERE i.collection = ?1",
    [CS_SQL_NEW_VECTORS_DELETE] = "DELETE FROM new_vectors WHERE key IN (SELECT key FROM items WHERE collection = ?1)",
    [CS_SQL_CHANGES_DELETE] = "DELETE FROM changes WHERE collection = ?1",
    /* so that the file, when it is back, is one that has changed, and gets a vector; and no other file is taken for
     * it */
    [CS_SQL_ITEM_WITHOUT_VECTOR] =
        "UPDATE items SET hash = CAST(x'" CS_WITHOUT_VECTOR "' || randomblob(16) AS BLOB), mtime_ns = 0, ctime_ns = 0,"
        " gone_since = CASE WHEN gone_since = 0 THEN ?3 ELSE gone_since END"
        " WHERE collection = ?1 AND id = ?2 RETURNING hash",
    [CS_SQL_JSON_TYPE] = "SELECT json_type(?1) = 'object'",
    [CS_SQL_VECTOR_PUT] = "INSERT INTO vectors(key, vector) VALUES(?1, ?2)"
                          " ON CONFLICT(key) DO UPDATE SET vector = excluded.vector",
    [CS_SQL_VECTOR_GET] = "SELECT v.vector FROM items i LEFT JOIN vectors v ON v.key = i.key"
                          " WHERE i.collection = ?1 AND i.id = ?2",
    [CS_SQL_VECTORS_ALL] = "SELECT i.id, v.vector FROM items i LEFT JOIN vectors v ON v.key = i.key"
                           " WHERE i.collection = ?1 ORDER BY i.id",
    [CS_SQL_VECTORS_AFTER] = "SELECT i.id, v.vector FROM items i LEFT JOIN vectors v ON v.key = i.key"
                             " WHERE i.collection = ?1 AND i.id > ?2 ORDER BY i.id LIMIT ?3",
};

clipsearch_status cs_store_statement(cs_store *store, cs_sql which, sqlite3_stmt **statement, clipsearch_error *err)
{
    *statement = NULL;
    if (!store->statements[which]) {
        int code =
            sqlite3_prepare_v3(store->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, &store->statements[which], NULL);
        if (code != SQLITE_OK)
            return cs_store_fail(store, code, "preparing a query", err);
    }
    if (sqlite3_stmt_busy(store->statements[which]))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a walk was begun inside the same walk", store->path);
    *statement = store->statements[which];
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_step(cs_store *store, sqlite3_stmt *statement, bool *row, const char *doing,
                                clipsearch_error *err)
{
    /* SQLite 3.40 built from separate files (Debian's) reads the numbers in JSON with strtod, which follows the locale:
     * under a decimal comma json_extract makes 2 of 2.5 */
    locale_t callers = uselocale(store->c_locale);
    int code = sqlite3_step(statement);
    uselocale(callers);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        cs_store_begin_wait();
    return code == SQLITE_ROW || code == SQLITE_DONE ? CLIPSEARCH_OK : cs_store_fail(store, code, doing, err);
}

clipsearch_status cs_store_run(cs_store *store, sqlite3_stmt *statement, const char *doing, clipsearch_error *err)
{
    bool row;
    clipsearch_status status = cs_store_step(store, statement, &row, doing, err);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_run_bound(cs_store *store, sqlite3_stmt *statement, int code, const char *doing,
                                     clipsearch_error *err)
{
    if (code == SQLITE_OK)
        return cs_store_run(store, statement, doing, err);
    cs_store_done(statement);
    return cs_store_fail(store, code, doing, err);
}

void cs_store_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement); /* repeats the error of the last step, which has been reported */
    if (statement)
        sqlite3_clear_bindings(statement);
}

void cs_store_finalize_all(cs_store *store)
{
    for (int i = 0; i < CS_SQL_COUNT; i++) {
        sqlite3_finalize(store->statements[i]);
        store->statements[i] = NULL;
    }
}

void cs_store_bind_blob(sqlite3_stmt *statement, int n, const void *bytes, size_t size, int *code)
{
    if (*code == SQLITE_OK)
        *code = sqlite3_bind_blob64(statement, n, bytes, size, SQLITE_STATIC);
}

void cs_store_bind_text(sqlite3_stmt *statement, int n, const char *text, int *code)
{
    if (*code == SQLITE_OK)
        *code = sqlite3_bind_text64(statement, n, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
}

/* What a person can do about a result code; "" when there is nothing to say beyond SQLite's own words. */
static const char *advice(int primary)
{
    switch (primary) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return ": no lock on the file could be had in time: another process is writing to it, try again when that is"
               " done; or its file system refuses locks, then move it to a local disk";
    case SQLITE_FULL:
        return ": the disk is full; make room and run this again, what was committed is safe";
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ": the file and its directory must be writable for this";
    case SQLITE_CANTOPEN:
        return ": the file must be readable and its directory writable (SQLite keeps -wal and -shm files beside it)";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ": the file is damaged; restore a copy, or save what can be read with"
               " sqlite3 OLD .recover | sqlite3 NEW";
    case SQLITE_IOERR:
        return ": the disk or file system failed; what was committed is safe if the file can be read again";
    default:
        return "";
    }
}

clipsearch_status cs_store_fail(const cs_store *store, int code, const char *doing, clipsearch_error *err)
{
    int primary = code & 0xff;
    /* a stop interrupts statements, and waits for locks, which are then found to be held */
    if ((primary == SQLITE_INTERRUPT || primary == SQLITE_BUSY) && cs_stop_is_set(cs_stop_current()))
        return cs_stop_fail(cs_stop_current(), err);
    if (primary == SQLITE_NOMEM)
        return cs_fail(err, CLIPSEARCH_E_MEMORY, "%s: out of memory while %s", store->path, doing);
    /* the connection's words only when they are about this code: they may be those of an earlier one */
    bool own = store->db && (sqlite3_errcode(store->db) & 0xff) == primary;
    const char *words = own ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);
    int system = own && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) ? sqlite3_system_errno(store->db) : 0;
    char name[1000];
    if ((primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN) &&
        cs_store_find_locked_out(store, name, sizeof name))
        return cs_fail(
            err, CLIPSEARCH_E_DATABASE,
            "%s: %s: %s may not be read and written by you; its owner, or root, must allow it (chmod, chown)",
            store->path, doing, name);
    /* A writer that came or went between two of SQLite's calls: files that were there are not, or are not whole yet. */
    if (store->reader && (primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN))
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "%s: %s: %s%s", store->path, doing, sqlite3_errstr(SQLITE_BUSY),
                       advice(SQLITE_BUSY));
    /* of the database's own file SQLite reads missing bytes as zeros */
    if ((own ? sqlite3_extended_errcode(store->db) : code) == SQLITE_IOERR_SHORT_READ)
        return cs_fail(
            err, CLIPSEARCH_E_DATABASE,
            "%s: %s: the -wal and -shm files beside it do not fit it: if it has taken the place of a file that"
            " was removed, end the programs that still have that one open (clipsearch serve?), and try again",
            store->path, doing);
    if (system)
        return cs_fail_errno(err, CLIPSEARCH_E_DATABASE, system, "%s: %s: %s%s", store->path, doing, words,
                             advice(primary));
    return cs_fail(err, CLIPSEARCH_E_DATABASE, "%s: %s: %s%s", store->path, doing, words, advice(primary));
}

clipsearch_status cs_store_fail_content(const cs_store *store, clipsearch_error *err, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    cs_vformat(what, sizeof what, format, args);
    va_end(args);
    return cs_fail(err, CLIPSEARCH_E_DATABASE,
                   "%s: %s: the file was damaged or edited; restore a copy, or drop the collection and ingest again",
                   store->path, what);
}

const char *cs_store_library(void)
{
    return sqlite3_libversion();
}
