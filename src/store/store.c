/* SPDX-License-Identifier: MIT
 * store.c - opening and closing the file, its versions, and transactions. */
#include "store/store_internal.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/filter_sql.h"
#include "store/schema.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    /* 512 floats are 2 KiB: a 4 KiB page holds one such row and wastes half, 16 KiB holds seven */
    PAGE_SIZE = 16384,
    SECTOR = 512,      /* no less is written to a disk */
    HEADER_SIZE = 100, /* https://www.sqlite.org/fileformat.html 1.3 */
    HEADER_APPLICATION_ID = 68,
    STEPS_BETWEEN_STOPS = 10000, /* steps of SQLite's machine, of some ten nanoseconds each */
    LENGTH_MAX = 4 << 20         /* of one value or row; a hostile file cannot make SQLite take more */
};

/* ---- opening */

/* The first bytes of the file through SQLite's own handle. A descriptor of our own would, when closed, drop the locks
 * that other connections of this process hold on the file (POSIX). */
static clipsearch_status read_header(cs_store *store, uint8_t header[HEADER_SIZE], clipsearch_error *err)
{
    sqlite3_file *file;
    clipsearch_status status = cs_store_handle(store, &file, "reading its header", err);
    if (status)
        return status;
    int code = file->pMethods->xRead(file, header, HEADER_SIZE, 0); /* zero-fills what a shorter file lacks */
    if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ)
        return CLIPSEARCH_OK;
    return cs_store_fail(store, code, "reading its header", err);
}

/* What a file holds before SQLite has seen it. */
typedef enum content {
    CONTENT_OURS,
    CONTENT_EMPTY,
    CONTENT_ZEROS,  /* what some file systems leave of a file that was being written when the power failed */
    CONTENT_CUT_OFF /* a part of a database, with the journal by which SQLite makes it empty again */
} content;

/* A file without SQLite's header: whether it is what is left of a database that was being created. */
static clipsearch_status check_left_over(cs_store *store, off_t size, content *what, clipsearch_error *err)
{
    bool zeros = false;
    clipsearch_status status = CLIPSEARCH_OK;
    *what = CONTENT_CUT_OFF;
    if (cs_store_has_creation_journal(store))
        return CLIPSEARCH_OK;
    *what = CONTENT_ZEROS;
    if (size >= SECTOR) /* SQLite's answer is 0 for the size of a file of one byte, whatever that is */
        status = cs_store_check_zeros(store, &zeros, err);
    if (status || zeros)
        return status;
    return cs_fail(err, CLIPSEARCH_E_DATABASE,
                   "%s: not a clipsearch database (not an SQLite file at all); left untouched, name another file",
                   store->path);
}

/* Decides by the header alone, before SQLite may recover, lock or write anything, that a file is somebody else's. */
static clipsearch_status check_owner(cs_store *store, content *what, clipsearch_error *err)
{
    uint8_t header[HEADER_SIZE] = {0};
    struct stat st;
    if (stat(store->file, &st) != 0)
        return cs_fail_errno(err, CLIPSEARCH_E_DATABASE, errno, "%s", store->path);
    *what = st.st_size == 0 ? CONTENT_EMPTY : CONTENT_OURS;
    if (*what == CONTENT_EMPTY)
        return CLIPSEARCH_OK;
    clipsearch_status status = read_header(store, header, err);
    if (status)
        return status;
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return check_left_over(store, st.st_size, what, err);
    const uint8_t *id = header + HEADER_APPLICATION_ID;
    uint32_t application = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    if (application != CS_STORE_APPLICATION_ID)
        return cs_fail(err, CLIPSEARCH_E_DATABASE,
                       "%s: an SQLite database of another program (application id 0x%08x, clipsearch's is 0x%08x);"
                       " left untouched, name another file",
                       store->path, (unsigned)application, (unsigned)CS_STORE_APPLICATION_ID);
    return CLIPSEARCH_OK;
}

/* "file:" URI of an absolute path, every byte but the plainest as %XX; SQLite does not make a -shm file for it. */
static char *reader_uri(const char *path)
{
    cs_buf uri = cs_buf_make(3 * strlen(path) + 32);
    cs_buf_puts(&uri, "file:");
    for (const char *p = path; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '/';
        cs_buf_printf(&uri, plain ? "%c" : "%%%02X", (unsigned char)*p);
    }
    cs_buf_puts(&uri, "?readonly_shm=1");
    return cs_buf_detach(&uri);
}

