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
enum {
    METRICS = sizeof metric_names / sizeof *metric_names,
    PRECISIONS_MAX = 0xffff /* more than there will be */
};

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

static bool read_path(sqlite3_stmt *row, int column, char *out, size_t size)
{
    if (sqlite3_column_type(row, column) != SQLITE_BLOB)
        return false;
    const void *bytes = sqlite3_column_blob(row, column);
    size_t n = (size_t)sqlite3_column_bytes(row, column);
    if ((n && !bytes) || n >= size || (n && memchr(bytes, '\0', n)))
        return false;
    if (n)
        memcpy(out, bytes, n);
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

bool cs_store_read_precisions(sqlite3_stmt *row, int column, unsigned *precisions)
{
    uint64_t value = 0;
    const bool good = read_count(row, column, &value) && value <= PRECISIONS_MAX;
    *precisions = good ? (unsigned)value : 0;
    return good;
}

/* Four columns: index_owner, index_next, log_from, which may be NULL, and precisions. False: the last cannot be. */
static bool read_log(sqlite3_stmt *row, int column, cs_store_state *out)
{
    out->index_owner = (uint64_t)sqlite3_column_int64(row, column);
    out->index_next = (uint64_t)sqlite3_column_int64(row, column + 1);
    out->log_from = 0;
    out->logging = read_count(row, column + 2, &out->log_from);
    return cs_store_read_precisions(row, column + 3, &out->precisions);
}

static bool read_dim(sqlite3_stmt *row, int column, size_t *dim)
{
    uint64_t value = 0;
    if (!read_count(row, column, &value) || value < 1 || value > CS_ITEM_DIM_MAX)
        return false;
    *dim = (size_t)value;
    return true;
}

static bool read_metric(sqlite3_stmt *row, int column, clipsearch_metric *metric)
{
    char name[8];
    if (!read_text(row, column, name, sizeof name))
        return false;
    for (int m = 0; m < METRICS; m++)
        if (strcmp(name, metric_names[m]) == 0) {
            *metric = (clipsearch_metric)m;
            return true;
        }
    return false;
}

bool cs_store_read_model(sqlite3_stmt *row, int column, cs_store_identity *identity)
{
    return read_text(row, column, identity->encoder, sizeof identity->encoder) &&
           read_text(row, column + 1, identity->fingerprint, sizeof identity->fingerprint) &&
           read_text(row, column + 2, identity->preprocessing, sizeof identity->preprocessing) &&
           read_dim(row, column + 3, &identity->dim) && read_metric(row, column + 4, &identity->metric) &&
           read_path(row, column + 5, identity->model_path, sizeof identity->model_path);
}

void cs_store_bind_model(sqlite3_stmt *statement, int n, const cs_store_identity *identity, int *code)
{
    cs_store_bind_text(statement, n, identity->encoder, code);
    cs_store_bind_text(statement, n + 1, identity->fingerprint, code);
    cs_store_bind_text(statement, n + 2, identity->preprocessing, code);
    sqlite3_bind_int64(statement, n + 3, (int64_t)identity->dim);
    cs_store_bind_text(statement, n + 4, metric_names[identity->metric], code);
    cs_store_bind_blob(statement, n + 5, identity->model_path, strlen(identity->model_path), code);
}

static clipsearch_status read_collection(cs_store *store, sqlite3_stmt *row, cs_store_collection *out,
                                         clipsearch_error *err)
{
    *out = (cs_store_collection){
        .identity = {.key = sqlite3_column_int64(row, 0), .created = sqlite3_column_int64(row, 8)}};
    cs_store_identity *identity = &out->identity;
    if (!read_text(row, 1, identity->name, sizeof identity->name) ||
        cs_check_file_collection_name(identity->name, NULL) != CLIPSEARCH_OK)
        return cs_store_fail_content(store, err, "a collection has a name that cannot be");
    if (!read_dim(row, 5, &identity->dim))
        return cs_store_fail_content(store, err, "collection %s: a dimension of %lld, expected 1 to %d", identity->name,
                                     (long long)sqlite3_column_int64(row, 5), CS_ITEM_DIM_MAX);
    if (!read_metric(row, 6, &identity->metric))
        return cs_store_fail_content(store, err, "collection %s: an unknown metric", identity->name);
    if (!cs_store_read_model(row, 2, identity))
        return cs_store_fail_content(store, err, "collection %s: its encoder's name or path cannot be read",
                                     identity->name);
    if (sqlite3_column_type(row, 8) != SQLITE_INTEGER || !read_count(row, 9, &out->state.generation) ||
        !read_count(row, 10, &out->state.count))
        return cs_store_fail_content(store, err, "collection %s: its counters cannot be", identity->name);
    if (!read_text(row, 11, identity->codes, sizeof identity->codes) || !read_count(row, 12, &identity->m) ||
        !read_count(row, 13, &identity->ef_construction) || !read_count(row, 14, &identity->ef))
        return cs_store_fail_content(store, err, "collection %s: what its index should be cannot be read",
                                     identity->name);
    if (!read_log(row, 15, &out->state) || !read_count(row, 19, &out->state.gone))
        return cs_store_fail_content(store, err, "collection %s: its counters cannot be", identity->name);
    identity->encoding = sqlite3_column_int64(row, 20);
    if (sqlite3_column_count(row) > 21 && sqlite3_column_type(row, 21) != SQLITE_NULL &&
        (!read_text(row, 21, out->remodel, sizeof out->remodel) || !read_count(row, 22, &out->remodelled)))
        return cs_store_fail_content(store, err, "collection %s: the model that it is encoded anew with cannot be read",
                                     identity->name);
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

/* Step to the row of a collection's state. *there: it has one. cs_store_done the statement in any case. */
static clipsearch_status find_state(cs_store *store, const cs_store_identity *collection, sqlite3_stmt **statement,
                                    bool *there, clipsearch_error *err)
{
    *there = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_COLLECTION_STATE, statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(*statement, 1, collection->key);
    sqlite3_bind_int64(*statement, 2, collection->encoding);
    return cs_store_step(store, *statement, there, "looking up a collection", err);
}

clipsearch_status cs_store_exists(cs_store *store, const cs_store_identity *collection, bool *there,
                                  clipsearch_error *err)
{
    sqlite3_stmt *statement = NULL;
    clipsearch_status status = find_state(store, collection, &statement, there, err);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_refresh(cs_store *store, const cs_store_identity *collection, cs_store_state *state,
                                   bool *there, clipsearch_error *err)
{
    sqlite3_stmt *statement = NULL, *counting;
    uint64_t generation = state->generation;
    clipsearch_status status = find_state(store, collection, &statement, there, err);
    if (!status && *there) {
        if (!read_count(statement, 0, &generation) || !read_log(statement, 1, state))
            status = cs_store_fail_content(store, err, "collection %s: its counters cannot be", collection->name);
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

static clipsearch_status check_new(const cs_store *store, const cs_store_identity *c, clipsearch_error *err)
{
    if (store->read_only)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: opened for reading only", store->path);
    clipsearch_status status = cs_check_file_collection_name(c->name, err);
    if (status)
        return status;
    if (!memchr(c->encoder, '\0', sizeof c->encoder) || !memchr(c->fingerprint, '\0', sizeof c->fingerprint) ||
        !memchr(c->preprocessing, '\0', sizeof c->preprocessing) || !memchr(c->codes, '\0', sizeof c->codes) ||
        !memchr(c->model_path, '\0', sizeof c->model_path))
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
    cs_store_bind_model(insert, 2, collection, &code);
    sqlite3_bind_int64(insert, 8, created);
    cs_store_bind_text(insert, 9, collection->codes, &code);
    sqlite3_bind_int64(insert, 10, (int64_t)collection->m);
    sqlite3_bind_int64(insert, 11, (int64_t)collection->ef_construction);
    sqlite3_bind_int64(insert, 12, (int64_t)collection->ef);
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
        collection->encoding = 0;
        made->state = (cs_store_state){0};
    }
    return status;
}

clipsearch_status cs_store_set_model_path(cs_store *store, const cs_store_identity *collection, const char *path,
                                          clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_COLLECTION_MODEL_PATH, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    cs_store_bind_blob(statement, 2, path, strlen(path), &code);
    return cs_store_run_bound(store, statement, code, "noting a model's path", err);
}

clipsearch_status cs_store_note_precisions(cs_store *store, const cs_store_identity *collection, unsigned precisions,
                                           clipsearch_error *err)
{
    sqlite3_stmt *statement;
    clipsearch_status status = cs_store_need_transaction(store, err);
    if (!status)
        status = cs_store_statement(store, CS_SQL_COLLECTION_PRECISIONS, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, precisions);
    return cs_store_run(store, statement, "noting a precision", err);
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
    sqlite3_bind_int64(statement, 2, collection->encoding);
    status = cs_store_step(store, statement, &row, "counting a change", err);
    if (!status && !row)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: collection %s has been dropped or encoded anew meanwhile",
                         store->path, collection->name);
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
