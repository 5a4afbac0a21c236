/* SPDX-License-Identifier: MIT
 * database.h - a database file or a database in memory, shared by threads: its connections, who may write, its pool. */
#ifndef CS_LOCAL_DATABASE_H
#define CS_LOCAL_DATABASE_H

#include "backend/backend.h"
#include "base/pool.h"
#include "store/store.h"

#include <semaphore.h>

enum { CS_READERS_KEPT = 16 }; /* connections for reading that are kept; each keeps up to 2 MB of pages */

typedef struct local_reader {
    cs_store *store; /* NULL: not opened yet */
    bool lent;
} local_reader;

typedef struct local_database {
    clipsearch_database base;
    cs_store *first;  /* the connection that was opened with the database */
    cs_store *writer; /* the same: changes are made through it, by one thread at a time; NULL: for reading only */
    bool in_memory;
    pthread_mutex_t lock; /* guards what follows, up to the locks below */
    pthread_cond_t turn_changed;
    uint64_t next_turn, turn; /* threads that want to write, in the order in which they asked */
    local_reader readers[CS_READERS_KEPT];
    struct local_shared *collections; /* those with an open handle, chained by `next` */
    pthread_rwlock_t memory_lock;     /* in memory: reads and changes exclude each other, see cs_store_open_reader */
    pthread_mutex_t checkpoint_lock;  /* one checkpoint at a time: they would remove each other's unfinished files */
    pthread_mutex_t pool_lock;        /* held by the one search that uses the pool */
    sem_t walks;                      /* searches by a graph that may run now, see cs_local_begin_walk */
    cs_pool *pool;                    /* opened by the first search that needs it */
} local_database;

static inline local_database *cs_local_database(clipsearch_database *db)
{
    return (local_database *)db;
}

/* Borrow a connection for reading, in a read transaction; each thread that reads has its own. *store is NULL after a
 * failure. A thread may borrow more than one, but not in memory. */
clipsearch_status cs_local_begin_store_read(local_database *db, cs_store **store, clipsearch_error *err);
/* Begin the transaction anew, to see the newest state. */
clipsearch_status cs_local_renew_store_read(cs_store *store, clipsearch_error *err);
/* End the transaction and give the connection back; NULL is fine. */
void cs_local_end_store_read(local_database *db, cs_store **store);

/* Wait for the turn to write, and begin a write transaction on db->writer. After a failure nothing is begun.
 * CLIPSEARCH_E_ARGUMENT when opened for reading only. */
clipsearch_status cs_local_begin_change(local_database *db, clipsearch_error *err);
/* Commit, or undo everything unless `status` is CLIPSEARCH_OK; the next writer's turn. Returns what became of it. */
clipsearch_status cs_local_end_change(local_database *db, clipsearch_status status, clipsearch_error *err);
/* Undo everything, without an error. */
void cs_local_undo_change(local_database *db);
/* The turn to write alone, for what begins its own transactions. */
void cs_local_wait_for_turn(local_database *db);
void cs_local_end_turn(local_database *db);

/* Wait until fewer searches by a graph run than there are processors. More would push each other's connections out of
 * the processors' caches: 8 threads on 2 processors did 1.83 times as many searches as one, and do 1.91 times as many.
 * Nothing that may itself search (a note's receiver) is called until cs_local_end_walk. CLIPSEARCH_E_CANCELLED,
 * _TIMEOUT: then it has not begun. */
clipsearch_status cs_local_begin_walk(local_database *db, clipsearch_error *err);
void cs_local_end_walk(local_database *db);

/* The pool, for this thread alone until cs_local_return_pool; NULL when another search has it or no thread can be
 * started: then the caller works alone, with the same results. */
cs_pool *cs_local_borrow_pool(local_database *db);
void cs_local_return_pool(local_database *db, cs_pool *pool);

#endif
