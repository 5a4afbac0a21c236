/* SPDX-License-Identifier: MIT
 * vectors.c - the table of vectors. */
#include "store/store_internal.h"

#include <math.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vectors are stored as they lie in memory, which the file's format says is little-endian"
#endif

bool cs_store_vector_is_finite(const float *vector, size_t dim)
{
    for (size_t i = 0; i < dim; i++)
        if (!isfinite(vector[i]))
            return false;
    return true;
}

clipsearch_status cs_store_vector_put(cs_store *store, int64_t key, const float *vector, size_t dim,
                                      clipsearch_error *err)
{
    sqlite3_stmt *statement;
    int code = SQLITE_OK;
    clipsearch_status status = cs_store_statement(store, CS_SQL_VECTOR_PUT, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, key);
    cs_store_bind_blob(statement, 2, vector, dim * sizeof *vector, &code);
    return cs_store_run_bound(store, statement, code, "storing a vector", err);
}

/* Copied out: SQLite's own bytes need not be aligned for floats. */
clipsearch_status cs_store_read_vector(const cs_store *store, sqlite3_stmt *row, int column,
                                       const cs_store_identity *collection, int64_t id, float *vector,
                                       clipsearch_error *err)
{
    size_t expected = collection->dim * sizeof *vector;
    int type = sqlite3_column_type(row, column);
    if (type == SQLITE_NULL)
        return cs_store_fail_content(store, err, "item %lld of %s has no vector", (long long)id, collection->name);
    const void *bytes = type == SQLITE_BLOB ? sqlite3_column_blob(row, column) : NULL;
    size_t size = type == SQLITE_BLOB ? (size_t)sqlite3_column_bytes(row, column) : 0;
    if (!bytes && sqlite3_errcode(store->db) == SQLITE_NOMEM)
        return cs_store_fail(store, SQLITE_NOMEM, "reading a vector", err);
    if (!bytes || size != expected)
        return cs_store_fail_content(store, err, "the vector of item %lld of %s has %zu bytes, expected %zu",
                                     (long long)id, collection->name, size, expected);
    memcpy(vector, bytes, expected);
    if (!cs_store_vector_is_finite(vector, collection->dim))
        return cs_store_fail_content(store, err, "the vector of item %lld of %s holds a NaN or an infinity",
                                     (long long)id, collection->name);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_store_vector(cs_store *store, const cs_store_identity *collection, int64_t id, float *vector,
                                  clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    clipsearch_status status = cs_store_statement(store, CS_SQL_VECTOR_GET, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    sqlite3_bind_int64(statement, 2, id);
    status = cs_store_step(store, statement, &row, "reading a vector", err);
    if (!status && !row)
        status = cs_fail(err, CLIPSEARCH_E_NOT_FOUND, "%s: no item %lld in collection %s", store->path, (long long)id,
                         collection->name);
    if (!status)
        status = cs_store_read_vector(store, statement, 0, collection, id, vector, err);
    cs_store_done(statement);
    return status;
}

clipsearch_status cs_store_each_vector(cs_store *store, const cs_store_identity *collection,
                                       clipsearch_status (*each)(void *context, int64_t id, const float *vector,
                                                                 clipsearch_error *err),
                                       void *context, clipsearch_error *err)
{
    sqlite3_stmt *statement;
    bool row = false;
    if (collection->dim < 1 || collection->dim > CS_ITEM_DIM_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "collection %s: a dimension of %zu", collection->name,
                       collection->dim);
    clipsearch_status status = cs_store_statement(store, CS_SQL_VECTORS_ALL, &statement, err);
    if (status)
        return status;
    sqlite3_bind_int64(statement, 1, collection->key);
    while (!(status = cs_store_step(store, statement, &row, "reading the vectors", err)) && row) {
        int64_t id = sqlite3_column_int64(statement, 0);
        if (sqlite3_column_type(statement, 0) != SQLITE_INTEGER || id < 1)
            status =
                cs_store_fail_content(store, err, "an item of %s has the id %lld", collection->name, (long long)id);
        if (!status)
            status = cs_store_read_vector(store, statement, 1, collection, id, store->vector, err);
        if (!status)
            status = each(context, id, store->vector, err);
        if (status)
            break;
    }
    cs_store_done(statement);
    return status;
}
