/* SPDX-License-Identifier: MIT
 * query_vector.h - a query's vector, checked. */
#ifndef CS_BACKEND_QUERY_VECTOR_H
#define CS_BACKEND_QUERY_VECTOR_H

#include "base/error.h"

/* Copy the vector [dim] of query `number` to `unit`, for a cosine brought to length 1 when it is not.
 * CLIPSEARCH_E_ARGUMENT: an element is no finite number, or all are 0 and have no direction. */
clipsearch_status cs_copy_query(size_t dim, clipsearch_metric metric, const float *query, size_t number, float *unit,
                                clipsearch_error *err);

#endif
