/* SPDX-License-Identifier: MIT
 * put_items.c - items and vectors that a program stores itself: checked, and of one length for a cosine. */
#include "backend/backend.h"

#include "base/item_limits.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

/* How far from 1 the squared length of a stored vector may be. Rounding to f32, or to f16 on the way, stays far below;
 * a vector that was never normalized does not. */
static const double NORMALIZED_TOLERANCE = 1e-2;
/* A vector whose squared length is this near to 1 is stored as it is, so that it keeps its bits. */
static const double SAME_BITS_TOLERANCE = 1e-5;

static const char *name_of(const clipsearch_item *item)
{
    return item && item->path ? item->path : "without a path";
}

/* *squared receives the vector's squared length. */
static clipsearch_status measure(const cs_collection_identity *own, const clipsearch_item *item, const float *vector,
                                 size_t i, double *squared, clipsearch_error *err)
{
    *squared = 0;
    for (size_t d = 0; d < own->dim; d++) {
        if (!isfinite(vector[d]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu (%s): element %zu of its vector is no finite number",
                           i, name_of(item), d);
        *squared += (double)vector[d] * vector[d];
    }
    if (own->metric != CLIPSEARCH_COSINE && *squared > CS_ITEM_SQUARED_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu (%s): its vector has length %.3g; the limit is %.3g", i,
                       name_of(item), sqrt(*squared), sqrt(CS_ITEM_SQUARED_MAX));
    return CLIPSEARCH_OK;
}

static clipsearch_status check_put(const cs_collection_identity *own, const clipsearch_item *item, const float *vector,
                                   size_t i, clipsearch_error *err)
{
    if (!item->path || item->path[0] != '/')
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu: the path \"%s\" is not absolute", i,
                       item->path ? item->path : "");
    double squared;
    clipsearch_status status = measure(own, item, vector, i, &squared, err);
    if (status == CLIPSEARCH_OK && own->metric == CLIPSEARCH_COSINE && fabs(squared - 1) > NORMALIZED_TOLERANCE)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                       "item %zu (%s): its vector has length %.3f; a cosine collection takes L2-normalized ones", i,
                       item->path, sqrt(squared));
    return status;
}

/* items may be NULL: new ones without a path. */
static clipsearch_status put(clipsearch_collection *collection, const clipsearch_item *items, const float *vectors,
                             size_t count, unsigned precisions, int64_t *ids, clipsearch_error *err)
{
    const size_t dim = collection->identity.dim;
    cs_item_change *changes = cs_alloc_array(count, sizeof *changes);
    if (!changes)
        return cs_fail_memory(err, "changes to a collection");
    for (size_t i = 0; i < count; i++)
        changes[i] = (cs_item_change){.kind = CS_ITEM_PUT,
                                      .item = items ? items[i] : (clipsearch_item){0},
                                      .vector = vectors + i * dim,
                                      .precisions = precisions};
    clipsearch_status status = cs_collection_apply(collection, changes, count, err);
    for (size_t i = 0; i < count && ids && status == CLIPSEARCH_OK; i++)
        ids[i] = changes[i].id;
    cs_free(changes);
    return status;
}

clipsearch_status cs_collection_put(clipsearch_collection *collection, const clipsearch_item *items,
                                    const float *vectors, size_t count, int64_t *ids, clipsearch_error *err)
{
    const size_t dim = collection->identity.dim;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        status = check_put(&collection->identity, &items[i], vectors + i * dim, i, err);
    return status == CLIPSEARCH_OK ? put(collection, items, vectors, count, 0, ids, err) : status;
}

/* Copy vector `i` to `unit`, brought to length 1. */
static clipsearch_status make_unit(const cs_collection_identity *own, const clipsearch_item *item, const float *vector,
                                   size_t i, float *unit, clipsearch_error *err)
{
    double squared;
    clipsearch_status status = measure(own, item, vector, i, &squared, err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (squared == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "item %zu (%s): a vector of zeros has no direction", i,
                       name_of(item));
    const double length = fabs(squared - 1) <= SAME_BITS_TOLERANCE ? 1 : sqrt(squared);
    for (size_t d = 0; d < own->dim; d++)
        unit[d] = (float)(vector[d] / length);
    return CLIPSEARCH_OK;
}

clipsearch_status cs_collection_put_vectors(clipsearch_collection *collection, const clipsearch_item *items,
                                            const float *vectors, size_t count, unsigned precisions, int64_t *ids,
                                            clipsearch_error *err)
{
    const cs_collection_identity *own = &collection->identity;
    const bool cosine = own->metric == CLIPSEARCH_COSINE;
    float *units = NULL;
    double squared;
    size_t floats;
    if (cosine && !__builtin_mul_overflow(count, own->dim, &floats))
        units = cs_alloc_array(floats, sizeof *units);
    if (cosine && !units)
        return cs_fail_memory(err, "vectors of length 1");
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const clipsearch_item *item = items ? &items[i] : NULL;
        const float *vector = vectors + i * own->dim;
        status = cosine ? make_unit(own, item, vector, i, units + i * own->dim, err)
                        : measure(own, item, vector, i, &squared, err);
    }
    if (status == CLIPSEARCH_OK)
        status = put(collection, items, cosine ? units : vectors, count, precisions, ids, err);
    cs_free(units);
    return status;
}
