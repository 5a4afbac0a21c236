/* SPDX-License-Identifier: MIT
 * each_item.c - the public function that goes over the items of a collection, with their vectors, page by page. */
#include "clipsearch.h"

#include "base/error.h"
#include "base/mem.h"
#include "each_item.h"
#include "structs.h"

enum { PAGE = 500 };

typedef struct walk {
    clipsearch_collection *collection;
    bool (*each)(void *context, const clipsearch_hit *item, const float *vector);
    void *context;
    float *vectors; /* [PAGE, dim]; NULL: none are wanted */
    size_t dim;
} walk;

/* When an item of the page was removed meanwhile, each is read alone. */
clipsearch_status cs_read_page_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                       float *vectors, bool *there, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(collection)->dim;
    clipsearch_status status = cs_collection_vectors(collection, ids, count, vectors, err);
    for (size_t i = 0; i < count; i++)
        there[i] = true;
    if (status != CLIPSEARCH_E_NOT_FOUND)
        return status;
    status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        status = cs_collection_vectors(collection, &ids[i], 1, vectors + i * dim, err);
        there[i] = status == CLIPSEARCH_OK;
        if (status == CLIPSEARCH_E_NOT_FOUND)
            status = CLIPSEARCH_OK;
    }
    return status;
}

/* Show one page; *go_on becomes false when that was the last, or `each` says so. *after receives its last id. */
static clipsearch_status show_page(const walk *w, const clipsearch_hits *hits, int64_t *after, bool *go_on,
                                   clipsearch_error *err)
{
    int64_t ids[PAGE];
    bool there[PAGE];
    const size_t count = cs_hits_count(hits, 0);
    for (size_t i = 0; i < count; i++) {
        ids[i] = cs_hits_get(hits, 0, i)->id;
        there[i] = true;
    }
    clipsearch_status status = CLIPSEARCH_OK;
    if (w->vectors)
        status = cs_read_page_vectors(w->collection, ids, count, w->vectors, there, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *go_on = count == PAGE;
    if (count)
        *after = ids[count - 1];
    for (size_t i = 0; i < count; i++)
        if (there[i] && !w->each(w->context, cs_hits_get(hits, 0, i), w->vectors ? w->vectors + i * w->dim : NULL)) {
            *go_on = false;
            break;
        }
    return CLIPSEARCH_OK;
}

clipsearch_status clipsearch_collection_each(clipsearch_collection *collection, const clipsearch_each_options *options,
                                             bool (*each)(void *context, const clipsearch_hit *item,
                                                          const float *vector),
                                             void *context, clipsearch_error *err)
{
    if (!collection || !each)
        return cs_fail_null(err, __func__, collection, each);
    clipsearch_each_options own;
    clipsearch_status status = cs_struct_read(&own, options, &cs_each_options_type, __func__, err);
    if (status != CLIPSEARCH_OK)
        return status;
    walk w = {
        .collection = collection, .each = each, .context = context, .dim = cs_collection_identify(collection)->dim};
    cs_filter_tree *filter = NULL;
    if (own.filter)
        status = cs_filter_parse(own.filter, &filter, NULL, err);
    if (status == CLIPSEARCH_OK && own.vectors && !(w.vectors = cs_alloc_array(PAGE, w.dim * sizeof *w.vectors)))
        status = cs_fail_memory(err, "vectors");
    for (bool go_on = true; go_on && status == CLIPSEARCH_OK;) {
        clipsearch_hits *hits = NULL;
        const cs_page page = {.with_gone = own.gone, .after = own.after, .limit = PAGE};
        status = cs_collection_where(collection, filter, &page, &hits, err);
        if (status == CLIPSEARCH_OK)
            status = show_page(&w, hits, &own.after, &go_on, err);
        cs_hits_free(&hits);
    }
    cs_filter_free(&filter);
    cs_free(w.vectors);
    return status;
}
