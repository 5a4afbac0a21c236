/* SPDX-License-Identifier: MIT
 * reader_vfs.c - SQLite's access to files for a reader that cannot, or must not, make files beside the database. */
#include "store/store_internal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Readers and writers of a database with a write-ahead log agree through the file -shm. A reader that may not write the
 * database must not make that file: it would own it, and lock out the writers. Nor can it make it in a directory that
 * it may not write. SQLite reads without the file (https://sqlite.org/wal.html, "Read-Only Databases") only if it is
 * there. So while it is not there, this tells SQLite what SQLite's own code tells it of a -shm file without a writer
 * (SQLITE_READONLY_CANTINIT): SQLite then makes an index of the log in memory of its own for each read transaction.
 *
 * That is right only as long as no writer comes. Each connection holds a shared lock on the database file while it is
 * open. Who wants to remove -wal and -shm needs that lock alone, so these files do not vanish under a reader; and a
 * writer makes both before it changes the database file. Therefore a page was read from an unchanged file if there is
 * no -shm afterwards. If there is one, this takes the lock that keeps a checkpoint away (read lock 0), and looks
 * whether one has been made before it had the lock: in -shm, where a log that has begun again shows none, and by the
 * file's time, which is too coarse for changes that follow one another at once. If one may have been made, the
 * transaction fails with SQLITE_BUSY; else it goes on, and the next one reads through -shm as every reader does. */

enum {
    READ_LOCK = 3,            /* number of read lock 0 (https://sqlite.org/walformat.html 2.3) */
    SHM_REGION = 32768,       /* bytes of -shm that are mapped at a time */
    SHM_BACKFILL = 96,        /* offset of nBackfill: frames of the log that a checkpoint has written */
    SHM_BACKFILL_TRIED = 128, /* offset of nBackfillAttempted: frames that one has begun to write */
    JOIN_ATTEMPTS = 100,      /* a writer has made -shm and is about to lock it */
    OWNER_ATTEMPTS = 20,      /* a writer has made -wal or -shm and is about to give it the database's group and mode */
    FINE_MS = 20,             /* times of files are those of the kernel's last tick, */
    COARSE_MS = 2500          /* or of a file system that counts in units of up to 2 s */
};

typedef struct reader_file {
    sqlite3_file base;
    sqlite3_file *inner; /* SQLite's own, behind this struct. A log that is not there is not open: no methods */
    struct reader_file *database; /* of a log; of the database itself */
    const char *name;             /* SQLite's */
    char *shm_name;               /* of the database */
    bool joined;                  /* the -shm file is open: locks and pages are its */
    bool locked;                  /* SQLite has been given read lock 0 */
    struct stat before;           /* the database file when that was */
    bool fresh;                   /* it had just been written: its time would be the same if it were written again */
    bool changed;                 /* what this transaction reads is not of one state any more */
} reader_file;

static sqlite3_vfs reader_vfs;

static bool shm_exists(const reader_file *database)
{
    return access(database->shm_name, F_OK) == 0 || errno != ENOENT;
}

/* Open the -shm file if it is there, with the lock that SQLite believes it has. *absent: it is not there. */
static int join(reader_file *database, int region, int size, void volatile **page, bool *absent)
{
    sqlite3_file *inner = database->inner;
    int code = inner->pMethods->xShmMap(inner, region, size, 0, page);
    for (int i = 0; (code & 0xff) == SQLITE_CANTOPEN && shm_exists(database) && i < OWNER_ATTEMPTS; i++) {
        reader_vfs.xSleep(&reader_vfs, 1000);
        code = inner->pMethods->xShmMap(inner, region, size, 0, page);
    }
    *absent = (code & 0xff) == SQLITE_CANTOPEN && !shm_exists(database);
    if (code == SQLITE_OK)
        code = SQLITE_READONLY; /* whoever may write it: SQLite must not be told now this, now that */
    if (code != SQLITE_READONLY && code != SQLITE_READONLY_CANTINIT)
        return code;
    if (!database->joined && database->locked) {
        int lock = inner->pMethods->xShmLock(inner, READ_LOCK, 1, SQLITE_SHM_LOCK | SQLITE_SHM_SHARED);
        if (lock != SQLITE_OK)
            return lock;
    }
    database->joined = true;
    return code;
}

static uint32_t shm_number(void volatile *page, size_t offset)
{
    return ((volatile uint32_t *)page)[offset / sizeof(uint32_t)];
}

static int64_t milliseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A read transaction begins without a -shm file. */
static void note_state(reader_file *database)
{
    struct timespec now;
    const struct timespec *time = &database->before.st_mtim;
    database->fresh = stat(database->name, &database->before) != 0;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t age = milliseconds(now) - milliseconds(*time);
    database->fresh = database->fresh || age < (time->tv_nsec % 1000000 ? FINE_MS : COARSE_MS);
}

static bool is_as_noted(const reader_file *database)
{
    struct stat now;
    const struct stat *before = &database->before;
    return !database->fresh && stat(database->name, &now) == 0 && now.st_size == before->st_size &&
           now.st_ino == before->st_ino && now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* A writer has come in the middle of a transaction. SQLITE_OK when it has not changed the database file and cannot
 * until the transaction ends. */
static int keep_unchanged(reader_file *database)
{
    void volatile *page = NULL;
    bool absent = false;
    int code = SQLITE_READONLY_CANTINIT;
    for (int i = 0; i < JOIN_ATTEMPTS && code == SQLITE_READONLY_CANTINIT; i++) {
        if (i)
            reader_vfs.xSleep(&reader_vfs, 1000);
        code = join(database, 0, SHM_REGION, &page, &absent);
    }
    if (code != SQLITE_READONLY)
        return code == SQLITE_READONLY_CANTINIT ? SQLITE_BUSY : code;
    /* no page: the writer has only begun */
    const bool none = !page || (shm_number(page, SHM_BACKFILL) == 0 && shm_number(page, SHM_BACKFILL_TRIED) == 0);
    return none && is_as_noted(database) ? SQLITE_OK : SQLITE_BUSY;
}

/* After something was read: whether it is of the state at which the transaction began. */
static int check_unchanged(reader_file *database)
{
    if (database->changed)
        return SQLITE_BUSY;
    if (database->joined || !database->locked || !shm_exists(database))
        return SQLITE_OK;
    const int code = keep_unchanged(database);
    database->changed = code != SQLITE_OK;
    return code;
}

/* ---- the functions of an open file */

static reader_file *reader_of(sqlite3_file *file)
{
    return (reader_file *)file;
}

static int close_file(sqlite3_file *file)
{
    reader_file *f = reader_of(file);
    int code = f->inner->pMethods ? f->inner->pMethods->xClose(f->inner) : SQLITE_OK;
    sqlite3_free(f->shm_name);
    f->shm_name = NULL;
    return code;
}

/* A log may be made while it is open here. */
static int open_log(reader_file *log)
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
    sqlite3_vfs *system = reader_vfs.pAppData;
    if (log->inner->pMethods || (access(log->name, F_OK) != 0 && errno == ENOENT))
        return SQLITE_OK;
    int code = system->xOpen(system, log->name, log->inner, flags, &flags);
    for (int i = 0; (code & 0xff) == SQLITE_CANTOPEN && i < OWNER_ATTEMPTS; i++) {
        if (access(log->name, F_OK) != 0 && errno == ENOENT)
            return SQLITE_OK; /* it was removed just now */
        reader_vfs.xSleep(&reader_vfs, 1000);
        code = system->xOpen(system, log->name, log->inner, flags, &flags);
    }
    return code;
}

static int read_file(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    reader_file *f = reader_of(file);
    int code = f->database == f ? SQLITE_OK : open_log(f);
    if (code != SQLITE_OK)
        return code;
    if (!f->inner->pMethods) {
        memset(bytes, 0, (size_t)size);
        return SQLITE_IOERR_SHORT_READ;
    }
    code = f->inner->pMethods->xRead(f->inner, bytes, size, at);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ)
        return code;
    const int unchanged = check_unchanged(f->database);
    return unchanged == SQLITE_OK ? code : unchanged;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    reader_file *f = reader_of(file);
    *size = 0;
    int code = f->database == f ? SQLITE_OK : open_log(f);
    return code == SQLITE_OK && f->inner->pMethods ? f->inner->pMethods->xFileSize(f->inner, size) : code;
}

