/* SPDX-License-Identifier: MIT
 * milvus_nearest.c - exact searches: every vector is read from the server and compared here. */
#include "remote/milvus_nearest.h"

#include "backend/query_vector.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { BATCH_HITS = 1 << 20 /* that are kept while the vectors come by once */ };

/* By the collection's own measure, as a double. */
static double score_of(const cs_milvus_nearest *n, const float *a, const float *b)
{
    const size_t dim = n->collection->schema->dim;
    double dot = 0, squared = 0, aa = 0, bb = 0;
    for (size_t d = 0; d < dim; d++) {
        const double difference = (double)a[d] - b[d];
        dot += (double)a[d] * b[d];
        squared += difference * difference;
        aa += (double)a[d] * a[d];
        bb += (double)b[d] * b[d];
    }
    switch (n->collection->base.identity.metric) {
    case CLIPSEARCH_L2:
        return -squared;
    case CLIPSEARCH_IP:
        return dot;
    default:
        return aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : 0;
    }
}

static void keep(cs_milvus_nearest *n, size_t query, int64_t id, double score)
{
    double *scores = n->scores + query * n->k;
    int64_t *ids = n->ids + query * n->k;
    size_t at = n->found[query], low = 0;
    if (at == n->k && score <= scores[n->k - 1])
        return;
    if (at < n->k)
        n->found[query]++;
    else
        at--;
    for (size_t high = at; low < high;) { /* behind those that are as near */
        const size_t middle = low + (high - low) / 2;
        if (scores[middle] >= score)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(scores + low + 1, scores + low, (at - low) * sizeof *scores);
    memmove(ids + low + 1, ids + low, (at - low) * sizeof *ids);
    scores[low] = score;
    ids[low] = id;
}

clipsearch_status cs_milvus_nearest_make(const milvus_collection *collection, const float *queries, size_t count,
                                         size_t k, cs_milvus_nearest *n, clipsearch_error *err)
{
    *n = (cs_milvus_nearest){.collection = collection, .queries = queries, .count = count, .k = k};
    n->scores = cs_alloc_array(count, k * sizeof *n->scores);
    n->ids = cs_alloc_array(count, k * sizeof *n->ids);
    n->found = cs_zalloc_array(count, sizeof *n->found);
    return n->scores && n->ids && n->found ? CLIPSEARCH_OK : cs_fail_memory(err, "the nearest items");
}

void cs_milvus_nearest_free(cs_milvus_nearest *n)
{
    cs_free(n->scores);
    cs_free(n->ids);
    cs_free(n->found);
    *n = (cs_milvus_nearest){0};
}

clipsearch_status cs_milvus_nearest_add(cs_milvus_nearest *n, const cs_milvus_table *table, clipsearch_error *err)
{
    const size_t dim = n->collection->schema->dim;
    const float *vectors = cs_milvus_table_vectors(table);
    const int64_t *ids = cs_milvus_table_ids(table);
    if (!vectors || !ids)
        return cs_fail(err, CLIPSEARCH_E_DATABASE, "the server's answer has no vectors");
    for (size_t row = 0; row < table->rows; row++) {
        const float *vector = vectors + row * dim;
        for (size_t d = 0; d < dim; d++)
            if (!isfinite(vector[d]))
                return cs_fail(err, CLIPSEARCH_E_DATABASE, "the vector of the item %lld has no finite numbers",
                               (long long)ids[row]);
        for (size_t query = 0; query < n->count; query++)
            keep(n, query, ids[row], score_of(n, n->queries + query * dim, vector));
    }
    return CLIPSEARCH_OK;
}

/* ---- a search */

static clipsearch_status compare_page(void *context, cs_milvus_table *table, clipsearch_error *err)
{
    return cs_milvus_nearest_add(context, table, err);
}

/* The hits of one query: the items are read by their ids, which come back in the order of these. */
static clipsearch_status add_hits(milvus_collection *c, const cs_milvus_nearest *n, size_t query,
                                  const cs_search_request *request, clipsearch_hits *hits, clipsearch_error *err)
{
    const bool distance = c->base.identity.metric == CLIPSEARCH_L2;
    const double *scores = n->scores + query * n->k;
    const int64_t *ids = n->ids + query * n->k;
    clipsearch_hits *found = cs_hits_make(1);
    clipsearch_status status = found ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
    size_t count = n->found[query];
    while (request->has_limit && count &&
           (distance ? -scores[count - 1] > request->limit : scores[count - 1] < request->limit))
        count--;
    if (status == CLIPSEARCH_OK)
        status = cs_milvus_by_ids(&c->base, ids, count, found, err);
    if (status == CLIPSEARCH_OK)
        cs_hits_next_query(found);
    for (size_t i = 0, rank = 0; status == CLIPSEARCH_OK && rank < cs_hits_count(found, 0); i++) {
        const clipsearch_hit *hit = cs_hits_get(found, 0, rank);
        if (i == count || hit->id != ids[i]) /* removed meanwhile */
            continue;
        const clipsearch_item item = cs_hit_item(hit);
        const cs_item_file file = {.gone_since = hit->gone};
        status = cs_hits_add_with_file(hits, &item, &file, (float)(distance ? -scores[i] : scores[i]), err);
        rank++;
    }
    cs_hits_free(&found);
    cs_hits_next_query(hits);
    return status;
}

clipsearch_status cs_milvus_search_exactly(milvus_collection *c, const cs_search_request *request, const char *filter,
                                           clipsearch_hits *hits, clipsearch_error *err)
{
    const cs_collection_identity *own = &c->base.identity;
    const size_t most = BATCH_HITS / request->k + 1, step = most < request->count ? most : request->count;
    clipsearch_status status = CLIPSEARCH_OK;
    float *queries = cs_alloc_array(step, own->dim * sizeof *queries);
    if (!queries)
        return cs_fail_memory(err, "search results");
    for (size_t first = 0; first < request->count && status == CLIPSEARCH_OK; first += step) {
        const size_t count = request->count - first < step ? request->count - first : step;
        cs_milvus_nearest nearest = {0};
        for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
            status = cs_copy_query(own->dim, own->metric, request->queries + (first + i) * own->dim, first + i,
                                   queries + i * own->dim, err);
        if (status == CLIPSEARCH_OK)
            status = cs_milvus_nearest_make(c, queries, count, request->k, &nearest, err);
        if (status == CLIPSEARCH_OK)
            status = cs_milvus_each_page(c, filter, CS_MILVUS_VECTORS, compare_page, &nearest, err);
        for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
            status = add_hits(c, &nearest, i, request, hits, err);
        cs_milvus_nearest_free(&nearest);
    }
    cs_free(queries);
    return status;
}
