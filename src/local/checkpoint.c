/* SPDX-License-Identifier: MIT
 * checkpoint.c - brings the index up to date, or builds it anew, and puts its file in place. */
#include "local/collection.h"

#include "backend/code_kinds.h"
#include "base/mem.h"
#include "base/replace.h"
#include "index/hnsw.h"
#include "index/hnsw_file.h"
#include "kernels/vec.h"

#include <string.h>
#include <sys/random.h>

enum {
    BATCH_LEAST = 4096, /* vectors put at once, in memory twice meanwhile; after each batch all links are gone over */
    BATCH_MOST = 65536,
    BATCH_SHARE = 16,
    DUE_LEAST = 1000, /* changes whose scan, at 7 ms for 100,000, costs about as much as a walk */
    DUE_SHARE = 256,
    REMOVED_SHARE = 4, /* removed nodes, which walks pass over, to those they may find: then they are freed */
    EMPTY_SHARE = 2,   /* of all places; then a file made anew is worth its time */
    TRIES = 4          /* while other processes put files of older states in place first */
};

/* One checkpoint. Its order is what keeps it safe (docs/index.md): changes are logged before the
 * generation is read, the generation before the first vector, so that whatever changes meanwhile is logged behind it;
 * and a file is announced before it gets its name, inside the transaction that forgets the changes it holds. */
typedef struct checkpoint {
    local_database *db;
    cs_store *store; /* for reading, outside any transaction */
    const cs_store_identity *identity;
    const char *path;
    cs_store_state state; /* as it was at the beginning */
    const clipsearch_checkpoint_options *options;
    cs_pool *pool;
    cs_index *index;
    cs_hnsw_stamp stamp;
    bool changed; /* the index is not the file's any more */
    bool lost;    /* the file of another process took the place, and does not have all that this one has */
    int64_t *ids;
    float *vectors; /* [batch, dim] */
    size_t batch, filled;
    float *queries; /* [query_count, dim] that the file before kept, or NULL */
    size_t query_count;
    uint64_t done, all;
    clipsearch_error *err;
} checkpoint;

/* ---- vectors in */

static clipsearch_status put_batch(checkpoint *c)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (c->filled) {
        status = cs_index_put_many(c->index, c->ids, c->vectors, c->filled, c->pool, c->err);
        c->changed = true;
    }
    c->done += c->filled;
    c->filled = 0;
    if (status == CLIPSEARCH_OK && c->options->progress && !c->options->progress(c->options->context, c->done, c->all))
        status = cs_fail(c->err, CLIPSEARCH_E_CANCELLED,
                         "stopped while the index of %s was being made; its file is as it was", c->identity->name);
    return status;
}

static clipsearch_status alloc_batch(checkpoint *c, size_t count)
{
    c->all = count;
    c->batch = count / BATCH_SHARE;
    c->batch = c->batch < BATCH_LEAST ? BATCH_LEAST : c->batch > BATCH_MOST ? BATCH_MOST : c->batch;
    c->ids = cs_alloc_array(c->batch, sizeof *c->ids);
    c->vectors = cs_alloc_array(c->batch, c->identity->dim * sizeof *c->vectors);
    return c->ids && c->vectors ? CLIPSEARCH_OK : cs_fail_memory(c->err, "vectors on their way into an index");
}

static clipsearch_status build(checkpoint *c)
{
    const cs_store_identity *identity = c->identity;
    clipsearch_codes codes = CLIPSEARCH_CODES_DEFAULT;
    int64_t last = 0;
    if (!cs_codes_of_word(identity->codes, &codes))
        return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                       "the index of the collection %s needs codes \"%s\", which this clipsearch does not know",
                       identity->name, identity->codes);
    const cs_hnsw_options options = {.m = identity->m,
                                     .ef_construction = identity->ef_construction,
                                     .ef = identity->ef,
                                     .codes = cs_index_file_codes(codes),
                                     .seed = 1};
    clipsearch_status status = cs_index_hnsw_open(identity->dim, identity->metric, &options, &c->index, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(c->index, c->state.count, c->err);
    if (status == CLIPSEARCH_OK)
        status = alloc_batch(c, c->state.count);
    c->changed = true;
    while (status == CLIPSEARCH_OK) {
        status = cs_store_vectors_after(c->store, identity, last, c->batch, c->ids, c->vectors, &c->filled, c->err);
        if (status != CLIPSEARCH_OK || c->filled == 0)
            break;
        last = c->ids[c->filled - 1];
        status = put_batch(c);
    }
    return status;
}

