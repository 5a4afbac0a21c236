/* SPDX-License-Identifier: MIT
 * milvus_check.c - reads all of a collection back from the server, and measures its index. */
#include "remote/milvus_nearest.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { NEAREST = 10, DEFAULT_SAMPLE = 100, MOST_SAMPLES = 1000 };

/* Vectors of the collection, and their exact nearest, found while all of it comes by. */
typedef struct checking {
    size_t dim, sample, most;
    float *queries; /* [sample, dim] */
    cs_milvus_nearest nearest;
    uint64_t images;
} checking;

static clipsearch_status take_sample(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    checking *c = context;
    const float *vectors = cs_milvus_table_vectors(table);
    if (!vectors)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    const size_t step = table->rows > c->most ? table->rows / c->most : 1;
    for (size_t row = 0; row < table->rows && c->sample < c->most; row += step, c->sample++)
        memcpy(c->queries + c->sample * c->dim, vectors + row * c->dim, c->dim * sizeof *vectors);
    return CLIPSEARCH_E_CANCELLED; /* one page is enough */
}

static clipsearch_status compare_page(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    checking *c = context;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t row = 0; row < table->rows && status == CLIPSEARCH_OK; row++) {
        clipsearch_item item;
        cs_item_file file;
        status = cs_milvus_table_item(table, row, &item, &file, err); /* can it be read? */
    }
    c->images += table->rows;
    return status == CLIPSEARCH_OK ? cs_milvus_nearest_add(&c->nearest, table, err) : status;
}

/* How many of the exact nearest a search finds; one that is as near as the last of them counts for it. */
static size_t count_found(const checking *c, const clipsearch_hits *hits)
{
    size_t found = 0;
    for (size_t query = 0; query < c->sample; query++)
        for (size_t rank = 0; rank < cs_hits_count(hits, query); rank++) {
            const int64_t id = cs_hits_get(hits, query, rank)->id;
            for (size_t i = 0; i < c->nearest.found[query]; i++)
                found += c->nearest.ids[query * NEAREST + i] == id;
        }
    return found;
}

static clipsearch_status measure_recall(milvus_collection *collection, const checking *c,
                                        clipsearch_check_report *report, clipsearch_error *err)
{
    size_t all = 0;
    const cs_search_request request = {
        .queries = c->queries, .count = c->sample, .k = NEAREST, .with_gone = true, .without_vector = true};
    clipsearch_hits *hits = NULL;
    clipsearch_status status = cs_collection_search(&collection->base, &request, &hits, err);
    for (size_t query = 0; query < c->sample; query++)
        all += c->nearest.found[query];
    if (status == CLIPSEARCH_OK && all)
        report->recall = (double)count_found(c, hits) / (double)all;
    cs_hits_free(&hits);
    return status;
}

/* What the server says of its index. */
static clipsearch_status describe_index(milvus_collection *collection, clipsearch_check_report *report,
                                        clipsearch_error *err)
{
    static const char *const states[] = {"not begun", "not issued", "in work",
                                         "finished",  "failed",     "to be tried again"};
    cs_milvus_index index;
    bool loaded = false;
    clipsearch_status status = cs_milvus_describe_index(collection->db, collection->schema, &index, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_is_loaded(collection->db, collection->schema->name, &loaded, err);
    if (status != CLIPSEARCH_OK)
        return status;
    snprintf(report->why, sizeof report->why, "%s, %llu of %llu vectors in sealed segments indexed (%s), %s",
             index.type, (unsigned long long)index.indexed, (unsigned long long)index.total,
             index.state < sizeof states / sizeof *states ? states[index.state] : "in a state of its own",
             loaded ? "loaded" : "not loaded");
    report->state = index.type[0] && loaded ? CLIPSEARCH_INDEX_USABLE : CLIPSEARCH_INDEX_UNUSED;
    return CLIPSEARCH_OK;
}

clipsearch_status cs_milvus_check(clipsearch_collection *base, size_t sample, clipsearch_check_report *report,
                                  clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    checking check = {.dim = c->schema->dim, .most = sample ? sample : DEFAULT_SAMPLE};
    check.most = check.most > MOST_SAMPLES ? MOST_SAMPLES : check.most;
    check.queries = cs_alloc_array(check.most, check.dim * sizeof *check.queries);
    clipsearch_status status = check.queries ? CLIPSEARCH_OK : cs_fail_memory(err, "a check");
    if (status == CLIPSEARCH_OK) {
        status = cs_milvus_each_some(c, "", CS_MILVUS_VECTORS, 16 * check.most, take_sample, &check, err);
        if (status == CLIPSEARCH_E_CANCELLED && check.sample)
            status = CLIPSEARCH_OK;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_nearest_make(c, check.queries, check.sample, NEAREST, &check.nearest, err);
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_page(c, "", CS_MILVUS_WHOLE, compare_page, &check, err);
    if (status == CLIPSEARCH_OK && check.sample)
        status = measure_recall(c, &check, report, err);
    if (status == CLIPSEARCH_OK)
        status = describe_index(c, report, err);
    report->images = check.images;
    report->vectors = check.images;
    report->sample = check.sample;
    if (status == CLIPSEARCH_OK && !check.images)
        report->state = CLIPSEARCH_INDEX_NONE;
    cs_milvus_nearest_free(&check.nearest);
    cs_free(check.queries);
    return status;
}