static int write_file(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    (void)file, (void)bytes, (void)size, (void)at;
    return SQLITE_READONLY;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    (void)file, (void)size;
    return SQLITE_READONLY;
}

static int sync_file(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level)
{
    reader_file *f = reader_of(file);
    return level > SQLITE_LOCK_SHARED ? SQLITE_READONLY : f->inner->pMethods->xLock(f->inner, level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    reader_file *f = reader_of(file);
    return f->inner->pMethods->xUnlock(f->inner, level);
}

static int check_reserved_lock(sqlite3_file *file, int *reserved)
{
    reader_file *f = reader_of(file);
    return f->inner->pMethods->xCheckReservedLock(f->inner, reserved);
}

static int control_file(sqlite3_file *file, int what, void *argument)
{
    reader_file *f = reader_of(file);
    return f->inner->pMethods ? f->inner->pMethods->xFileControl(f->inner, what, argument) : SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file)
{
    reader_file *f = reader_of(file);
    return f->inner->pMethods ? f->inner->pMethods->xSectorSize(f->inner) : 4096;
}

static int device_characteristics(sqlite3_file *file)
{
    reader_file *f = reader_of(file);
    return f->inner->pMethods ? f->inner->pMethods->xDeviceCharacteristics(f->inner) : 0;
}

static int map_shm(sqlite3_file *file, int region, int size, int extend, void volatile **page)
{
    bool absent = false;
    (void)extend;
    *page = NULL;
    int code = join(reader_of(file), region, size, page, &absent);
    return absent ? SQLITE_READONLY_CANTINIT : code;
}

static int lock_shm(sqlite3_file *file, int first, int count, int how)
{
    reader_file *f = reader_of(file);
    int code = SQLITE_OK;
    if (f->joined)
        code = f->inner->pMethods->xShmLock(f->inner, first, count, how);
    else if (first != READ_LOCK || count != 1 || !(how & SQLITE_SHM_SHARED))
        code = how & SQLITE_SHM_LOCK ? SQLITE_BUSY : SQLITE_OK;
    if (code == SQLITE_OK && first == READ_LOCK && count == 1) {
        f->locked = how & SQLITE_SHM_LOCK;
        f->changed = false;
        if (f->locked && !f->joined)
            note_state(f);
    }
    return code;
}

static void shm_barrier(sqlite3_file *file)
{
    reader_file *f = reader_of(file);
    f->inner->pMethods->xShmBarrier(f->inner);
}

static int unmap_shm(sqlite3_file *file, int remove)
{
    reader_file *f = reader_of(file);
    (void)remove;
    f->joined = false;
    return f->inner->pMethods->xShmUnmap(f->inner, 0);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no xFetch: pages are read, not mapped */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = unmap_shm,
};

/* ---- opening */

static int open_database(reader_file *f, const char *name, int flags, int *out_flags)
{
    sqlite3_vfs *system = reader_vfs.pAppData;
    f->database = f;
    f->shm_name = sqlite3_mprintf("%s-shm", name);
    if (!f->shm_name)
        return SQLITE_NOMEM;
    int code = system->xOpen(system, name, f->inner, flags, out_flags);
    if (code == SQLITE_OK && (f->inner->pMethods->iVersion < 2 || !f->inner->pMethods->xShmMap)) {
        f->inner->pMethods->xClose(f->inner);
        code = SQLITE_CANTOPEN;
    }
    if (code != SQLITE_OK) {
        sqlite3_free(f->shm_name);
        f->shm_name = NULL;
    }
    return code;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    sqlite3_vfs *system = vfs->pAppData;
    reader_file *f = reader_of(file);
    int code;
    if (!(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
        return system->xOpen(system, name, file, flags, out_flags);
    *f = (reader_file){.inner = (sqlite3_file *)(f + 1), .name = name};
    memset(f->inner, 0, (size_t)system->szOsFile);
    if (flags & SQLITE_OPEN_MAIN_DB) {
        code = open_database(f, name, flags, out_flags);
    } else {
        f->database = reader_of(sqlite3_database_file_object(name));
        code = open_log(f);
        if (out_flags)
            *out_flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
    }
    if (code == SQLITE_OK)
        f->base.pMethods = &methods;
    return code;
}

/* The functions of SQLite's own take no notice of which sqlite3_vfs they are called with, except opening. */
static void make_vfs(void)
{
    sqlite3_vfs *base = sqlite3_vfs_find(cs_store_vfs());
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    if (!base || !system)
        return;
    reader_vfs = *base;
    reader_vfs.zName = "clipsearch-reader";
    reader_vfs.pNext = NULL;
    reader_vfs.pAppData = system;
    reader_vfs.szOsFile = (int)sizeof(reader_file) + system->szOsFile;
    reader_vfs.xOpen = open_file;
    sqlite3_vfs_register(&reader_vfs, 0);
}

const char *cs_store_reader_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_vfs);
    return reader_vfs.zName;
}
