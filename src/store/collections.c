/* SPDX-License-Identifier: MIT
 * collections.c - the table of collections. */
#include "store/store_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const metric_names[] = {
    [CLIPSEARCH_COSINE] = "cosine",
    [CLIPSEARCH_IP] = "ip",
    [CLIPSEARCH_L2] = "l2",
};
enum { METRICS = sizeof metric_names / sizeof *metric_names };

static bool is_good_name(const char *name, size_t size)
{
    size_t n = strnlen(name, size);
    if (n < 1 || n > 64)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.')
            return false;
    }
    return true;
}

/* ---- reading a row */

static bool read_text(sqlite3_stmt *row, int column, char *out, size_t size)
{
    if (sqlite3_column_type(row, column) != SQLITE_TEXT)
        return false;
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t n = (size_t)sqlite3_column_bytes(row, column);
    if (!text || n >= size || memchr(text, '\0', n))
        return false;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}

static bool read_count(sqlite3_stmt *row, int column, uint64_t *out)
{
    int64_t value = sqlite3_column_int64(row, column);
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER || value < 0)
        return false;
    *out = (uint64_t)value;
    return true;
}

/* Three columns: index_owner, index_next, and log_from, which may be NULL. */
static void read_log(sqlite3_stmt *row, int column, cs_store_state *out)
{
    out->index_owner = (uint64_t)sqlite3_column_int64(row, column);
    out->index_next = (uint64_t)sqlite3_column_int64(row, column + 1);
    out->log_from = 0;
    out->logging = read_count(row, column + 2, &out->log_from);
}

static clipsearch_status read_collection(cs_store *store, sqlite3_stmt *row, cs_store_collection *out,
                                         clipsearch_error *err)
{
    char metric[8];
    uint64_t dim = 0;
    *out = (cs_store_collection){
        .identity = {.key = sqlite3_column_int64(row, 0), .created = sqlite3_column_int64(row, 7)}};
    cs_store_identity *identity = &out->identity;
    if (!read_text(row, 1, identity->name, sizeof identity->name) ||
        !is_good_name(identity->name, sizeof identity->name))
        return cs_store_fail_content(store, err, "a collection has a name that cannot be");
    if (!read_text(row, 2, identity->encoder, sizeof identity->encoder) ||
        !read_text(row, 3, identity->fingerprint, sizeof identity->fingerprint) ||
        !read_text(row, 4, identity->preprocessing, sizeof identity->preprocessing))
        return cs_store_fail_content(store, err, "collection %s: its encoder's name cannot be read", identity->name);
    if (!read_count(row, 5, &dim) || dim < 1 || dim > CS_ITEM_DIM_MAX)
        return cs_store_fail_content(store, err, "collection %s: a dimension of %lld, expected 1 to %d", identity->name,
                                     (long long)sqlite3_column_int64(row, 5), CS_ITEM_DIM_MAX);
    int m = 0;
    while (read_text(row, 6, metric, sizeof metric) && m < METRICS && strcmp(metric, metric_names[m]) != 0)
        m++;
    if (!read_text(row, 6, metric, sizeof metric) || m == METRICS)
        return cs_store_fail_content(store, err, "collection %s: an unknown metric", identity->name);
    if (sqlite3_column_type(row, 7) != SQLITE_INTEGER || !read_count(row, 8, &out->state.generation) ||
        !read_count(row, 9, &out->state.count))
        return cs_store_fail_content(store, err, "collection %s: its counters cannot be", identity->name);
    if (!read_text(row, 10, identity->codes, sizeof identity->codes) || !read_count(row, 11, &identity->m) ||
        !read_count(row, 12, &identity->ef_construction) || !read_count(row, 13, &identity->ef))
        return cs_store_fail_content(store, err, "collection %s: what its index should be cannot be read",
                                     identity->name);
    read_log(row, 14, &out->state);
    if (!read_count(row, 17, &out->state.gone))
        return cs_store_fail_content(store, err, "collection %s: its counters cannot be", identity->name);
    identity->dim = (size_t)dim;
    identity->metric = (clipsearch_metric)m;
    return CLIPSEARCH_OK;
}

