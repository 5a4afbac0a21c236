/* SPDX-License-Identifier: MIT
 * checkpoint.c - folds what has changed into the index, or builds it anew, and puts the file in place. */
#include "local/checkpoint.h"

#include "base/file.h"
#include "base/mem.h"
#include "backend/code_kinds.h"
#include "index/hnsw_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOT_LEAST = 4096, /* vectors put at once, in memory twice meanwhile; after each lot the whole graph is looked at */
    LOT_MOST = 65536,
    LOT_SHARE = 16,
    DUE_LEAST = 1000, /* changes whose scan, at 7 ms for 100,000, costs about as much as a walk */
    DUE_SHARE = 256,
    REMOVED_SHARE = 4, /* nodes that a walk steps over and never finds, to those that it may: then they are let go of */
    EMPTY_SHARE = 2    /* of all places; then a file made anew is worth its time */
};

/* One checkpoint. The order in which it does things is what keeps it safe (docs/index.md): changes are noted before the
 * generation is read, the generation before the first vector, so that whatever changes meanwhile is noted behind it;
 * and a file is announced before it gets its name, inside the transaction that lets go of what it holds. */
typedef struct checkpoint {
    cs_store *store;
    cs_store_collection row; /* as it was at the beginning */
    const clipsearch_checkpoint_options *options;
    cs_pool *pool;
    cs_index *index;
    cs_hnsw_stamp stamp;
    bool changed; /* the index is another than the file's */
    int64_t *ids;
    float *vectors; /* [lot, dim] */
    size_t lot, filled;
    uint64_t done, all;
    clipsearch_error *err;
} checkpoint;

/* ---- vectors in */

static clipsearch_status put_lot(checkpoint *c)
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
                         "stopped while the index of %s was being made; its file is as it was", c->row.name);
    return status;
}

static clipsearch_status take_memory(checkpoint *c, size_t count)
{
    c->all = count;
    c->lot = count / LOT_SHARE < LOT_LEAST ? LOT_LEAST : count / LOT_SHARE > LOT_MOST ? LOT_MOST : count / LOT_SHARE;
    c->ids = cs_alloc_array(c->lot, sizeof *c->ids);
    c->vectors = cs_alloc_array(c->lot, c->row.dim * sizeof *c->vectors);
    return c->ids && c->vectors ? CLIPSEARCH_OK : cs_fail_memory(c->err, "vectors on their way into an index");
}

static clipsearch_status build(checkpoint *c)
{
    clipsearch_codes codes = CLIPSEARCH_CODES_DEFAULT;
    int64_t last = 0;
    if (!cs_codes_of_word(c->row.codes, &codes))
        return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                       "the collection %s wants codes \"%s\", which this clipsearch"
                       " does not know",
                       c->row.name, c->row.codes);
    const cs_hnsw_options options = {.m = c->row.m,
                                     .ef_construction = c->row.ef_construction,
                                     .ef = c->row.ef,
                                     .codes = cs_graph_codes(codes),
                                     .seed = 1};
    clipsearch_status status = cs_index_hnsw_open(c->row.dim, c->row.metric, &options, &c->index, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_reserve(c->index, c->row.count, c->err);
    if (status == CLIPSEARCH_OK)
        status = take_memory(c, c->row.count);
    c->changed = true;
    while (status == CLIPSEARCH_OK) {
        status = cs_store_vectors_after(c->store, &c->row, last, c->lot, c->ids, c->vectors, &c->filled, c->err);
        if (status != CLIPSEARCH_OK || c->filled == 0)
            break;
        last = c->ids[c->filled - 1];
        status = put_lot(c);
    }
    return status;
}

/* Ids are listed before any vector is read: a walk over the changes keeps them from changing. */
typedef struct change_list {
    int64_t *ids;
    size_t count, capacity;
} change_list;

static clipsearch_status add_change(void *context, int64_t id, clipsearch_error *err)
{
    change_list *list = context;
    if (list->count == list->capacity)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "more changes were noted while they were being counted");
    list->ids[list->count++] = id;
    return CLIPSEARCH_OK;
}

static clipsearch_status fold_one(checkpoint *c, int64_t id)
{
    clipsearch_status status = cs_store_vector(c->store, &c->row, id, c->vectors + c->filled * c->row.dim, c->err);
    if (status == CLIPSEARCH_E_NOT_FOUND) {
        c->changed = cs_index_remove(c->index, id) || c->changed;
        c->done++;
        return CLIPSEARCH_OK;
    }
    if (status != CLIPSEARCH_OK)
        return status;
    c->ids[c->filled++] = id;
    return c->filled == c->lot ? put_lot(c) : CLIPSEARCH_OK;
}

