/* SPDX-License-Identifier: MIT
 * database.c - a database opened and closed; connections for readers, turns for writers. */
#include "local/database.h"

#include "base/index_types.h"
#include "base/mem.h"
#include "base/stop.h"
#include "local/collection.h"
#include "local/local.h"

#include <string.h>

/* ---- readers */

static void return_reader(local_database *db, cs_store *store)
{
    local_reader *place = NULL;
    pthread_mutex_lock(&db->lock);
    for (size_t i = 0; i < CS_READERS_KEPT && !(place && place->store == store); i++)
        if (db->readers[i].store == store || (!db->readers[i].store && !place))
            place = &db->readers[i];
    if (place)
        *place = (local_reader){.store = store};
    pthread_mutex_unlock(&db->lock);
    if (!place)
        cs_store_close(&store);
}

/* Always the first that is free, so that the few in front are used again and again and have their pages in memory. */
static clipsearch_status borrow_reader(local_database *db, cs_store **store, clipsearch_error *err)
{
    *store = NULL;
    pthread_mutex_lock(&db->lock);
    for (size_t i = 0; i < CS_READERS_KEPT && !*store; i++)
        if (db->readers[i].store && !db->readers[i].lent) {
            db->readers[i].lent = true;
            *store = db->readers[i].store;
        }
    pthread_mutex_unlock(&db->lock);
    return *store ? CLIPSEARCH_OK : cs_store_open_reader(db->first, store, err);
}

