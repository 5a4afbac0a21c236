/* SPDX-License-Identifier: MIT
 * milvus_query.c - items read by an expression: pages, counts, lists of ids. */
#include "remote/milvus_collection.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    ANSWER_BYTES = 32 << 20, /* of vectors that are asked for at once; servers send 64 MiB at most */
    PAGE = 4096,             /* items of a page: with attributes of 65,536 bytes they would not fit, and are asked for
                                again in smaller pages */
    IDS_PAGE = 4096          /* ids in one expression: 0.17 s for 10,000 */
};

void cs_milvus_put_wanted(const milvus_collection *c, cs_milvus_wanted wanted, uint32_t field, cs_buf *request)
{
    static const char *const own[] = {"path",     "size",       "width", "height", "mtime_ns",
                                      "ctime_ns", "gone_since", "hash",  "$meta"};
    const cs_milvus_schema *schema = c->schema;
    if (wanted == CS_MILVUS_PATHS)
        cs_proto_put_text(request, field, schema->own ? "path" : schema->path);
    if (wanted == CS_MILVUS_HASHES && schema->own)
        cs_proto_put_text(request, field, "hash");
    if (wanted == CS_MILVUS_ITEMS || wanted == CS_MILVUS_WHOLE) {
        for (size_t i = 0; schema->own && i < sizeof own / sizeof *own; i++)
            cs_proto_put_text(request, field, own[i]);
        for (size_t i = 0; !schema->own && i < schema->count; i++)
            cs_proto_put_text(request, field, schema->fields[i].name);
        if (!schema->own && schema->dynamic)
            cs_proto_put_text(request, field, "$meta");
    }
    if (wanted == CS_MILVUS_VECTORS || wanted == CS_MILVUS_WHOLE)
        cs_proto_put_text(request, field, schema->vector);
    cs_proto_put_text(request, field, schema->key); /* it comes in any case, but an empty list means something else */
}

void cs_milvus_put_consistency(milvus_collection *c, bool strong, uint32_t timestamp_field, uint32_t level_field,
                               cs_buf *request)
{
    const cs_consistency level = c->db->consistency;
    uint64_t timestamp = level == CS_CONSISTENCY_STRONG ? 0 : level == CS_CONSISTENCY_BOUNDED ? 2 : 1;
    if (c->written > timestamp)
        timestamp = c->written;
    if (strong || c->strong || level == CS_CONSISTENCY_STRONG || c->unseen_removals)
        timestamp = 0; /* now */
    cs_proto_put_number(request, timestamp_field, timestamp);
    cs_proto_put_number(request, level_field,
                        timestamp ? (uint64_t)CS_CONSISTENCY_BOUNDED : (uint64_t)CS_CONSISTENCY_STRONG);
}

/* ---- one query */

static cs_buf make_query(milvus_collection *c, const char *expression, cs_milvus_wanted wanted, size_t limit)
{
    char number[24];
    cs_buf request = cs_milvus_request_for(c->db, c->schema->name);
    cs_proto_put_text(&request, 4, expression);
    cs_milvus_put_wanted(c, wanted, 5, &request);
    cs_milvus_put_consistency(c, false, 8, 11, &request);
    snprintf(number, sizeof number, "%zu", limit);
    cs_milvus_put_pair(&request, 9, "limit", number);
    return request;
}

/* A field that is not there any more: the collection is of another model now. */
clipsearch_status cs_milvus_fail_refused(const milvus_collection *c, const char *method,
                                         const cs_milvus_refusal *refusal, clipsearch_error *err)
{
    clipsearch_status status = cs_milvus_refused(c->db, method, refusal, err);
    clipsearch_error why;
    if (status != CLIPSEARCH_E_LIMIT && cs_milvus_check_same(c, &why) == CLIPSEARCH_E_NOT_FOUND) {
        status = CLIPSEARCH_E_NOT_FOUND;
        if (err)
            *err = why;
    }
    return status;
}

clipsearch_status cs_milvus_ask(milvus_collection *c, const char *method, const cs_buf *request, cs_buf *body,
                                cs_proto *answer, clipsearch_error *err)
{
    cs_milvus_refusal refusal;
    clipsearch_status status = CLIPSEARCH_OK;
    for (int tries = 0; tries < 2; tries++) {
        status = cs_milvus_try(c->db, method, request, 1, body, answer, &refusal, err);
        if (status != CLIPSEARCH_OK || !refusal.is || refusal.code != CS_MILVUS_NOT_LOADED || tries == 1)
            break;
        cs_buf_free(body);
        status = cs_milvus_load(c->db, c->schema, err);
        if (status != CLIPSEARCH_OK)
            return status;
    }
    return status == CLIPSEARCH_OK && refusal.is ? cs_milvus_fail_refused(c, method, &refusal, err) : status;
}

clipsearch_status cs_milvus_query(milvus_collection *c, const char *expression, cs_milvus_wanted wanted, size_t limit,
                                  cs_buf *body, cs_milvus_table *table, clipsearch_error *err)
{
    cs_proto answer;
    cs_buf request = make_query(c, expression, wanted, limit < CS_MILVUS_ROWS_MAX ? limit : CS_MILVUS_ROWS_MAX);
    const bool removals = c->unseen_removals;
    *table = (cs_milvus_table){0};
    clipsearch_status status = cs_milvus_ask(c, "Query", &request, body, &answer, err);
    if (status == CLIPSEARCH_OK && removals)
        c->unseen_removals = false; /* that was strong: what is read from now on sees them too */
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_table_read(c, answer, 2, table, err);
    cs_buf_free(&request);
    return status;
}

