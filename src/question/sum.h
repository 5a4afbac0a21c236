/* SPDX-License-Identifier: MIT
 * sum.h - the vector of a question from those of its parts. */
#ifndef CS_QUESTION_SUM_H
#define CS_QUESTION_SUM_H

#include "base/error.h"

/* One part's vector [dim] and its weight, which is not 0. */
typedef struct cs_weighted {
    const float *vector;
    double weight;
} cs_weighted;

/* The sum of weight * vector / |vector| over parts [count >= 1], brought to length 1, or with `keep_length` to the mean
 * length of the parts, weighted by |weight|. One part that is added keeps its bits when its length is right already.
 * *length receives the length of the sum of weight * vector / |vector|. `name` begins messages.
 * Errors: CLIPSEARCH_E_ARGUMENT (a vector of zeros, a number that is not finite, parts that cancel one another),
 * _MEMORY. */
clipsearch_status cs_sum_parts(const cs_weighted *parts, size_t count, size_t dim, bool keep_length, const char *name,
                               float *sum, double *length, clipsearch_error *err);

#endif