/* ---- looking up */

/* CLIPSEARCH_E_NOT_FOUND with the names there are, as many as fit. */
static clipsearch_status fail_not_found(cs_store *store, const char *name, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    cs_buf names = cs_buf_make(600);
    char one[65];
    bool row = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_NAMES, &statement, err);
    while (!status && !(status = cs_store_step(store, statement, &row, "reading its collections", err)) && row)
        if (read_text(statement, 0, one, sizeof one))
            cs_buf_printf(&names, "%s%s", names.len ? ", " : "", one);
    cs_store_done(statement);
    if (!status && names.len)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: no collection \"%.64s\"; there are: %s%s", store->path, name,
                         names.data, names.failed ? ", ..." : "");
    else if (!status)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND,
                         "%s: no collection \"%.64s\", nor any other; ingest images to make it", store->path, name);
    cs_buf_free(&names);
    return status;
}

static clipsearch_status find(cs_store *store, const char *name, bool *found, cs_store_collection *collection,
                              clipsearch_error *err)
{
    sqlite3_stmt *statement;
    *found = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_FIND, &statement, err);
    if (status)
        return status;
    int code = SQLITE_OK;
    cs_store_bind_text(statement, 1, name, &code);
    status = code ? cs_store_fail(store, code, "looking up a collection", err)
                  : cs_store_step(store, statement, found, "looking up a collection", err);
    if (!status && *found)
        status = read_collection(store, statement, collection, err);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_find(cs_store *store, const char *name, cs_store_collection *collection,
                                clipsearch_error *err)
{
    bool found;
    clipsearch_status status = find(store, name, &found, collection, err);
    return status || found ? status : fail_not_found(store, name, err);
}

clipsearch_status cs_store_exists(cs_store *store, const cs_store_identity *collection, bool *there,
                                  clipsearch_error *err)
{
    sqlite3_stmt *statement;
    *there = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_STATE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, there, "looking up a collection", err);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_refresh(cs_store *store, const cs_store_identity *collection, cs_store_state *state,
                                   bool *there, clipsearch_error *err)
{
    sqlite3_stmt *statement, *counting;
    uint64_t generation = state->generation;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_STATE, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, there, "looking up a collection", err);
    if (!status && *there) {
        if (!read_count(statement, 0, &generation))
            status = cs_store_fail_content(store, err, "collection %s: its counters cannot be", collection->name);
        read_log(statement, 1, state);
    }
    cs_store_done(statement);
    if (status || !*there || generation == state->generation)
        return status;
    bool row = false;
    status = cs_store_statement(store, CS_SQL_COLLECTION_COUNT, &counting, err);
    if (status)
        return status;
    sqlite3_bind_int64(counting, 1, collection->key);
    status = cs_store_step(store, counting, &row, "counting a collection", err);
    if (!status && row && (!read_count(counting, 0, &state->count) || !read_count(counting, 1, &state->gone)))
        status = cs_store_fail_content(store, err, "collection %s: its counters cannot be", collection->name);
    cs_store_done(counting);
    if (!status)
        state->generation = generation;
    return status;
}

clipsearch_status cs_store_each(cs_store *store, bool (*each)(void *context, const cs_store_collection *collection),
                                void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = true;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_EACH, &statement, err);
    while (!status && row) {
        cs_store_collection collection;
        status = cs_store_step(store, statement, &row, "reading its collections", err);
        if (!status && row)
            status = read_collection(store, statement, &collection, err);
        if (!status && row)
            row = each(context, &collection);
    }
    cs_store_done(statement);
    return status;
}

/* ---- changing */

clipsearch_status cs_store_check_name(const char *name, clipsearch_error *err)
{
    if (is_good_name(name, sizeof((cs_store_identity *)0)->name))
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   "\"%.64s\" cannot be a collection's name: 1 to 64 letters, digits, '_', '-' or '.'", name);
}

