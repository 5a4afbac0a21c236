/* SPDX-License-Identifier: MIT
 * query_vector.c - a query's vector, checked and brought to length 1. */
#include "backend/query_vector.h"

#include "base/item_limits.h"

#include <math.h>
#include <string.h>

/* A query whose squared length is this near to 1 is searched as it is, so that an encoder's vector keeps its bits. */
static const double SAME_BITS_TOLERANCE = 1e-5;

clipsearch_status cs_copy_query(size_t dim, clipsearch_metric metric, const float *query, size_t number, float *unit,
                                clipsearch_error *err)
{
    double squared = 0;
    for (size_t d = 0; d < dim; d++) {
        if (!isfinite(query[d]))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: element %zu is no finite number", number, d);
        squared += (double)query[d] * query[d];
    }
    if (metric != CLIPSEARCH_COSINE && squared > CS_ITEM_SQUARED_MAX)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: a vector of length %.3g; the limit is %.3g", number,
                       sqrt(squared), sqrt(CS_ITEM_SQUARED_MAX));
    memcpy(unit, query, dim * sizeof *unit);
    if (metric != CLIPSEARCH_COSINE || fabs(squared - 1) <= SAME_BITS_TOLERANCE)
        return CLIPSEARCH_OK;
    if (squared == 0)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "query %zu: a vector of zeros has no direction", number);
    double length = sqrt(squared);
    for (size_t d = 0; d < dim; d++)
        unit[d] = (float)(query[d] / length);
    return CLIPSEARCH_OK;
}