static clipsearch_status fold_in(checkpoint *c)
{
    uint64_t count = 0;
    change_list list = {0};
    bool began = false;
    clipsearch_status status = cs_store_begin_reading(c->store, &began, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_store_count_changes(c->store, &c->row, c->stamp.generation, false, &count, c->err);
    if (status == CLIPSEARCH_OK) {
        list = (change_list){.ids = cs_alloc_array(count, sizeof *list.ids), .capacity = count};
        status = list.ids ? cs_store_each_change(c->store, &c->row, c->stamp.generation, add_change, &list, c->err)
                          : cs_fail_memory(c->err, "the changes of a collection");
    }
    if (began)
        cs_store_end_reading(c->store);
    if (status == CLIPSEARCH_OK && count)
        status = cs_index_hnsw_copy_to_memory(c->index, c->row.count, c->err);
    if (status == CLIPSEARCH_OK && count)
        status = take_memory(c, count);
    for (size_t i = 0; i < list.count && status == CLIPSEARCH_OK; i++)
        status = fold_one(c, list.ids[i]);
    if (status == CLIPSEARCH_OK && c->filled)
        status = put_lot(c);
    cs_free(list.ids);
    return status;
}

/* Removed nodes are let go of when they are many, or when asked; many empty places, by making all anew. */
static clipsearch_status tidy(checkpoint *c, bool *anew)
{
    cs_hnsw_info facts;
    cs_index_hnsw_describe(c->index, &facts);
    *anew = facts.rows - facts.vectors > facts.rows / EMPTY_SHARE;
    if (*anew || facts.removed == 0 || !(c->options->vacuum || facts.removed > facts.nodes / REMOVED_SHARE))
        return CLIPSEARCH_OK;
    c->changed = true;
    return cs_index_vacuum(c->index, c->pool, c->err);
}

/* ---- the file */

/* The name belongs to the index, but a name can be taken: another database is not written over, */
static bool is_a_database(const char *path)
{
    char begin[16] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, begin, sizeof begin);
    close(fd);
    return n == sizeof begin && memcmp(begin, "SQLite format 3", sizeof begin) == 0;
}

/* nor is anything written into a device or a pipe. */
static bool is_in_the_way(const char *path)
{
    struct stat st;
    return (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) || is_a_database(path);
}

void cs_checkpoint_forget(const cs_store *store, const char *collection)
{
    char *path = cs_graph_path(store, collection);
    if (path && !is_in_the_way(path))
        unlink(path);
    if (path)
        cs_replacement_tidy(path);
    cs_free(path);
}

/* Whether the collection's file is still the one we began with, and no other than `next` is about to take its place:
 * another process may have been quicker. */
static clipsearch_status see_whether_first(checkpoint *c, uint64_t next, bool *first)
{
    cs_store_collection now = c->row;
    bool there = false;
    clipsearch_status status = cs_store_refresh(c->store, &now, &there, c->err);
    *first = there && now.logging && now.log_from == c->row.log_from && now.index_owner == c->row.index_owner &&
             (next == 0 || now.index_next == next);
    return status;
}

/* Two transactions: the first says which file is to come, so that readers know it from the moment it has its name; the
 * second gives it the name and lets go of the changes that it holds. */