/* Hardening against a hostile file, and our limits; nothing here touches the file. (TRUSTED_SCHEMA stays on: SQLite
 * 3.40 counts json_valid, which our own CHECK calls, among the functions it would forbid.) */
static void set_up_connection(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
}

static clipsearch_status connect(cs_store *store, const char *name, int flags, const char *vfs, clipsearch_error *err)
{
    sqlite3_close(store->db);
    store->db = NULL;
    int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    if (code != SQLITE_OK)
        return cs_store_fail(store, code, "opening it", err);
    set_up_connection(store->db);
    sqlite3_busy_handler(store->db, cs_store_on_busy, store);
    code = cs_filter_sql_add_functions(store->db);
    if (code == SQLITE_OK)
        code = cs_attribute_functions_add(store->db);
    return code == SQLITE_OK ? CLIPSEARCH_OK : cs_store_fail(store, code, "setting it up", err);
}

static clipsearch_status execute(cs_store *store, const char *sql, const char *doing, clipsearch_error *err)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? CLIPSEARCH_OK : cs_store_fail(store, code, doing, err);
}

/* The one value of a pragma or a query. */
static clipsearch_status ask_integer(cs_store *store, const char *sql, int64_t *value, clipsearch_error *err)
{
    sqlite3_stmt *statement = NULL;
    *value = 0;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
            *value = sqlite3_column_int64(statement, 0);
    }
    clipsearch_status status =
        code == SQLITE_ROW || code == SQLITE_DONE ? CLIPSEARCH_OK : cs_store_fail(store, code, "reading it", err);
    sqlite3_finalize(statement);
    return status;
}

/* ---- versions */

static clipsearch_status check_version(cs_store *store, int64_t *version, clipsearch_error *err)
{
    clipsearch_status status = ask_integer(store, "PRAGMA user_version", version, err);
    if (!status && *version > CS_STORE_SCHEMA)
        return cs_fail(err, CLIPSEARCH_E_DATABASE,
                       "%s: written by a newer clipsearch (schema version %lld; this one, %d.%d.%d, reads up to %d);"
                       " update clipsearch, or name another file",
                       store->path, (long long)*version, CLIPSEARCH_VERSION_MAJOR, CLIPSEARCH_VERSION_MINOR,
                       CLIPSEARCH_VERSION_PATCH, CS_STORE_SCHEMA);
    if (!status && *version < 0)
        return cs_store_fail_content(store, err, "its schema version is %lld", (long long)*version);
    return status;
}