clipsearch_status cs_local_begin_store_read(local_database *db, cs_store **store, clipsearch_error *err)
{
    bool began = false;
    clipsearch_status status = borrow_reader(db, store, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (db->in_memory && !cs_stop_lock_for_reading(&db->memory_lock)) {
        return_reader(db, *store);
        *store = NULL;
        return cs_stop_check(err);
    }
    status = cs_store_begin_read(*store, &began, err);
    if (status != CLIPSEARCH_OK)
        cs_local_end_store_read(db, store);
    return status;
}

clipsearch_status cs_local_renew_store_read(cs_store *store, clipsearch_error *err)
{
    bool began = false;
    cs_store_end_read(store);
    return cs_store_begin_read(store, &began, err);
}

void cs_local_end_store_read(local_database *db, cs_store **store)
{
    if (!*store)
        return;
    cs_store_end_read(*store);
    if (db->in_memory)
        pthread_rwlock_unlock(&db->memory_lock);
    return_reader(db, *store);
    *store = NULL;
}

/* ---- writers */

void cs_local_wait_for_turn(local_database *db)
{
    pthread_mutex_lock(&db->lock);
    const uint64_t own = db->next_turn++;
    while (db->turn != own)
        pthread_cond_wait(&db->turn_changed, &db->lock);
    pthread_mutex_unlock(&db->lock);
    if (db->in_memory)
        pthread_rwlock_wrlock(&db->memory_lock);
}

void cs_local_end_turn(local_database *db)
{
    if (db->in_memory)
        pthread_rwlock_unlock(&db->memory_lock);
    pthread_mutex_lock(&db->lock);
    db->turn++;
    pthread_cond_broadcast(&db->turn_changed);
    pthread_mutex_unlock(&db->lock);
}

clipsearch_status cs_local_begin_change(local_database *db, clipsearch_error *err)
{
    if (!db->writer)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", cs_store_path(db->first));
    cs_local_wait_for_turn(db);
    clipsearch_status status = cs_store_begin(db->writer, err);
    if (status != CLIPSEARCH_OK)
        cs_local_end_turn(db);
    return status;
}

clipsearch_status cs_local_end_change(local_database *db, clipsearch_status status, clipsearch_error *err)
{
    if (status == CLIPSEARCH_OK)
        status = cs_store_commit(db->writer, err);
    if (status != CLIPSEARCH_OK)
        cs_store_rollback(db->writer);
    cs_local_end_turn(db);
    return status;
}

void cs_local_undo_change(local_database *db)
{
    cs_store_rollback(db->writer);
    cs_local_end_turn(db);
}

/* ---- processors */

clipsearch_status cs_local_begin_walk(local_database *db, clipsearch_error *err)
{
    return cs_stop_take(&db->walks) ? CLIPSEARCH_OK : cs_stop_check(err);
}

void cs_local_end_walk(local_database *db)
{
    sem_post(&db->walks);
}

cs_pool *cs_local_borrow_pool(local_database *db)
{
    if (pthread_mutex_trylock(&db->pool_lock))
        return NULL;
    if (!db->pool && cs_pool_open(0, &db->pool, NULL) != CLIPSEARCH_OK)
        pthread_mutex_unlock(&db->pool_lock);
    return db->pool;
}

void cs_local_return_pool(local_database *db, cs_pool *pool)
{
    if (pool)
        pthread_mutex_unlock(&db->pool_lock);
}

/* ---- the functions of cs_database_ops that are not about one collection */

/* All collections, read before the first is reported: a receiver may use the database. */
typedef struct collection_list {
    cs_store_collection *all;
    size_t count, capacity;
    clipsearch_status status;
    clipsearch_error *err;
} collection_list;

static bool add_collection(void *context, const cs_store_collection *collection)
{
    collection_list *list = context;
    if (list->count == list->capacity) {
        cs_store_collection *larger = cs_grow(list->all, &list->capacity, list->count + 1, sizeof *larger);
        if (!larger) {
            list->status = cs_fail_memory(list->err, "a list of collections");
            return false;
        }
        list->all = larger;
    }
    list->all[list->count++] = *collection;
    return true;
}

static clipsearch_status each_collection(clipsearch_database *base,
                                         bool (*each)(void *context, const cs_collection_identity *identity,
                                                      const cs_collection_state *state),
                                         void *context, clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    collection_list list = {.err = err};
    cs_store *store;
    clipsearch_status status = cs_local_begin_store_read(db, &store, err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_each(store, add_collection, &list, err);
    if (status == CLIPSEARCH_OK)
        status = list.status;
    cs_local_end_store_read(db, &store);
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++) {
        const cs_collection_identity identity = cs_local_identity(&list.all[i].identity);
        cs_collection_state state = cs_local_state(&list.all[i].state);
        memcpy(state.remodel, list.all[i].remodel, sizeof state.remodel);
        state.remodelled = list.all[i].remodelled;
        if (!each(context, &identity, &state))
            break;
    }
    cs_free(list.all);
    return status;
}

static void close_idle(local_database *db)
{
    pthread_mutex_lock(&db->lock);
    for (size_t i = 0; i < CS_READERS_KEPT; i++)
        if (!db->readers[i].lent && db->readers[i].store != db->first)
            cs_store_close(&db->readers[i].store);
    pthread_mutex_unlock(&db->lock);
}

static clipsearch_status vacuum(clipsearch_database *base, clipsearch_error *err)
{
    local_database *db = cs_local_database(base);
    if (!db->writer)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", cs_store_path(db->first));
    cs_local_wait_for_turn(db);
    close_idle(db); /* they would keep pages of the old file */
    clipsearch_status status = cs_store_vacuum(db->writer, err);
    cs_local_end_turn(db);
    return status;
}

static void close_database(clipsearch_database *base)
{
    local_database *db = cs_local_database(base);
    close_idle(db);
    cs_store_close(&db->first);
    cs_pool_close(&db->pool);
    sem_destroy(&db->walks);
    pthread_mutex_destroy(&db->pool_lock);
    pthread_mutex_destroy(&db->checkpoint_lock);
    pthread_rwlock_destroy(&db->memory_lock);
    pthread_cond_destroy(&db->turn_changed);
    pthread_mutex_destroy(&db->lock);
    cs_database_destroy(base);
    cs_free(db);
}

static const cs_database_ops ops = {
    .each_collection = each_collection,
    .open_collection = cs_local_open_collection,
    .ensure_collection = cs_local_ensure_collection,
    .drop_collection = cs_local_drop_collection,
    .vacuum = vacuum,
    .close = close_database,
    .index_types = CS_FILE_INDEX_TYPES,
};

clipsearch_status cs_local_open(const char *path, unsigned flags, clipsearch_database **out, clipsearch_error *err)
{
    *out = NULL;
    local_database *db = cs_zalloc_array(1, sizeof *db);
    if (!db)
        return cs_fail_memory(err, "a database handle");
    cs_database_init(&db->base, &ops,
                     CS_BACKEND_ATOMIC_APPLY | CS_BACKEND_SNAPSHOT | CS_BACKEND_CHECKPOINT | CS_BACKEND_VACUUM);
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->turn_changed, NULL);
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes); /* writers go first: searches that follow one another leave no gap for them */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&db->memory_lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    pthread_mutex_init(&db->checkpoint_lock, NULL);
    pthread_mutex_init(&db->pool_lock, NULL);
    sem_init(&db->walks, 0, cs_processors());
    *out = &db->base;
    clipsearch_status status = cs_store_open(path, flags, &db->first, err);
    if (status != CLIPSEARCH_OK) {
        cs_database_close(out);
        return status;
    }
    db->in_memory = cs_store_is_in_memory(db->first);
    if (flags == CLIPSEARCH_READ_ONLY)
        db->readers[0].store = db->first; /* a reader as good as another */
    else
        db->writer = db->first;
    return CLIPSEARCH_OK;
}