static clipsearch_status check_new(const cs_store *store, const cs_store_identity *c, clipsearch_error *err)
{
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    clipsearch_status status = cs_store_check_name(c->name, err);
    if (status)
        return status;
    if (!memchr(c->encoder, '\0', sizeof c->encoder) || !memchr(c->fingerprint, '\0', sizeof c->fingerprint) ||
        !memchr(c->preprocessing, '\0', sizeof c->preprocessing) || !memchr(c->codes, '\0', sizeof c->codes))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "collection %s: its encoder's name is too long", c->name);
    if (c->dim < 1 || c->dim > CS_ITEM_DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "collection %s: a dimension of %zu, can be 1 to %d", c->name, c->dim,
                       CS_ITEM_DIM_MAX);
    if ((int)c->metric < 0 || (int)c->metric >= METRICS)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "collection %s: there is no metric %d", c->name, (int)c->metric);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_create(cs_store *store, cs_store_collection *made, clipsearch_error *err)
{
    sqlite3_stmt *insert;
    cs_store_identity *collection = &made->identity;
    clipsearch_status status = check_new(store, collection, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_COLLECTION_INSERT, &insert, err);
    if (status)
        return status;
    int64_t created = (int64_t)time(NULL);
    int code = SQLITE_OK;
    cs_store_bind_text(insert, 1, collection->name, &code);
    cs_store_bind_text(insert, 2, collection->encoder, &code);
    cs_store_bind_text(insert, 3, collection->fingerprint, &code);
    cs_store_bind_text(insert, 4, collection->preprocessing, &code);
    sqlite3_bind_int64(insert, 5, (int64_t)collection->dim);
    cs_store_bind_text(insert, 6, metric_names[collection->metric], &code);
    sqlite3_bind_int64(insert, 7, created);
    cs_store_bind_text(insert, 8, collection->codes, &code);
    sqlite3_bind_int64(insert, 9, (int64_t)collection->m);
    sqlite3_bind_int64(insert, 10, (int64_t)collection->ef_construction);
    sqlite3_bind_int64(insert, 11, (int64_t)collection->ef);
    if (code == SQLITE_OK)
        code = sqlite3_step(insert);
    if (code == SQLITE_CONSTRAINT_UNIQUE)
        status =
            cs_fail(err, CLIPSEARCH_E_DATABASE, "%s: there is a collection %s already", store->path, collection->name);
    else if (code != SQLITE_DONE)
        status = cs_store_fail(store, code, "making a collection", err);
    cs_store_done(insert);
    if (!status) {
        collection->key = sqlite3_last_insert_rowid(store->db);
        collection->created = created;
        made->state = (cs_store_state){0};
    }
    return status;
}

clipsearch_status cs_store_drop(cs_store *store, const char *name, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_DROP, &statement, err);
    if (status)
        return status;
    int code = SQLITE_OK;
    cs_store_bind_text(statement, 1, name, &code);
    status = cs_store_run_bound(store, statement, code, "dropping a collection", err);
    if (!status && sqlite3_changes(store->db) == 0)
        status = fail_not_found(store, name, err);
    return status;
}

clipsearch_status cs_store_touch(cs_store *store, const cs_store_identity *collection, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    if (store->touched == collection->key)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_TOUCH, &statement, err);
    if (status)
        return status;
    bool row = false;
    sqlite3_bind_int64(statement, 1, collection->key);
    status = cs_store_step(store, statement, &row, "counting a change", err);
    if (!status && !row)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: collection %s has been dropped meanwhile", store->path,
                         collection->name);
    if (!status) {
        store->touched_generation = sqlite3_column_int64(statement, 0);
        store->logging = sqlite3_column_int64(statement, 1) != 0;
        status = cs_store_step(store, statement, &row, "counting a change", err);
    }
    cs_store_done(statement);
    if (!status)
        store->touched = collection->key;
    return status;
}