clipsearch_status cs_store_migrate(cs_store *store, const char *const *steps, int target, clipsearch_error *err)
{
    int64_t version = 0;
    clipsearch_status status = execute(store, "BEGIN IMMEDIATE", "changing its schema", err);
    /* asked again under the lock: another process may have come first */
    if (!status)
        status = ask_integer(store, "PRAGMA user_version", &version, err);
    for (; !status && version < target; version++)
        status = execute(store, steps[version], "changing its schema", err);
    if (!status)
        status = execute(store, "COMMIT", "changing its schema", err);
    if (status && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* The tables are what the statements take them for: real, strict tables. */
static clipsearch_status check_tables(cs_store *store, clipsearch_error *err)
{
    int64_t tables = 0;
    clipsearch_status status = ask_integer(
        store,
        "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type ="
        " 'table' AND strict AND name IN ('collections', 'items', 'vectors', 'changes', 'sources', 'remodels',"
        " 'new_vectors')",
        &tables, err);
    if (!status && tables != 7)
        return cs_store_fail_content(store, err, "%lld of its 7 tables are there", (long long)tables);
    return status;
}

/* Switch to write-ahead logging; it is a property of the file. SQLite does not wait for the lock this needs when that
 * might deadlock, so the waiting is done here: it matters only when several processes make the file at once. */
static clipsearch_status set_wal(cs_store *store, clipsearch_error *err)
{
    enum { PAUSE_MS = 10 };
    for (;;) {
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
        bool wal = false;
        if (code == SQLITE_OK) {
            code = sqlite3_step(statement);
            const unsigned char *mode = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
            wal = mode && strcmp((const char *)mode, "wal") == 0;
        }
        sqlite3_finalize(statement);
        if (wal)
            return CLIPSEARCH_OK;
        bool busy = (code & 0xff) == SQLITE_BUSY;
        if (code != SQLITE_ROW && !(busy && cs_store_wait(store->timeout_ms, 1000 * PAUSE_MS)))
            return cs_store_fail(store, code, "setting up its log", err);
        if (code == SQLITE_ROW)
            return cs_fail(err, CLIPSEARCH_E_DATABASE,
                           "%s: SQLite cannot keep a write-ahead log here; put the file on a local disk", store->path);
    }
}

static clipsearch_status bring_up_to_date(cs_store *store, bool may_create, clipsearch_error *err)
{
    int64_t version = 0, application = 0;
    /* in this order: both are set by one commit, and another process may make it between the two questions */
    clipsearch_status status = ask_integer(store, "PRAGMA application_id", &application, err);
    if (!status)
        status = check_version(store, &version, err);
    if (status)
        return status;
    /* Both are 0 when the creation was cut off and SQLite has undone it just now. */
    if (version == 0 && (!may_create || application != 0))
        return cs_fail(err, application ? CLIPSEARCH_E_DATABASE : CLIPSEARCH_E_NOT_FOUND,
                       "%s: no clipsearch database is in this file; ingest images into it", store->path);
    if (version < CS_STORE_SCHEMA && store->read_only) {
        status = sqlite3_db_readonly(store->db, "main") == 1
                     ? CLIPSEARCH_E_DATABASE
                     : execute(store, "PRAGMA query_only = 0", "setting it up", err);
        if (!status)
            status = cs_store_migrate(store, cs_store_steps, CS_STORE_SCHEMA, err);
        if (status)
            return cs_fail(err, CLIPSEARCH_E_DATABASE,
                           "%s: written by an older clipsearch (schema version %lld); open it once where it can be"
                           " written, to bring it up to %d",
                           store->path, (long long)version, CS_STORE_SCHEMA);
        status = execute(store, "PRAGMA query_only = 1", "setting it up", err);
        version = CS_STORE_SCHEMA;
    }
    if (status)
        return status;
    if (version == 0) { /* before the first page is written; has no effect on a file that has pages */
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA page_size = %d", PAGE_SIZE);
        status = execute(store, pragma, "setting it up", err);
    }
    /* EXTRA is FULL, and for the making, which is not logged ahead yet, syncs the directory too */
    if (!status && !store->read_only)
        status = execute(store, "PRAGMA synchronous = EXTRA", "setting it up", err);
    /* A new file gets its tables before its write-ahead log, so that its header says whose it is from the first. */
    if (!status && version < CS_STORE_SCHEMA)
        status = cs_store_migrate(store, cs_store_steps, CS_STORE_SCHEMA, err);
    if (!status && !store->read_only && !store->memory) /* SQLite keeps no log of a database in memory */
        status = set_wal(store, err);
    return status ? status : check_tables(store, err);
}

/* ---- cs_store_open */

clipsearch_status cs_store_check_file(const char *path, unsigned flags, clipsearch_error *err)
{
    struct stat st;
    if (strcmp(path, CS_STORE_MEMORY) == 0)
        return CLIPSEARCH_OK;
    if (flags != 0 && flags != CLIPSEARCH_READ_ONLY && flags != CLIPSEARCH_CREATE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: flags 0x%x: READ_ONLY or CREATE or 0", path, flags);
    if (path[0] == '\0')
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "the database's name is empty");
    if (stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return CLIPSEARCH_OK;
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "%s: %s, not a database file", path,
                       S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
    }
    if (errno != ENOENT && errno != ENOTDIR)
        return cs_fail_errno(err, CLIPSEARCH_E_DATABASE, errno, "%s", path);
    if (flags != CLIPSEARCH_CREATE)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: no such database; ingest images to make it", path);
    char *directory = cs_strndup(path, (size_t)(cs_path_base(path) - path));
    if (!directory)
        return cs_fail_memory(err, "a path");
    bool there = directory[0] == '\0' || (stat(directory, &st) == 0 && S_ISDIR(st.st_mode));
    cs_free(directory);
    if (!there)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: its directory does not exist; make it first", path);
    return CLIPSEARCH_OK;
}

/* Without making any file: -shm and -wal would belong to this user, and keep those out who may write. */
static clipsearch_status connect_reader(cs_store *store, clipsearch_error *err)
{
    char *uri = reader_uri(store->file);
    const char *vfs = cs_store_reader_vfs();
    store->reader = true;
    clipsearch_status status = uri && vfs ? connect(store, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs, err)
                                          : cs_fail_memory(err, "a path");
    cs_free(uri);
    return status;
}

/* SQLite is given an absolute name: an ordinary file, where "file:..." alone is something special to it. */
static clipsearch_status open_file(cs_store *store, unsigned flags, clipsearch_error *err)
{
    /* Also to read, SQLite may open the file for writing if it can: then it repairs what a crash left, and removes -wal
     * and -shm when it closes. query_only keeps it from changing rows. */
    int how = SQLITE_OPEN_READWRITE | (flags == CLIPSEARCH_CREATE ? SQLITE_OPEN_CREATE : 0);
    content what = CONTENT_OURS;
    clipsearch_status status = connect(store, store->file, how, cs_store_vfs(), err);
    if (!status)
        status = check_owner(store, &what, err);
    if (!status && what == CONTENT_ZEROS && flags == CLIPSEARCH_CREATE)
        status = cs_store_empty_zeros(store, err);
    if (status)
        return status;
    if ((what == CONTENT_EMPTY || what == CONTENT_ZEROS) && flags != CLIPSEARCH_CREATE)
        return cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: the file is empty; ingest images to make a database of it",
                       store->path);
    if (store->read_only && !cs_store_may_keep_log(store)) {
        status = connect_reader(store, err);
        if (status)
            return status;
    }
    if (!store->read_only && sqlite3_db_readonly(store->db, "main") == 1)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "%s: the file cannot be written; change its permissions",
                       store->path);
    if (store->read_only)
        status = execute(store, "PRAGMA query_only = 1", "setting it up", err);
    if (!status)
        status = bring_up_to_date(store, flags == CLIPSEARCH_CREATE, err);
    if (!status)
        cs_store_share_log(store);
    return status;
}

