/* SPDX-License-Identifier: MIT
 * sum.c - unit vectors, weighted and added in double precision. */
#include "question/sum.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Parts cancel one another when their sum is shorter than this part of the sum of their weights' sizes: a part and its
 * opposite of equal weight give exactly 0, and two parts with a cosine of 0.9998 give this. Below it the direction
 * comes from the last digits of the vectors. */
static const double LEAST_LEFT = 0.01;

/* A squared length as near to 1 as this is left as it is. */
static const double SAME_BITS_TOLERANCE = 1e-5;

/* The squared length of a vector; -1 when a number in it is not finite. */
static double squared_length(const float *vector, size_t dim)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++)
        sum += (double)vector[d] * vector[d];
    return isfinite(sum) ? sum : -1;
}

static clipsearch_status fail_vector(double squared, size_t part, const char *name, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                   squared < 0 ? "%s: the vector of part %zu has a number that is not finite"
                               : "%s: the vector of part %zu is all zeros, which has no "
                                 "direction",
                   name, part + 1);
}

/* Add the parts up in sum [dim]. *total receives the sum of |weight|, *length that of |weight| * length. */
static clipsearch_status add_parts(const cs_weighted *parts, size_t count, size_t dim, const char *name, double *sum,
                                   double *total, double *length, clipsearch_error *err)
{
    *total = *length = 0;
    for (size_t i = 0; i < count; i++) {
        const double squared = squared_length(parts[i].vector, dim), root = squared > 0 ? sqrt(squared) : 0;
        if (!(squared > 0))
            return fail_vector(squared, i, name, err);
        for (size_t d = 0; d < dim; d++)
            sum[d] += parts[i].weight * (parts[i].vector[d] / root);
        *total += fabs(parts[i].weight);
        *length += fabs(parts[i].weight) * root;
    }
    return CLIPSEARCH_OK;
}

clipsearch_status cs_sum_parts(const cs_weighted *parts, size_t count, size_t dim, bool keep_length, const char *name,
                               float *sum, double *length, clipsearch_error *err)
{
    if (count == 1 && parts->weight > 0) {
        const double squared = squared_length(parts->vector, dim);
        if (!(squared > 0) && !(keep_length && squared == 0))
            return fail_vector(squared, 0, name, err);
        if (keep_length || fabs(squared - 1) <= SAME_BITS_TOLERANCE) {
            memcpy(sum, parts->vector, dim * sizeof *sum);
            *length = parts->weight;
            return CLIPSEARCH_OK;
        }
    }
    double *exact = cs_zalloc_array(dim, sizeof *exact), total, lengths, squared = 0;
    if (!exact)
        return cs_fail_memory(err, "a query");
    clipsearch_status status = add_parts(parts, count, dim, name, exact, &total, &lengths, err);
    for (size_t d = 0; d < dim && status == CLIPSEARCH_OK; d++)
        squared += exact[d] * exact[d];
    if (status == CLIPSEARCH_OK && !(sqrt(squared) >= LEAST_LEFT * total))
        status = cs_fail(err, CLIPSEARCH_E_ARGUMENT,
                         "%s: its parts cancel one another, so that nothing is left to search for; take a part away or "
                         "change a weight",
                         name);
    const double scale = (keep_length ? lengths / total : 1) / sqrt(squared);
    for (size_t d = 0; d < dim && status == CLIPSEARCH_OK; d++)
        sum[d] = (float)(exact[d] * scale);
    *length = sqrt(squared);
    cs_free(exact);
    return status;
}
