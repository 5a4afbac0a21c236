/* SPDX-License-Identifier: MIT
 * store_internal.h - what the store's files share: the connection, its statements, SQLite's errors in words. */
#ifndef CS_STORE_STORE_INTERNAL_H
#define CS_STORE_STORE_INTERNAL_H

#include "base/buf.h"
#include "store/store.h"

#include <locale.h>
#include <sqlite3.h>

/* Every statement the store runs; their SQL stands in statements.c. */
typedef enum cs_sql {
    CS_SQL_BEGIN,
    CS_SQL_COMMIT,
    CS_SQL_ROLLBACK,
    CS_SQL_SAVEPOINT,
    CS_SQL_RELEASE,
    CS_SQL_BACK_TO,
    CS_SQL_COLLECTION_INSERT,
    CS_SQL_COLLECTION_FIND,
    CS_SQL_COLLECTION_EACH,
    CS_SQL_COLLECTION_NAMES,
    CS_SQL_COLLECTION_STATE,
    CS_SQL_COLLECTION_COUNT,
    CS_SQL_COLLECTION_DROP,
    CS_SQL_COLLECTION_TOUCH,
    CS_SQL_COLLECTION_MODEL_PATH,
    CS_SQL_COLLECTION_PRECISIONS,
    CS_SQL_LOG_BEGIN,
    CS_SQL_LOG_ANNOUNCE,
    CS_SQL_LOG_RECORD,
    CS_SQL_CHANGE_ADD,
    CS_SQL_CHANGES_SINCE,
    CS_SQL_CHANGES_COUNT,
    CS_SQL_CHANGES_PRESENT,
    CS_SQL_CHANGES_VECTORS,
    CS_SQL_CHANGES_FORGET,
    CS_SQL_NEXT_ID,
    CS_SQL_RAISE_NEXT_ID,
    CS_SQL_ITEM_KEY_BY_ID,
    CS_SQL_ITEM_KEY_BY_PATH,
    CS_SQL_ITEM_INSERT,
    CS_SQL_ITEM_REPLACE,
    CS_SQL_ITEM_DELETE,
    CS_SQL_ITEM_FILE,
    CS_SQL_ITEM_GONE,
    CS_SQL_ITEM_MERGE,
    CS_SQL_ITEM_BY_ID,
    CS_SQL_ITEM_BY_PATH,
    CS_SQL_ITEMS_BY_HASH,
    CS_SQL_ITEMS_HASHES,
    CS_SQL_ITEMS_ALL,
    CS_SQL_ITEMS_BELOW,
    CS_SQL_ITEMS_GONE,
    CS_SQL_ITEMS_WITHOUT_VECTOR,
    CS_SQL_PATHS_ALL,
    CS_SQL_PATHS_BELOW,
    CS_SQL_SOURCES,
    CS_SQL_SOURCE_INSERT,
    CS_SQL_SOURCE_REPLACE,
    CS_SQL_SOURCES_DELETE,
    CS_SQL_SOURCES_FORGET,
    CS_SQL_REMODEL_FIND,
    CS_SQL_REMODEL_COUNT,
    CS_SQL_REMODEL_PUT,
    CS_SQL_REMODEL_DELETE,
    CS_SQL_REMODEL_ITEMS,
    CS_SQL_REMODEL_SWITCH,
    CS_SQL_NEW_VECTOR_PUT,
    CS_SQL_NEW_VECTORS_MOVE,
    CS_SQL_NEW_VECTORS_DELETE,
    CS_SQL_CHANGES_DELETE,
    CS_SQL_ITEM_WITHOUT_VECTOR,
    CS_SQL_JSON_TYPE,
    CS_SQL_VECTOR_PUT,
    CS_SQL_VECTOR_GET,
    CS_SQL_VECTORS_ALL,
    CS_SQL_VECTORS_AFTER,
    CS_SQL_COUNT
} cs_sql;

struct cs_store {
    sqlite3 *db;
    char *path; /* as the caller gave it, for messages */
    char *file; /* the same, absolute, or of a link what it leads to: other files of the database lie beside it */
    bool read_only;
    bool reader;       /* opened by cs_store_reader_vfs */
    int timeout_ms;    /* how long a call waits for locks, in all */
    uint64_t memory;   /* the number of a database in memory, 0 for a file */
    locale_t c_locale; /* statements run in it; glibc's own object, which takes no memory */
    int64_t touched;   /* the collection whose generation this transaction has raised, or 0 */
    int64_t touched_generation;
    bool logging; /* of that collection: changes are noted */
    sqlite3_stmt *statements[CS_SQL_COUNT];
    cs_buf item_path, item_attributes; /* strings of the item last looked up */
    cs_item_file item_file;            /* and what is known of its file */
    cs_buf bounds;                     /* the ends of a walk's range of paths */
    float *vector;                     /* [CS_ITEM_DIM_MAX], scratch of a walk over vectors */
};