/* Further connections, and files that belong to the database, are opened later, when the working directory may be
 * another one. By whatever link the file was opened, what belongs to it has one name. */
static clipsearch_status follow_link(cs_store *store, clipsearch_error *err)
{
    struct stat st;
    const bool link = lstat(store->file, &st) == 0 && S_ISLNK(st.st_mode);
    const char *real = link ? sqlite3_db_filename(store->db, "main") : NULL; /* without links */
    if (!real || !*real)
        return CLIPSEARCH_OK;
    cs_free(store->file);
    store->file = cs_strdup(real);
    return store->file ? CLIPSEARCH_OK : cs_fail_memory(err, "a path");
}

/* A handle that is not connected yet; NULL when out of memory. */
static cs_store *make_store(const char *path, bool read_only)
{
    cs_store *store = cs_zalloc_array(1, sizeof *store);
    if (!store)
        return NULL;
    cs_store_begin_wait();
    store->timeout_ms = CS_STORE_TIMEOUT_MS;
    store->read_only = read_only;
    store->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    store->item_path = cs_buf_make(CS_ITEM_PATH_MAX);
    store->item_attributes = cs_buf_make(CS_ITEM_ATTRIBUTES_MAX);
    store->bounds = cs_buf_make(3 * (CS_ITEM_PATH_MAX + 2));
    store->path = cs_strdup(path);
    store->vector = cs_alloc_aligned(CS_ITEM_DIM_MAX, sizeof *store->vector);
    if (!store->path || !store->vector)
        cs_store_close(&store);
    return store;
}

/* ---- in memory */

/* SQLite's own limit for one allocation, which a database in memory is. */
static const sqlite3_int64 MEMORY_MAX = 0x7ffffeff;

/* Connections of this process with the same name share one database; the first makes it, the last frees it. */
static clipsearch_status open_memory(cs_store *store, clipsearch_error *err)
{
    sqlite3_int64 limit = MEMORY_MAX;
    char name[80];
    snprintf(name, sizeof name, "file:/clipsearch-%llu?vfs=memdb", (unsigned long long)store->memory);
    clipsearch_status status =
        connect(store, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, cs_store_vfs(), err);
    if (!status && !(store->file = cs_strdup(store->path)))
        status = cs_fail_memory(err, "a path");
    if (status)
        return status;
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_SIZE_LIMIT, &limit);
    return store->read_only ? execute(store, "PRAGMA query_only = 1", "setting it up", err)
                            : bring_up_to_date(store, true, err);
}