/* ---- many */

static size_t page_size(const milvus_collection *c, cs_milvus_wanted wanted)
{
    const bool vectors = wanted == CS_MILVUS_VECTORS || wanted == CS_MILVUS_WHOLE;
    const size_t most = wanted == CS_MILVUS_IDS || wanted == CS_MILVUS_HASHES ? CS_MILVUS_ROWS_MAX : PAGE;
    const size_t fitting = vectors ? ANSWER_BYTES / (c->schema->dim * sizeof(float)) + 1 : most;
    return fitting < most ? fitting : most;
}

clipsearch_status cs_milvus_each_page(milvus_collection *c, const char *expression, cs_milvus_wanted wanted,
                                      clipsearch_status (*each)(void *context, cs_milvus_table *table,
                                                                clipsearch_error *err),
                                      void *context, clipsearch_error *err)
{
    return cs_milvus_each_some(c, expression, wanted, UINT64_MAX, each, context, err);
}

clipsearch_status
cs_milvus_each_some(milvus_collection *c, const char *expression, cs_milvus_wanted wanted, uint64_t most,
                    clipsearch_status (*each)(void *context, cs_milvus_table *table, clipsearch_error *err),
                    void *context, clipsearch_error *err)
{
    size_t limit = page_size(c, wanted);
    limit = most < limit ? (size_t)most : limit;
    size_t rows = limit;
    int64_t after = INT64_MIN;
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf text = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    while (status == CLIPSEARCH_OK && rows == limit && after < INT64_MAX) {
        cs_buf body = {0};
        cs_milvus_table table;
        clipsearch_error why;
        cs_buf_clear(&text);
        cs_buf_printf(&text, "%s >= %lld", c->schema->key, after == INT64_MIN ? -INT64_MAX : (long long)after + 1);
        if (expression[0])
            cs_buf_printf(&text, " and (%s)", expression);
        if (text.failed) {
            status = cs_fail_memory(err, "a query");
            break;
        }
        status = cs_milvus_query(c, text.data, wanted, limit, &body, &table, &why);
        rows = table.rows;
        const int64_t *ids = status == CLIPSEARCH_OK ? cs_milvus_table_ids(&table) : NULL;
        if (status == CLIPSEARCH_OK && rows && !ids)
            status = cs_fail(&why, CLIPSEARCH_E_DATABASE, "the server's answer has no ids");
        for (size_t i = 0; status == CLIPSEARCH_OK && i < rows; i++) {
            if (ids[i] <= after && after != INT64_MIN)
                status = cs_fail(&why, CLIPSEARCH_E_DATABASE, "the server's answer is not in the order of the ids");
            after = ids[i];
        }
        const bool too_large = status == CLIPSEARCH_E_LIMIT && limit > 1;
        if (status == CLIPSEARCH_OK && rows)
            status = each(context, &table, &why);
        cs_milvus_table_free(&table);
        cs_buf_free(&body);
        if (too_large) { /* large attributes: fewer at a time */
            limit = limit / 8 + 1;
            rows = limit;
            status = CLIPSEARCH_OK;
        } else if (status != CLIPSEARCH_OK && err) {
            *err = why;
        }
    }
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_milvus_each_of(milvus_collection *c, const int64_t *ids, size_t count, cs_milvus_wanted wanted,
                                    clipsearch_status (*each)(void *context, cs_milvus_table *table,
                                                              clipsearch_error *err),
                                    void *context, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    cs_buf text = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += IDS_PAGE) {
        const size_t end = count - first < IDS_PAGE ? count : first + IDS_PAGE;
        cs_buf_clear(&text);
        cs_buf_printf(&text, "%s in [", c->schema->key);
        for (size_t i = first; i < end; i++)
            cs_buf_printf(&text, "%s%lld", i > first ? "," : "", (long long)ids[i]);
        cs_buf_puts(&text, "]");
        status = text.failed ? cs_fail_memory(err, "a query")
                             : cs_milvus_each_page(c, text.data, wanted, each, context, err);
    }
    cs_buf_free(&text);
    return status;
}

clipsearch_status cs_milvus_count(milvus_collection *c, const char *expression, bool strong, uint64_t *count,
                                  clipsearch_error *err)
{
    cs_buf body, request = cs_milvus_request_for(c->db, c->schema->name);
    cs_proto answer;
    cs_milvus_table table = {0};
    cs_proto_put_text(&request, 4, expression);
    cs_proto_put_text(&request, 5, "count(*)");
    cs_milvus_put_consistency(c, strong, 8, 11, &request);
    *count = 0;
    clipsearch_status status = cs_milvus_ask(c, "Query", &request, &body, &answer, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_table_read(c, answer, 2, &table, err);
    const cs_milvus_column *column = cs_milvus_table_find(&table, "count(*)");
    if (status == CLIPSEARCH_OK && (!column || !column->numbers || table.rows != 1 || column->numbers[0] < 0))
        status = cs_fail(err, CLIPSEARCH_E_DATABASE, "the server did not count the items of %s", c->schema->name);
    if (status == CLIPSEARCH_OK)
        *count = (uint64_t)column->numbers[0];
    cs_milvus_table_free(&table);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}
