/* SPDX-License-Identifier: MIT
 * milvus_search.c - the nearest items by the index of a Milvus server. */
#include "remote/milvus_nearest.h"

#include "backend/query_vector.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/stop.h"

#include <stdio.h>
#include <string.h>

enum {
    QUERY_BYTES = 2 << 20, /* of the vectors of one call */
    BATCH_HITS = 1 << 16,  /* that one call asks for */
    BATCH_QUERIES = 64,    /* of one call: a busy server takes a tenth of a second for each */
    DEFAULT_EF = 64,       /* where the collection says nothing */
    DEFAULT_NPROBE = 64,
    FLOAT_VECTORS = 101,   /* the type of a placeholder */
    BOOLEAN_EXPRESSION = 1 /* the type of dsl */
};

/* Searches of one request that are sent together. */
typedef struct batch {
    milvus_collection *collection;
    const cs_search_request *request;
    const char *filter;
    size_t k;
    float *queries; /* [count, dim] */
} batch;

static void put_parameters(const batch *b, cs_buf *request)
{
    char text[96];
    const clipsearch_index_options *index = &b->collection->schema->index;
    size_t ef = b->request->ef ? b->request->ef : index->ef ? index->ef : DEFAULT_EF;
    size_t nprobe = b->request->ef ? b->request->ef : index->nprobe ? index->nprobe : DEFAULT_NPROBE;
    ef = ef < b->k ? b->k : ef; /* HNSW and DISKANN take none below k */
    ef = ef > 32768 ? 32768 : ef;
    nprobe = nprobe > CS_MAX_NPROBE ? CS_MAX_NPROBE : nprobe;
    cs_milvus_put_pair(request, 9, "anns_field", b->collection->schema->vector);
    snprintf(text, sizeof text, "%zu", b->k);
    cs_milvus_put_pair(request, 9, "topk", text);
    /* each kind of index takes what it knows and leaves the rest */
    snprintf(text, sizeof text, "{\"ef\":%zu,\"nprobe\":%zu,\"search_list\":%zu}", ef, nprobe, ef);
    cs_milvus_put_pair(request, 9, "params", text);
    cs_milvus_put_pair(request, 9, "round_decimal", "-1");
}

static void put_queries(const batch *b, size_t count, cs_buf *request)
{
    const size_t dim = b->collection->schema->dim;
    const size_t group = cs_proto_begin(request, 6), placeholder = cs_proto_begin(request, 1);
    cs_proto_put_text(request, 1, "$0");
    cs_proto_put_number(request, 2, FLOAT_VECTORS);
    for (size_t i = 0; i < count; i++)
        cs_proto_put_bytes(request, 3, b->queries + i * dim, dim * sizeof *b->queries);
    cs_proto_end(request, placeholder);
    cs_proto_end(request, group);
}

/* ---- the answer */

typedef struct found {
    cs_milvus_column scores, counts, ids; /* floats; hits of each query; ids of all */
} found;

static void free_found(found *f)
{
    cs_free(f->scores.floats);
    cs_free(f->counts.numbers);
    cs_free(f->ids.numbers);
}

/* Read SearchResultData but for its columns. */
static clipsearch_status read_found(cs_proto message, found *f, clipsearch_error *err)
{
    cs_proto_field field, part;
    bool sound = true, fits = true;
    *f = (found){0};
    while (fits && cs_proto_next(&message, &field)) {
        if (field.number == 4)
            fits = cs_milvus_add_floats(&field, &f->scores, &sound);
        else if (field.number == 6)
            fits = cs_milvus_add_numbers(&field, &f->counts, &sound);
        else if (field.number == 5)
            while (fits && cs_proto_next(&field.bytes, &part))
                if (part.number == 1)
                    fits = cs_milvus_add_number_list(part.bytes, &f->ids, &sound);
    }
    if (!fits)
        return cs_fail_memory(err, "search results");
    return sound && !message.failed && f->scores.count == f->ids.count
               ? CLIPSEARCH_OK
               : cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer to a search is damaged");
}

/* Whether the hit is as near as was asked for. */
static bool is_near(const batch *b, float score)
{
    if (!b->request->has_limit)
        return true;
    return b->collection->base.identity.metric == CLIPSEARCH_L2 ? score <= b->request->limit
                                                                : score >= b->request->limit;
}

static clipsearch_status add_hits(const batch *b, cs_milvus_table *table, const found *f, size_t count,
                                  clipsearch_hits *hits, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    const bool any = f->ids.count > 0;
    size_t at = 0;
    for (size_t query = 0; query < count && status == CLIPSEARCH_OK; query++) {
        size_t left = query < f->counts.count && any ? (size_t)f->counts.numbers[query] : 0;
        for (; left && at < f->ids.count && status == CLIPSEARCH_OK; left--, at++) {
            clipsearch_item item;
            cs_item_file file;
            if (!is_near(b, f->scores.floats[at]))
                continue;
            status = cs_milvus_table_item_of(table, at, f->ids.numbers[at], &item, &file, err);
            if (status == CLIPSEARCH_OK)
                status = cs_hits_add_with_file(hits, &item, &file, f->scores.floats[at], err);
        }
        cs_hits_next_query(hits);
    }
    return status;
}