static uint64_t next_memory_number(void)
{
    static atomic_uint_fast64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

/* ---- */

/* `file`: the path as cs_store_file has it; NULL: follow from `path`. */
static clipsearch_status open_store(const char *path, const char *file, unsigned flags, uint64_t memory, cs_store **out,
                                    clipsearch_error *err)
{
    cs_store *store = make_store(path, flags == CLIPSEARCH_READ_ONLY);
    clipsearch_status status = store ? CLIPSEARCH_OK : cs_fail_memory(err, "a database handle");
    if (!status && memory) {
        store->memory = memory;
        status = open_memory(store, err);
    } else if (!status) {
        status = cs_path_make_absolute(file ? file : path, &store->file, err);
        if (!status)
            status = open_file(store, flags, err);
        if (!status && !file)
            status = follow_link(store, err);
    }
    if (status)
        cs_store_close(&store);
    *out = store;
    return status;
}

clipsearch_status cs_store_open(const char *path, unsigned flags, cs_store **store, clipsearch_error *err)
{
    *store = NULL;
    if (strcmp(path, CS_STORE_MEMORY) == 0 && flags == CLIPSEARCH_READ_ONLY)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "%s: a database in memory begins empty, so it cannot be opened for reading only", path);
    if (strcmp(path, CS_STORE_MEMORY) == 0)
        return open_store(path, NULL, flags, next_memory_number(), store, err);
    clipsearch_status status = cs_store_check_file(path, flags, err);
    return status ? status : open_store(path, NULL, flags, 0, store, err);
}

clipsearch_status cs_store_open_reader(const cs_store *of, cs_store **reader, clipsearch_error *err)
{
    return open_store(of->path, of->file, CLIPSEARCH_READ_ONLY, of->memory, reader, err);
}

bool cs_store_is_in_memory(const cs_store *store)
{
    return store->memory != 0;
}

void cs_store_close(cs_store **handle)
{
    cs_store *store = handle ? *handle : NULL;
    if (!store)
        return;
    cs_store_finalize_all(store);
    sqlite3_close(store->db); /* rolls back what is open */
    cs_buf_free(&store->item_path);
    cs_buf_free(&store->item_attributes);
    cs_buf_free(&store->bounds);
    cs_free(store->vector);
    cs_free(store->path);
    cs_free(store->file);
    cs_free(store);
    *handle = NULL;
}

const char *cs_store_path(const cs_store *store)
{
    return store->path;
}

const char *cs_store_file(const cs_store *store)
{
    return store->file;
}

void cs_store_set_timeout(cs_store *store, int milliseconds)
{
    store->timeout_ms = milliseconds;
}

/* ---- transactions */

clipsearch_status cs_store_need_transaction(const cs_store *store, clipsearch_error *err)
{
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    if (sqlite3_get_autocommit(store->db))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a change outside a transaction", store->path);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_begin(cs_store *store, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    if (!sqlite3_get_autocommit(store->db))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: a transaction inside a transaction", store->path);
    store->touched = 0;
    cs_store_begin_wait();
    clipsearch_status status = cs_store_statement(store, CS_SQL_BEGIN, &statement, err);
    return status ? status : cs_store_run(store, statement, "beginning a change", err);
}

/* Called by SQLite during long statements. */
static int is_stopped(void *unused)
{
    (void)unused;
    return cs_stop_asked();
}

clipsearch_status cs_store_begin_read(cs_store *store, bool *began, clipsearch_error *err)
{
    *began = false;
    if (!sqlite3_get_autocommit(store->db))
        return CLIPSEARCH_OK;
    cs_store_begin_wait();
    if (cs_stop_current())
        sqlite3_progress_handler(store->db, STEPS_BETWEEN_STOPS, is_stopped, NULL);
    clipsearch_status status = execute(store, "BEGIN", "reading it", err);
    *began = !status;
    return status;
}

void cs_store_end_read(cs_store *store)
{
    sqlite3_progress_handler(store->db, 0, NULL, NULL);
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
}

clipsearch_status cs_store_commit(cs_store *store, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    store->touched = 0;
    if (sqlite3_get_autocommit(store->db))
        return cs_fail(err, CLIPSEARCH_E_DATABASE,
                       "%s: no transaction is open, or SQLite had to undo it; nothing was committed", store->path);
    clipsearch_status status = cs_store_statement(store, CS_SQL_COMMIT, &statement, err);
    if (!status)
        status = cs_store_run(store, statement, "committing", err);
    if (status)
        cs_store_rollback(store);
    return status;
}

void cs_store_rollback(cs_store *store)
{
    store->touched = 0;
    /* not through the cache: it must work when preparing fails for want of memory, and exec tries once more */
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}