/* ---- statements.c */

/* Not what cs_store_put_no_vector leaves. */
#define CS_STORE_HAS_VECTOR "(gone_since = 0 OR substr(hash, 1, 16) <> x'" CS_WITHOUT_VECTOR "')"

/* What cs_store_walk reads. Column 8: 1 when attributes are what the table's CHECK demands; another program may
 * have written past it. */
#define CS_STORE_ITEM_COLUMNS                                                                                          \
    "id, path, size, mtime_ns, hash, width, height, attributes, "                                                      \
    "CASE WHEN json_valid(attributes) THEN json_type(attributes) = 'object' ELSE 0 END, ctime_ns, gone_since"

/* The statement, reset and without values, prepared when first asked for. One that is running (a walk begun inside
 * itself) is CLIPSEARCH_E_ARGUMENT and stays as it is. */
clipsearch_status cs_store_statement(cs_store *store, cs_sql which, sqlite3_stmt **statement, clipsearch_error *err);
/* Run a statement that gives no rows, and reset it. */
clipsearch_status cs_store_run(cs_store *store, sqlite3_stmt *statement, const char *doing, clipsearch_error *err);
/* The same, unless binding its values gave a `code`, which is then what failed. */
clipsearch_status cs_store_run_bound(cs_store *store, sqlite3_stmt *statement, int code, const char *doing,
                                     clipsearch_error *err);
/* Take the next row; false in *row at the end. */
clipsearch_status cs_store_step(cs_store *store, sqlite3_stmt *statement, bool *row, const char *doing,
                                clipsearch_error *err);
/* End a statement's life in this call: no lock or snapshot stays behind it. NULL is fine. */
void cs_store_done(sqlite3_stmt *statement);
void cs_store_finalize_all(cs_store *store);

/* Bind parameter number `n`; the bytes must live until the statement is done. *code keeps the first SQLite code that is
 * not SQLITE_OK; once it is set nothing more is bound. (Binding an integer cannot fail.) */
void cs_store_bind_blob(sqlite3_stmt *statement, int n, const void *bytes, size_t size, int *code);
void cs_store_bind_text(sqlite3_stmt *statement, int n, const char *text, int *code);

/* What SQLite's last result code means for a person: the file, what was being done, SQLite's words, what to do now.
 * CLIPSEARCH_E_MEMORY or CLIPSEARCH_E_DATABASE. */