static clipsearch_status add_change(void *context, int64_t id, clipsearch_error *err)
{
    return cs_id_list_add(context, id, err);
}

static clipsearch_status fold_change(checkpoint *c, int64_t id)
{
    float *vector = c->vectors + c->filled * c->identity->dim;
    clipsearch_status status = cs_store_vector(c->store, c->identity, id, vector, c->err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        c->changed = cs_index_remove(c->index, id) || c->changed;
        c->done++;
        return CLIPSEARCH_OK;
    }
    if (status != CLIPSEARCH_OK)
        return status;
    c->ids[c->filled++] = id;
    return c->filled == c->batch ? put_batch(c) : CLIPSEARCH_OK;
}

/* Ids are listed before any vector is read: a walk over the changes keeps them from changing. */
static clipsearch_status fold_changes(checkpoint *c)
{
    cs_id_list list = {0};
    clipsearch_status status =
        cs_store_each_change(c->store, c->identity, c->stamp.generation, add_change, &list, c->err);
    if (status == CLIPSEARCH_OK && list.count)
        status = cs_index_hnsw_copy_to_memory(c->index, c->state.count, c->err);
    if (status == CLIPSEARCH_OK && list.count)
        status = alloc_batch(c, list.count);
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++)
        status = fold_change(c, list.ids[i]);
    if (status == CLIPSEARCH_OK && c->filled)
        status = put_batch(c);
    cs_id_list_free(&list);
    return status;
}

/* Free removed nodes when they are many, or when asked. *anew: so many places are empty that it is better to build
 * anew. */
static clipsearch_status free_removed(checkpoint *c, bool *anew)
{
    cs_hnsw_info facts;
    cs_index_hnsw_describe(c->index, &facts);
    *anew = facts.rows - facts.vectors > facts.rows / EMPTY_SHARE;
    if (*anew || facts.removed == 0 || !(c->options->vacuum || facts.removed > facts.nodes / REMOVED_SHARE))
        return CLIPSEARCH_OK;
    c->changed = true;
    return cs_index_vacuum(c->index, c->pool, c->err);
}

/* ---- calibration */

/* Keep the queries of a file that is about to be given up. A damaged one has none, which is no error. */
static clipsearch_status keep_queries(checkpoint *c, const cs_index *index)
{
    cs_free(c->queries);
    return cs_index_hnsw_copy_queries(index, &c->queries, &c->query_count, c->err);
}

static clipsearch_status keep_queries_of_file(checkpoint *c)
{
    cs_index *index = NULL;
    clipsearch_status status = cs_index_file_map(c->path, c->identity, &c->state, &index, &(cs_hnsw_stamp){0}, NULL);
    if (status == CLIPSEARCH_OK)
        status = keep_queries(c, index);
    cs_index_close(&index);
    return status == CLIPSEARCH_E_MEMORY ? cs_fail_memory(c->err, "the queries of an index") : CLIPSEARCH_OK;
}

/* Have the queries that the caller gives in place of those before. *fresh: they are others. */
static clipsearch_status take_queries(checkpoint *c, bool *fresh)
{
    const size_t dim = c->identity->dim, count = c->options->query_count;
    const size_t bytes = count * dim * sizeof *c->queries;
    *fresh = false;
    if (!c->options->queries || !count)
        return CLIPSEARCH_OK;
    float *given = cs_alloc_array(count, dim * sizeof *given);
    if (!given)
        return cs_fail_memory(c->err, "the queries of an index");
    memcpy(given, c->options->queries, bytes);
    for (size_t q = 0; q < count && c->identity->metric == CLIPSEARCH_COSINE; q++)
        cs_vec_normalise(given + q * dim, dim);
    *fresh = count != c->query_count || memcmp(given, c->queries, bytes) != 0;
    cs_free(c->queries);
    c->queries = given;
    c->query_count = count;
    return CLIPSEARCH_OK;
}

/* Measure when the index is new or has changed much since, or with queries that it does not have. */
static clipsearch_status calibrate(checkpoint *c)
{
    bool fresh;
    clipsearch_status status = take_queries(c, &fresh);
    if (status != CLIPSEARCH_OK || (!fresh && !cs_index_hnsw_calibration_is_due(c->index)))
        return status;
    c->changed = true;
    return cs_index_hnsw_calibrate(c->index, c->queries, c->query_count, c->pool, c->err);
}

/* ---- the file */

/* In a change: whether the collection's file is still the one we began with, and no other than `next` is about to take
 * its place: another process may have been quicker. What that one saw may be older, and it does not free what a vacuum
 * does, nor have the queries that were given here. */