static clipsearch_status put_in_place(checkpoint *c, uint64_t owner, cs_replacement *file)
{
    bool first = true;
    clipsearch_status status = CLIPSEARCH_OK;
    for (int step = 0; step < 2 && first && status == CLIPSEARCH_OK; step++) {
        status = cs_store_begin(c->store, c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        status = see_whether_first(c, step ? owner : 0, &first);
        if (status == CLIPSEARCH_OK && first && step == 0)
            status = cs_store_announce(c->store, &c->row, owner, c->err);
        if (status == CLIPSEARCH_OK && first && step == 1)
            status = cs_store_settle(c->store, &c->row, owner, c->row.generation, c->err);
        if (status == CLIPSEARCH_OK && first && step == 1)
            status = cs_replacement_commit(file, c->err);
        if (status == CLIPSEARCH_OK && first)
            status = cs_store_commit(c->store, c->err);
        if (status != CLIPSEARCH_OK || !first)
            cs_store_rollback(c->store);
    }
    return status;
}

static clipsearch_status write_file(checkpoint *c)
{
    cs_replacement file = {.fd = -1};
    cs_hnsw_stamp stamp = {.generation = c->row.generation};
    clipsearch_status status = CLIPSEARCH_OK;
    char *path = cs_graph_path(c->store, c->row.name);
    if (!path)
        return cs_fail_memory(c->err, "a path");
    while (stamp.owner == 0)
        if (getrandom(&stamp.owner, sizeof stamp.owner, 0) != (ssize_t)sizeof stamp.owner)
            stamp.owner = 0;
    if (is_in_the_way(path))
        status = cs_fail(c->err, CLIPSEARCH_E_IO, "%s: a database, or no file; it is in the way of the index of %s",
                         path, c->row.name);
    if (status == CLIPSEARCH_OK)
        status = cs_replacement_open(path, &file, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_index_hnsw_write(c->index, &stamp, &file, c->err);
    if (status == CLIPSEARCH_OK) /* here, not under the write lock */
        status = cs_replacement_sync(&file, c->err);
    if (status == CLIPSEARCH_OK)
        status = put_in_place(c, stamp.owner, &file);
    cs_replacement_drop(&file);
    cs_free(path);
    return status;
}

/* A small collection has no file; one it had would keep the vectors of what was removed. */
static clipsearch_status let_go(checkpoint *c)
{
    clipsearch_status status = CLIPSEARCH_OK;
    if (c->row.logging || c->row.index_owner || c->row.index_next) {
        status = cs_store_begin(c->store, c->err);
        if (status == CLIPSEARCH_OK)
            status = cs_store_settle(c->store, &c->row, 0, 0, c->err);
        if (status == CLIPSEARCH_OK)
            status = cs_store_commit(c->store, c->err);
        if (status != CLIPSEARCH_OK)
            cs_store_rollback(c->store);
    }
    if (status == CLIPSEARCH_OK)
        cs_checkpoint_forget(c->store, c->row.name);
    return status;
}

/* ---- */

/* The file as a beginning, with all that has changed since; c->index stays NULL when there is none to begin with. */
static clipsearch_status go_on(checkpoint *c)
{
    bool anew = false;
    clipsearch_status status = cs_graph_map(c->store, &c->row, &c->index, &c->stamp, c->err);
    if (status == CLIPSEARCH_OK) /* also when nothing has changed: that it is damaged may be why this was called */
        status = cs_index_hnsw_verify(c->index, c->err);
    if (status == CLIPSEARCH_OK)
        status = fold_in(c);
    if (status == CLIPSEARCH_OK)
        status = tidy(c, &anew);
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

/* A writer that died leaves its file behind, as large as the index, and in it what has been removed since. */
static void tidy_up(const checkpoint *c)
{
    char *path = cs_graph_path(c->store, c->row.name);
    if (path)
        cs_replacement_tidy(path);
    cs_free(path);
}

static clipsearch_status run(checkpoint *c)
{
    clipsearch_status status = CLIPSEARCH_OK;
    tidy_up(c);
    if (!c->row.logging) /* reads the generation too, behind it */
        status = cs_store_log_changes(c->store, &c->row, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_pool_open(c->options->threads, &c->pool, c->err);
    if (status == CLIPSEARCH_OK && !c->options->rebuild)
        status = go_on(c);
    if (status == CLIPSEARCH_OK && !c->index)
        status = build(c);
    return status == CLIPSEARCH_OK && c->changed ? write_file(c) : status;
}

clipsearch_status cs_local_checkpoint(clipsearch_collection *base, const clipsearch_checkpoint_options *options,
                                      clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    clipsearch_error why; /* on the way there are faults that are dealt with */
    checkpoint c = {.store = collection->db->store, .options = options, .err = &why};
    if (collection->db->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", cs_store_path(c.store));
    clipsearch_status status = cs_local_refresh(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    c.row = collection->row;
    status = c.row.count < CS_GRAPH_LEAST ? let_go(&c) : run(&c);
    if (status != CLIPSEARCH_OK)
        cs_fail(err, status, "%s", why.message);
    cs_index_close(&c.index);
    cs_pool_close(&c.pool);
    cs_free(c.ids);
    cs_free(c.vectors);
    return status;
}

clipsearch_status cs_local_checkpoint_is_due(clipsearch_collection *base, bool *due, clipsearch_error *err)
{
    local_collection *collection = cs_local_collection(base);
    cs_store *store = collection->db->store;
    const cs_store_collection *row = &collection->row;
    cs_index *index = NULL;
    cs_hnsw_stamp stamp;
    uint64_t changes = 0;
    *due = false;
    clipsearch_status status = cs_local_refresh(collection, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (row->count < CS_GRAPH_LEAST) {
        *due = row->logging;
        return CLIPSEARCH_OK;
    }
    status = cs_graph_map(store, row, &index, &stamp, NULL);
    cs_index_close(&index);
    if (status != CLIPSEARCH_OK) {
        *due = status != CLIPSEARCH_E_MEMORY;
        return status == CLIPSEARCH_E_MEMORY ? cs_fail_memory(err, "opening an index") : CLIPSEARCH_OK;
    }
    status = cs_store_count_changes(store, row, stamp.generation, false, &changes, err);
    *due = changes >= DUE_LEAST && changes >= row->count / DUE_SHARE;
    return status;
}