clipsearch_status cs_store_fail(const cs_store *store, int code, const char *doing, clipsearch_error *err);
/* CLIPSEARCH_E_DATABASE for a value no clipsearch wrote. */
clipsearch_status cs_store_fail_content(const cs_store *store, clipsearch_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- store.c */

/* Take the schema from its version to `target` in one transaction; steps [target]. */
clipsearch_status cs_store_migrate(cs_store *store, const char *const *steps, int target, clipsearch_error *err);
/* CLIPSEARCH_E_ARGUMENT unless a transaction is open, as every change needs. */
clipsearch_status cs_store_need_transaction(const cs_store *store, clipsearch_error *err);

/* ---- blank.c */

/* SQLite's handle of the database file. */
clipsearch_status cs_store_handle(cs_store *store, sqlite3_file **file, const char *doing, clipsearch_error *err);
/* Whether every byte of the file is 0. A file of more than a MiB is not. */
clipsearch_status cs_store_check_zeros(cs_store *store, bool *zeros, clipsearch_error *err);
/* Whether a rollback journal lies beside the file that says that the file was empty before. */
bool cs_store_has_creation_journal(const cs_store *store);
/* Cut a file of zeros to nothing, under SQLite's locks; does nothing when it holds something by then. */
clipsearch_status cs_store_empty_zeros(cs_store *store, clipsearch_error *err);

/* ---- wait.c */

/* What this thread has waited for locks is forgotten: called where a call begins and whenever a statement succeeds, so
 * that no call waits longer than its limit in all, however many locks it wants. */
void cs_store_begin_wait(void);
/* Sleep for `us` microseconds, or what is left of the limit; false, at once, when nothing is left. */
bool cs_store_wait(int limit_ms, uint64_t us);
/* The busy handler; `context` is the store. */
int cs_store_on_busy(void *context, int count);
/* The name of the sqlite3_vfs to open files by. */
const char *cs_store_vfs(void);

/* ---- reader_vfs.c */

/* The name of the sqlite3_vfs for a reader that makes no file beside the database; NULL when out of memory. */
const char *cs_store_reader_vfs(void);

/* ---- permissions.c */

/* Whether this user may write the open database and make files in its directory. */
bool cs_store_may_keep_log(const cs_store *store);
/* Give -wal and -shm files that this user has made to the database's group, so that it can write them too. */
void cs_store_share_log(const cs_store *store);
/* Whether a -wal or -shm file is there that this user cannot read and, unless it is a reader, write; its name. */
bool cs_store_find_locked_out(const cs_store *store, char name[], size_t size);

/* ---- lookup.c */

/* Bind `root` and the ends of the range of paths below it to the parameters 2 to 4 (statements.c); they live in the
 * store. *none: no item has such a path. */
clipsearch_status cs_store_bind_root(cs_store *store, sqlite3_stmt *statement, const char *root, bool *none, int *code,
                                     clipsearch_error *err);

/* Whether a text is a JSON object: asked again when a CHECK or query said no, because SQLite's json_valid says no too
 * when it has no memory, and json_type does not. */
clipsearch_status cs_store_is_json_object(cs_store *store, const char *text, bool *is_object, clipsearch_error *err);

/* Give each row of `statement`, whose columns are CS_STORE_ITEM_COLUMNS, to `each` until that returns false, and end
 * it; `code` is what binding its values gave. */
clipsearch_status cs_store_walk(cs_store *store, sqlite3_stmt *statement, int code,
                                bool (*each)(void *context, const clipsearch_item *item), void *context,
                                clipsearch_error *err);

/* ---- select.c */

/* Prepare "`before` WHERE collection = ?1 AND (`filter`) `behind`" (no condition for filter NULL), with the collection
 * and the filter's values bound; ?2 to ?4 are the statement's own. The caller finalizes it, in any case. */
clipsearch_status cs_store_prepare_where(cs_store *store, const cs_store_identity *collection, const char *before,
                                         const cs_filter_tree *filter, const char *behind, sqlite3_stmt **statement,
                                         clipsearch_error *err);

/* ---- collections.c */

/* The six columns from `column` on: encoder, fingerprint, preprocessing, dim, metric, model_path. False: they cannot be
 * a model. And the same as parameters from `n` on. */
bool cs_store_read_model(sqlite3_stmt *row, int column, cs_store_identity *identity);
void cs_store_bind_model(sqlite3_stmt *statement, int n, const cs_store_identity *identity, int *code);

/* A number of precisions; false: it cannot be one. */
bool cs_store_read_precisions(sqlite3_stmt *row, int column, unsigned *precisions);

/* Raise the generation, once in a transaction. CLIPSEARCH_E_NOT_FOUND when the collection has been dropped. */
clipsearch_status cs_store_touch(cs_store *store, const cs_store_identity *collection, clipsearch_error *err);

/* ---- changes.c */

/* Note that the vector of `id` was put or removed in the transaction's generation, if that is noted. The collection has
 * been touched. */
clipsearch_status cs_store_log(cs_store *store, const cs_store_identity *collection, int64_t id, clipsearch_error *err);
/* The same of all items that `filter` (NULL: all) lets through, before they go. */
clipsearch_status cs_store_log_where(cs_store *store, const cs_store_identity *collection, const cs_filter_tree *filter,
                                     clipsearch_error *err);

/* ---- vectors.c */

/* Column `column` of a row as the vector of `id`. */
clipsearch_status cs_store_read_vector(const cs_store *store, sqlite3_stmt *row, int column,
                                       const cs_store_identity *collection, int64_t id, float *vector,
                                       clipsearch_error *err);
bool cs_store_vector_is_finite(const float *vector, size_t dim);
clipsearch_status cs_store_vector_put(cs_store *store, int64_t key, const float *vector, size_t dim,
                                      clipsearch_error *err);

/* ---- attribute_functions.c */

/* Add the functions of that file to a connection. A code of SQLite. */
int cs_attribute_functions_add(sqlite3 *db);

#endif