static clipsearch_status check_first(checkpoint *c, uint64_t next, bool *first)
{
    cs_store_state now = c->state;
    bool there = false;
    clipsearch_status status = cs_store_refresh(c->db->writer, c->identity, &now, &there, c->err);
    *first = there && now.logging && now.log_from == c->state.log_from && now.index_owner == c->state.index_owner &&
             (next == 0 || now.index_next == next);
    c->lost = status == CLIPSEARCH_OK && there && !*first &&
              (c->options->vacuum || c->options->query_count || !now.logging || now.log_from < c->state.generation);
    return status;
}

/* Two transactions: the first announces the file, so that readers know it from the moment it has its name; the second
 * gives it the name and forgets the changes that it holds. */
static clipsearch_status put_in_place(checkpoint *c, uint64_t owner, cs_replacement *file)
{
    bool first = true;
    clipsearch_status status = CLIPSEARCH_OK;
    for (int step = 0; step < 2 && first && status == CLIPSEARCH_OK; step++) {
        status = cs_local_begin_change(c->db, c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        status = check_first(c, step ? owner : 0, &first);
        if (status == CLIPSEARCH_OK && first && step == 0)
            status = cs_store_announce_index(c->db->writer, c->identity, owner, c->err);
        if (status == CLIPSEARCH_OK && first && step == 1)
            status = cs_store_record_index(c->db->writer, c->identity, owner, c->state.generation, c->err);
        if (status == CLIPSEARCH_OK && first && step == 1)
            status = cs_replacement_commit(file, c->err);
        if (status == CLIPSEARCH_OK && !first)
            cs_local_undo_change(c->db);
        else
            status = cs_local_end_change(c->db, status, c->err);
    }
    return status;
}

static clipsearch_status write_file(checkpoint *c)
{
    cs_replacement file = {.fd = -1};
    cs_hnsw_stamp stamp = {.generation = c->state.generation};
    clipsearch_status status = CLIPSEARCH_OK;
    while (stamp.owner == 0)
        if (getrandom(&stamp.owner, sizeof stamp.owner, 0) != (ssize_t)sizeof stamp.owner)
            stamp.owner = 0;
    if (cs_index_file_is_in_the_way(c->path))
        return cs_fail(c->err, CLIPSEARCH_E_IO, "%s: a database, or no file; it is in the way of the index of %s",
                       c->path, c->identity->name);
    status = cs_replacement_open(c->path, &file, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_write(c->index, &stamp, &file, c->err);
    if (status == CLIPSEARCH_OK) /* here, not under the write lock */
        status = cs_replacement_sync(&file, c->err);
    if (status == CLIPSEARCH_OK)
        status = put_in_place(c, stamp.owner, &file);
    cs_replacement_drop(&file);
    return status;
}

/* A small collection has no file; one it had would keep the vectors of what was removed. */
static clipsearch_status remove_file(checkpoint *c)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (c->state.logging || c->state.index_owner || c->state.index_next) {
        status = cs_local_begin_change(c->db, c->err);
        if (status == CLIPSEARCH_OK)
            status =
                cs_local_end_change(c->db, cs_store_record_index(c->db->writer, c->identity, 0, 0, c->err), c->err);
    }
    if (status == CLIPSEARCH_OK)
        cs_index_file_remove(c->path);
    return status;
}

/* ---- */

/* Begin with the file, and bring it up to date; c->index stays NULL when there is none to begin with. */
static clipsearch_status update_index(checkpoint *c)
{
    bool anew = false;
    clipsearch_status status = cs_index_file_map(c->path, c->identity, &c->state, &c->index, &c->stamp, c->err);
    if (status == CLIPSEARCH_OK)
        status = keep_queries(c, c->index);
    if (status == CLIPSEARCH_OK) /* also when nothing has changed: that it is damaged may be why this was called */
        status = cs_index_hnsw_verify(c->index, c->err);
    if (status == CLIPSEARCH_OK)
        status = fold_changes(c);
    if (status == CLIPSEARCH_OK)
        status = free_removed(c, &anew);
    if (status == CLIPSEARCH_E_NOT_FOUND || status == CLIPSEARCH_E_FORMAT || status == CLIPSEARCH_E_UNSUPPORTED ||
        status == CLIPSEARCH_E_IO)
        anew = true;
    if (!anew)
        return status;
    cs_index_close(&c->index);
    cs_free(c->ids);
    cs_free(c->vectors);
    c->ids = NULL;
    c->vectors = NULL;
    c->filled = 0;
    c->done = 0;
    return CLIPSEARCH_OK;
}

/* Have changes logged from now on. Reads the generation too, behind which they are. */
static clipsearch_status begin_log(checkpoint *c)
{
    cs_store_collection logged = {.identity = *c->identity, .state = c->state};
    cs_local_wait_for_turn(c->db);
    clipsearch_status status = cs_store_log_changes(c->db->writer, &logged, c->err);
    cs_local_end_turn(c->db);
    c->state = logged.state;
    return status;
}

static clipsearch_status run(checkpoint *c)
{
    clipsearch_status status = CLIPSEARCH_OK;
    /* a writer that died leaves its file behind, as large as the index, and in it what has been removed since */
    cs_replacement_tidy(c->path);
    if (!c->state.logging)
        status = begin_log(c);
    if (status == CLIPSEARCH_OK)
        status = cs_pool_open(c->options->threads, &c->pool, c->err);
    if (status == CLIPSEARCH_OK)
        status = c->options->rebuild ? keep_queries_of_file(c) : update_index(c);
    if (status == CLIPSEARCH_OK && !c->index)
        status = build(c);
    if (status == CLIPSEARCH_OK)
        status = calibrate(c);
    return status == CLIPSEARCH_OK && c->changed ? write_file(c) : status;
}

/* *lost: as in checkpoint. */
static clipsearch_status checkpoint_once(clipsearch_collection *base, const clipsearch_checkpoint_options *options,
                                         bool *lost, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    local_database *db = collection->db;
    local_read read;
    checkpoint c = {.db = db,
                    .identity = &collection->shared->identity,
                    .path = collection->shared->index_path,
                    .options = options,
                    .err = err};
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status == CLIPSEARCH_OK) {
        c.state = read.state;
        cs_store_end_read(read.store); /* none is open while the index is made: it would keep the log from shrinking */
        c.store = read.store;
        status = c.state.count < CS_INDEX_FILE_LEAST ? remove_file(&c) : run(&c);
        cs_local_end_read(&read);
    }
    *lost = c.lost;
    cs_index_close(&c.index);
    cs_pool_close(&c.pool);
    cs_free(c.ids);
    cs_free(c.vectors);
    cs_free(c.queries);
    return status;
}

