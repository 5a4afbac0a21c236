/* SPDX-License-Identifier: MIT
 * milvus_check.c - reads all of a collection back from the server, and measures its index. */
#include "remote/milvus_collection.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { NEAREST = 10, DEFAULT_SAMPLE = 100, MOST_SAMPLES = 1000 };

/* The exact ten nearest of some vectors of the collection, found while all of them come by. */
typedef struct checking {
    milvus_collection *collection;
    size_t dim, sample;
    float *queries;   /* [sample, dim] */
    int64_t *nearest; /* [sample, NEAREST] */
    double *scores;   /* [sample, NEAREST], best first: more is nearer */
    size_t *found;    /* [sample] */
    uint64_t images;
} checking;

static clipsearch_status take_sample(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    checking *c = context;
    const float *vectors = cs_milvus_table_vectors(table);
    if (!vectors)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    const size_t step = table->rows > c->sample ? table->rows / c->sample : 1;
    size_t taken = 0;
    for (size_t row = 0; row < table->rows && taken < c->sample; row += step, taken++)
        memcpy(c->queries + taken * c->dim, vectors + row * c->dim, c->dim * sizeof *vectors);
    c->sample = taken;
    return CLIPSEARCH_E_CANCELLED; /* one page is enough */
}

/* By the collection's own measure, as a double. */
static double score_of(const checking *c, const float *a, const float *b)
{
    double dot = 0, squared = 0, aa = 0, bb = 0;
    for (size_t d = 0; d < c->dim; d++) {
        const double difference = (double)a[d] - b[d];
        dot += (double)a[d] * b[d];
        squared += difference * difference;
        aa += (double)a[d] * a[d];
        bb += (double)b[d] * b[d];
    }
    switch (c->collection->base.identity.metric) {
    case CLIPSEARCH_L2:
        return -squared;
    case CLIPSEARCH_IP:
        return dot;
    default:
        return aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : 0;
    }
}

static void keep_nearest(checking *c, size_t query, int64_t id, double score)
{
    double *scores = c->scores + query * NEAREST;
    int64_t *nearest = c->nearest + query * NEAREST;
    size_t at = c->found[query];
    if (at == NEAREST && score <= scores[NEAREST - 1])
        return;
    if (at < NEAREST)
        c->found[query]++;
    else
        at--;
    for (; at > 0 && scores[at - 1] < score; at--) {
        scores[at] = scores[at - 1];
        nearest[at] = nearest[at - 1];
    }
    scores[at] = score;
    nearest[at] = id;
}

static clipsearch_status compare_page(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    checking *c = context;
    const float *vectors = cs_milvus_table_vectors(table);
    const int64_t *ids = cs_milvus_table_ids(table);
    if (!vectors || !ids)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    for (size_t row = 0; row < table->rows; row++) {
        const float *vector = vectors + row * c->dim;
        for (size_t d = 0; d < c->dim; d++)
            if (!isfinite(vector[d]))
                return cs_fail(err, CLIPSEARCH_E_DATABASE, "the vector of the item %lld has no finite numbers",
                               (long long)ids[row]);
        clipsearch_item item;
        cs_item_file file;
        clipsearch_status status = cs_milvus_table_item(table, row, &item, &file, err); /* can it be read? */
        if (status != CLIPSEARCH_OK)
            return status;
        for (size_t query = 0; query < c->sample; query++)
            keep_nearest(c, query, ids[row], score_of(c, c->queries + query * c->dim, vector));
    }
    c->images += table->rows;
    return CLIPSEARCH_OK;
}

/* How many of the exact nearest a search finds; ones that are as near as the tenth count too. */
static size_t count_found(const checking *c, const clipsearch_hits *hits)
{
    size_t found = 0;
    for (size_t query = 0; query < c->sample; query++)
        for (size_t rank = 0; rank < cs_hits_count(hits, query); rank++) {
            const int64_t id = cs_hits_get(hits, query, rank)->id;
            for (size_t i = 0; i < c->found[query]; i++)
                found += c->nearest[query * NEAREST + i] == id;
        }
    return found;
}

static clipsearch_status measure_recall(const checking *c, clipsearch_check_report *report, clipsearch_error *err)
{
    size_t all = 0;
    const cs_search_request request = {.queries = c->queries, .count = c->sample, .k = NEAREST, .with_gone = true};
    clipsearch_hits *hits = NULL;
    clipsearch_status status = cs_collection_search(&c->collection->base, &request, &hits, err);
    for (size_t query = 0; query < c->sample; query++)
        all += c->found[query];
    if (status == CLIPSEARCH_OK && all)
        report->recall = (double)count_found(c, hits) / (double)all;
    cs_hits_free(&hits);
    return status;
}

clipsearch_status cs_milvus_check(clipsearch_collection *base, size_t sample, clipsearch_check_report *report,
                                  clipsearch_error *err)
{
    milvus_collection *c = cs_milvus_collection(base);
    checking check = {.collection = c, .dim = c->schema->dim, .sample = sample ? sample : DEFAULT_SAMPLE};
    check.sample = check.sample > MOST_SAMPLES ? MOST_SAMPLES : check.sample;
    check.queries = cs_alloc_array(check.sample, check.dim * sizeof *check.queries);
    check.nearest = cs_alloc_array(check.sample, NEAREST * sizeof *check.nearest);
    check.scores = cs_alloc_array(check.sample, NEAREST * sizeof *check.scores);
    check.found = cs_zalloc_array(check.sample, sizeof *check.found);
    const size_t most = check.sample;
    clipsearch_status status =
        check.queries && check.nearest && check.scores && check.found ? CLIPSEARCH_OK : cs_fail_memory(err, "a check");
    if (status == CLIPSEARCH_OK) {
        status = cs_milvus_each_some(c, "", CS_MILVUS_VECTORS, 16 * most, take_sample, &check, err);
        if (status == CLIPSEARCH_OK)
            check.sample = 0; /* it is empty */
        if (status == CLIPSEARCH_E_CANCELLED)
            status = CLIPSEARCH_OK;
    }
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_each_page(c, "", CS_MILVUS_WHOLE, compare_page, &check, err);
    if (status == CLIPSEARCH_OK && check.sample)
        status = measure_recall(&check, report, err);
    report->images = check.images;
    report->vectors = check.images;
    report->sample = check.sample;
    report->state = check.images ? CLIPSEARCH_INDEX_USABLE : CLIPSEARCH_INDEX_NONE;
    cs_free(check.queries);
    cs_free(check.nearest);
    cs_free(check.scores);
    cs_free(check.found);
    return status;
}
