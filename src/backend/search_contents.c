/* SPDX-License-Identifier: MIT
 * search_contents.c - searches for some more items than are wanted, folds copies, and searches again, for many more,
 * where copies have left too few hits. */
#include "backend/search_contents.h"

#include "base/mem.h"

#include <string.h>

enum {
    SPARE = 8,       /* one further item is searched for of each so many that are wanted */
    GROWTH = 8,      /* of the number of items, when they are searched for again */
    MOST_TIES = 4096 /* items; no more are searched for only to count the copies of the last hit */
};

typedef struct folding {
    clipsearch_collection *collection;
    const cs_search_request *request;
    clipsearch_hits *hits;
    bool *complete; /* [queries] whether more hits would change nothing */
    /* the queries that are searched again: */
    bool *again_complete; /* [queries], the first `again` in use, as of all below */
    size_t *numbers;
    float *vectors; /* [queries, dim] */
    size_t again;
} folding;

static clipsearch_status search_once(const folding *f, const cs_search_request *request, size_t searched,
                                     bool *complete, clipsearch_hits **hits, clipsearch_error *err)
{
    cs_search_request plain = *request;
    plain.fold_copies = false;
    plain.k = searched;
    clipsearch_status status = cs_collection_search(f->collection, &plain, hits, err);
    if (status == CLIPSEARCH_OK)
        cs_hits_fold_copies(*hits, request->k, searched, complete);
    return status;
}

/* Note which queries have to be searched again. */
static clipsearch_status list_open(folding *f, size_t searched, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(f->collection)->dim, count = f->request->count;
    f->again = 0;
    for (size_t query = 0; query < count; query++) {
        if (f->complete[query] || (cs_hits_count(f->hits, query) == f->request->k && searched >= MOST_TIES))
            continue;
        if (!f->numbers) {
            f->again_complete = cs_alloc_array(count, sizeof *f->again_complete);
            f->numbers = cs_alloc_array(count, sizeof *f->numbers);
            f->vectors = cs_alloc_array(count, dim * sizeof *f->vectors);
        }
        if (!f->again_complete || !f->numbers || !f->vectors)
            return cs_fail_memory(err, "search results");
        memcpy(f->vectors + f->again * dim, f->request->queries + query * dim, dim * sizeof *f->vectors);
        f->numbers[f->again++] = query;
    }
    return CLIPSEARCH_OK;
}

/* Put the hits `again` in place of those that these queries had. */
static clipsearch_status merge(folding *f, const clipsearch_hits *again, clipsearch_error *err)
{
    clipsearch_hits *merged = cs_hits_make(f->request->count);
    clipsearch_status status = merged ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
    for (size_t query = 0, next = 0; query < f->request->count && status == CLIPSEARCH_OK; query++) {
        const bool is_again = next < f->again && f->numbers[next] == query;
        status = cs_hits_add_query(merged, is_again ? again : f->hits, is_again ? next : query, err);
        if (is_again)
            f->complete[query] = f->again_complete[next++];
        cs_hits_next_query(merged);
    }
    cs_hits_free(&f->hits);
    f->hits = merged;
    return status;
}

static clipsearch_status search_again(folding *f, size_t searched, clipsearch_error *err)
{
    clipsearch_search_stats stats, *all = f->request->stats;
    clipsearch_hits *again = NULL;
    cs_search_request request = *f->request;
    request.queries = f->vectors;
    request.count = f->again;
    request.stats = &stats;
    clipsearch_status status = search_once(f, &request, searched, f->again_complete, &again, err);
    if (status == CLIPSEARCH_OK)
        status = merge(f, again, err);
    if (status == CLIPSEARCH_OK && all)
        all->compared += stats.compared;
    cs_hits_free(&again);
    return status;
}

clipsearch_status cs_search_contents(clipsearch_collection *collection, const cs_search_request *request,
                                     clipsearch_hits **hits, clipsearch_error *err)
{
    folding f = {.collection = collection, .request = request};
    const size_t spare = request->k / SPARE + 1;
    size_t searched = request->k < SIZE_MAX - spare ? request->k + spare : SIZE_MAX;
    f.complete = cs_alloc_array(request->count, sizeof *f.complete);
    clipsearch_status status = f.complete ? CLIPSEARCH_OK : cs_fail_memory(err, "search results");
    if (status == CLIPSEARCH_OK)
        status = search_once(&f, request, searched, f.complete, &f.hits, err);
    if (status == CLIPSEARCH_OK)
        status = list_open(&f, searched, err);
    while (status == CLIPSEARCH_OK && f.again) {
        searched = searched < SIZE_MAX / GROWTH ? searched * GROWTH : SIZE_MAX;
        status = search_again(&f, searched, err);
        if (status == CLIPSEARCH_OK)
            status = list_open(&f, searched, err);
    }
    *hits = status == CLIPSEARCH_OK ? f.hits : NULL;
    if (status != CLIPSEARCH_OK)
        cs_hits_free(&f.hits);
    cs_free(f.complete);
    cs_free(f.again_complete);
    cs_free(f.numbers);
    cs_free(f.vectors);
    return status;
}