clipsearch_status cs_local_checkpoint(clipsearch_collection *base, const clipsearch_checkpoint_options *options,
                                      clipsearch_error *err)
{
    local_database *db = cs_local_collection(base)->db;
    clipsearch_error why; /* on the way there are faults that are dealt with */
    clipsearch_status status = CLIPSEARCH_OK;
    if (db->in_memory)
        return CLIPSEARCH_OK;
    if (!db->writer)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", cs_store_path(db->first));
    pthread_mutex_lock(&db->checkpoint_lock);
    bool lost = true;
    for (int i = 0; i < TRIES && lost && status == CLIPSEARCH_OK; i++)
        status = checkpoint_once(base, options, &lost, &why);
    pthread_mutex_unlock(&db->checkpoint_lock);
    return status == CLIPSEARCH_OK ? CLIPSEARCH_OK : cs_fail(err, status, "%s", why.message);
}

clipsearch_status cs_local_checkpoint_is_due(clipsearch_collection *base, bool *due, bool *wants_queries,
                                             clipsearch_error *err)
{
    const local_shared *shared = cs_local_collection(base)->shared;
    cs_index *index = NULL;
    cs_hnsw_stamp stamp;
    uint64_t changes = 0;
    local_read read;
    *due = *wants_queries = false;
    clipsearch_status status = cs_local_begin_read(base, &read, err);
    if (status != CLIPSEARCH_OK || !shared->index_path) {
        cs_local_end_read(&read);
        return status;
    }
    if (read.state.count < CS_INDEX_FILE_LEAST) {
        *due = read.state.logging;
        cs_local_end_read(&read);
        return CLIPSEARCH_OK;
    }
    status = cs_index_file_map(shared->index_path, read.identity, &read.state, &index, &stamp, NULL);
    if (status == CLIPSEARCH_E_MEMORY) {
        cs_fail_memory(err, "opening an index");
    } else if (status != CLIPSEARCH_OK) {
        *due = *wants_queries = true;
        status = CLIPSEARCH_OK;
    } else {
        cs_hnsw_info facts;
        cs_index_hnsw_describe(index, &facts);
        status = cs_store_count_changes(read.store, read.identity, stamp.generation, false, &changes, err);
        *due = (changes >= DUE_LEAST && changes >= read.state.count / DUE_SHARE) || !facts.calibrated;
        *wants_queries = !facts.queries;
    }
    cs_index_close(&index);
    cs_local_end_read(&read);
    return status;
}
