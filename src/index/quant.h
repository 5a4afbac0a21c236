/* SPDX-License-Identifier: MIT
 * quant.h - quantization: vectors as codes that a walk compares, floats, halves, bfloat16 or 8-bit integers. */
#ifndef CS_INDEX_QUANT_H
#define CS_INDEX_QUANT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* The codes of vectors. F32: the vectors themselves, no second array. F16: halves (numbers beyond 65,504 become
 * 65,504). BF16: the upper halves of floats, for numbers that halves cannot hold; for unit vectors they are eight times
 * as coarse. I8: x = offset + scale * code, code in [-127, 127], one offset a dimension (the collection's mean) and one
 * scale a vector.
 *
 * Why so (30,000 + 300 vectors of 512, random pairs at cosine 0.50; share of the exact top 10 within the top 10 by
 * codes, and spread of the error): a scale a vector .982, 4.0e-4; with the mean subtracted .990, 2.3e-4; a scale a
 * dimension .981, 5.0e-4; with the mean subtracted .986, 3.8e-4. With two dimensions several times larger than all
 * others, as CLIP's towers have: .913, .988, .847, .968. In all but the third the exact 10 are within the best 20. */
typedef enum cs_quant_kind { CS_QUANT_F32, CS_QUANT_F16, CS_QUANT_I8, CS_QUANT_BF16 } cs_quant_kind;

/* Distances are "lower is nearer": -product, or squared distance. Of 8-bit rows:
 * distance(q, x) = q.add + x.add - q.factor * x.factor * (sum of products of codes). */
typedef struct cs_quant_terms {
    float factor, add;
} cs_quant_terms;

typedef struct cs_quant {
    cs_quant_kind kind;
    clipsearch_metric metric;
    size_t dim, stride;    /* stride: numbers in a row, whole cache lines, padded with numbers that add nothing */
    size_t row_bytes;      /* of a row of codes */
    void *rows;            /* [capacity, stride]; F32: the owner's exact vectors */
    cs_quant_terms *terms; /* [capacity], I8 only */
    float *offset;         /* [dim], I8 only */
    double offset_square;
    float *squares; /* [capacity] squared lengths, inner product only, else NULL: see cs_quant_query */
} cs_quant;

/* One vector as the left side of comparisons; memory by cs_quant_query_make. */
typedef struct cs_quant_query {
    float *vector; /* [stride] of floats, padded with zeros: all but I8, and scratch */
    int8_t *codes; /* [stride], I8 */
    int32_t bias;  /* 128 * sum of codes */
    cs_quant_terms terms;
    /* Inner product: compare by distance all the same. By the product alone a short vector is near to nothing, itself
     * included, and no link would lead to it. `square`: its own. */
    bool by_distance;
    float square;
} cs_quant_query;

/* Fills in all but the arrays. */
cs_quant cs_quant_make(cs_quant_kind kind, clipsearch_metric metric, size_t dim);
/* False when out of memory. */
bool cs_quant_query_make(const cs_quant *quant, cs_quant_query *query);
void cs_quant_query_free(cs_quant_query *query);
/* I8: make offset [dim] the mean of what is quantized from now on. */
void cs_quant_set_offset(cs_quant *quant, const float *offset);
/* Quantize `vector` [dim] into row `row`. F32: nothing. */
void cs_quant_encode(const cs_quant *quant, size_t row, const float *vector, cs_quant_query *scratch);
/* Make a vector [dim], or a quantized row, the query; by_distance stays as it is. */
void cs_quant_query_vector(const cs_quant *quant, cs_quant_query *query, const float *vector);
void cs_quant_query_row(const cs_quant *quant, cs_quant_query *query, uint32_t row);
/* out[i] = distance of the query to row number rows[i]. */
void cs_quant_distances(const cs_quant *quant, const cs_quant_query *query, const uint32_t *rows, size_t count,
                        float *out);

/* The same for `count` rows from `first` on. */
void cs_quant_distances_run(const cs_quant *quant, const cs_quant_query *query, uint32_t first, size_t count,
                            float *out);

static inline const char *cs_quant_row(const cs_quant *quant, uint32_t row)
{
    return (const char *)quant->rows + row * quant->row_bytes;
}

#endif