static clipsearch_status read_answer(const batch *b, cs_proto answer, size_t count, clipsearch_hits *hits,
                                     clipsearch_error *err)
{
    cs_proto_field field;
    cs_proto results = cs_proto_of(NULL, 0);
    cs_milvus_table table = {0};
    found f = {0};
    while (cs_proto_next(&answer, &field))
        if (field.number == 2 && field.type == CS_PROTO_BYTES)
            results = field.bytes;
    clipsearch_status status = read_found(results, &f, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_table_read(b->collection, results, 3, &table, err);
    if (status == CLIPSEARCH_OK && f.ids.count && table.rows != f.ids.count)
        status = cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer to a search is damaged");
    if (status == CLIPSEARCH_OK)
        status = add_hits(b, &table, &f, count, hits, err);
    cs_milvus_table_free(&table);
    free_found(&f);
    return status;
}

/* ---- a call */

static clipsearch_status search_batch(const batch *b, size_t count, clipsearch_hits *hits, clipsearch_error *err)
{
    milvus_collection *c = b->collection;
    cs_buf body = {0}, request = cs_milvus_request_for(c->db, c->schema->name);
    cs_proto answer;
    const bool removals = c->unseen_removals;
    cs_proto_put_text(&request, 5, b->filter);
    put_queries(b, count, &request);
    cs_proto_put_number(&request, 7, BOOLEAN_EXPRESSION);
    cs_milvus_put_wanted(c, CS_MILVUS_ITEMS, 8, &request);
    put_parameters(b, &request);
    cs_proto_put_number(&request, 12, count);
    cs_milvus_put_consistency(c, false, 11, 14, &request);
    clipsearch_status status = cs_milvus_ask(c, "Search", &request, &body, &answer, err);
    if (status == CLIPSEARCH_OK && removals)
        c->unseen_removals = false;
    if (status == CLIPSEARCH_OK)
        status = read_answer(b, answer, count, hits, err);
    cs_buf_free(&body);
    cs_buf_free(&request);
    return status;
}

static clipsearch_status search_all(batch *b, clipsearch_hits *hits, clipsearch_error *err)
{
    const cs_collection_identity *own = &b->collection->base.identity;
    const cs_search_request *request = b->request;
    size_t step = BATCH_HITS / b->k + 1;
    if (step > QUERY_BYTES / (own->dim * sizeof(float)) + 1)
        step = QUERY_BYTES / (own->dim * sizeof(float)) + 1;
    step = step > BATCH_QUERIES ? BATCH_QUERIES : step;
    step = step > request->count ? request->count : step;
    b->queries = cs_alloc_array(step, own->dim * sizeof *b->queries);
    clipsearch_status status = b->queries ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
    for (size_t i = 0; i < request->count && status == CLIPSEARCH_OK; i++) /* a bad one is known before any is sent */
        status = cs_copy_query(own->dim, own->metric, request->queries + i * own->dim, i, b->queries, err);
    for (size_t first = 0; first < request->count && status == CLIPSEARCH_OK; first += step) {
        const size_t count = request->count - first < step ? request->count - first : step;
        for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
            status = cs_copy_query(own->dim, own->metric, request->queries + (first + i) * own->dim, first + i,
                                   b->queries + i * own->dim, err);
        if (status == CLIPSEARCH_OK)
            status = search_batch(b, count, hits, err);
    }
    cs_free(b->queries);
    return status;
}

clipsearch_status cs_milvus_search(clipsearch_collection *base, const cs_search_request *request, clipsearch_hits *hits,
                                   clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    batch b = {.collection = c, .request = request, .k = request->k};
    cs_buf filter = cs_buf_make(CS_MILVUS_MESSAGE_MAX);
    bool none = false;
    const bool exact = request->exact && c->schema->index.type != CLIPSEARCH_INDEX_TYPE_FLAT;
    if (!exact && b.k > CS_MILVUS_ROWS_MAX) {
        b.k = CS_MILVUS_ROWS_MAX;
        cs_database_note(&c->db->base, "a Milvus server finds at most %d items for a query", CS_MILVUS_ROWS_MAX);
    }
    clipsearch_status status = cs_stop_check(err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_print_filter(c, request->filter, request->with_gone, &filter, &none, err);
    if (status == CLIPSEARCH_OK && request->with_gone && !request->without_vector && c->schema->own) {
        /* items that could not be encoded anew (milvus_remodel.c) have no score */
        cs_buf_printf(&filter, "%s(gone_since == 0 or not (hash like \"" CS_WITHOUT_VECTOR "%%\"))",
                      filter.len ? " and " : "");
        status = filter.failed ? cs_fail_memory(err, "a filter") : status;
    }
    b.filter = filter.data ? filter.data : "";
    for (size_t i = 0; none && i < request->count && status == CLIPSEARCH_OK; i++)
        cs_hits_next_query(hits);
    if (status == CLIPSEARCH_OK && !none && request->count)
        status = exact ? cs_milvus_search_exactly(c, request, b.filter, hits, err) : search_all(&b, hits, err);
    if (request->stats && !exact)
        request->stats->graph = request->count;
    cs_buf_free(&filter);
    return status;
}
