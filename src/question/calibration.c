/* SPDX-License-Identifier: MIT
 * calibration.c - from scores to relevance. */
#include "question/calibration.h"

#include "base/mem.h"
#include "kernels/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An image is relevant when its standing is so many times that of the image that stands highest with an average
 * sentence, and how steeply relevance rises there; measured, docs/relevance.md. */
static const double CUT = 1.2, STEEPNESS = 6;

/* The part of a normal distribution that is more than a standard deviation below the middle. */
static const double BELOW = 0.16;

clipsearch_calibration *cs_calibration_make(size_t dim, size_t images)
{
    clipsearch_calibration *made = cs_zalloc_array(1, sizeof *made);
    float *vectors = cs_zalloc_array(CS_CALIBRATION_SENTENCES + images, dim * sizeof *vectors);
    if (!made || !vectors) {
        cs_free(made);
        cs_free(vectors);
        return NULL;
    }
    made->dim = dim;
    made->images = images;
    made->sentence = vectors;
    made->image = vectors + CS_CALIBRATION_SENTENCES * dim;
    return made;
}

void cs_calibration_free(clipsearch_calibration **calibration)
{
    if (*calibration)
        cs_free((*calibration)->sentence);
    cs_free(*calibration);
    *calibration = NULL;
}

static int compare_floats(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

double cs_query_spread(const clipsearch_calibration *calibration, const float *query)
{
    float scores[CS_CALIBRATION_SAMPLE];
    const size_t dim = calibration->dim, last = calibration->images - 1;
    cs_vec()->dot_many(query, calibration->image, dim, calibration->images, dim, scores);
    qsort(scores, last + 1, sizeof *scores, compare_floats);
    const double at = BELOW * (double)last;
    const size_t below = (size_t)at;
    const double low = scores[below] + (at - (double)below) * (scores[below + 1] - scores[below]);
    return ((double)scores[last / 2] + scores[(last + 1) / 2]) / 2 - low;
}

double cs_standing(const clipsearch_calibration *calibration, const float *query, double weight, double spread,
                   const float *image)
{
    float scores[CS_CALIBRATION_SENTENCES];
    const size_t dim = calibration->dim;
    const double length = sqrt((double)cs_vec()->dot(image, image, dim));
    cs_vec()->dot_many(image, calibration->sentence, dim, CS_CALIBRATION_SENTENCES, dim, scores);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < CS_CALIBRATION_SENTENCES; i++)
        sum += scores[i];
    const double mean = sum / CS_CALIBRATION_SENTENCES;
    for (size_t i = 0; i < CS_CALIBRATION_SENTENCES; i++)
        squares += (scores[i] - mean) * (scores[i] - mean);
    const double deviation = sqrt(squares / CS_CALIBRATION_SENTENCES) / length;
    const double score = (cs_vec()->dot(query, image, dim) - weight * mean) / length;
    return spread > 0 && deviation > 0 ? score / sqrt(spread * deviation) : NAN;
}

float cs_relevance(const clipsearch_calibration *calibration, double standing)
{
    return (float)(1 / (1 + exp(-STEEPNESS * (standing / calibration->nearest - CUT))));
}

clipsearch_status cs_read_vectors_or_zeros(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                           float *vectors, clipsearch_error *err)
{
    const size_t dim = cs_collection_identify(collection)->dim;
    clipsearch_status status = cs_collection_vectors(collection, ids, count, vectors, err);
    if (status != CLIPSEARCH_E_NOT_FOUND)
        return status;
    status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        status = cs_collection_vectors(collection, ids + i, 1, vectors + i * dim, err);
        if (status == CLIPSEARCH_E_NOT_FOUND) {
            memset(vectors + i * dim, 0, dim * sizeof *vectors);
            status = CLIPSEARCH_OK;
        }
    }
    return status;
}

clipsearch_status cs_calibration_rate(const clipsearch_calibration *calibration, clipsearch_collection *collection,
                                      const float *query, double text_weight, clipsearch_hits *hits, size_t number,
                                      clipsearch_error *err)
{
    const cs_collection_identity *identity = cs_collection_identify(collection);
    const size_t count = cs_hits_count(hits, number), dim = identity->dim;
    if (calibration->dim != dim || strcmp(calibration->fingerprint, identity->fingerprint) != 0)
        return cs_fail(err, CLIPSEARCH_E_MISMATCH, "the calibration is for another encoder than that of collection %s",
                       identity->name);
    if (!count || isnan(text_weight))
        return CLIPSEARCH_OK;
    int64_t *ids = cs_alloc_array(count, sizeof *ids);
    float *vectors = cs_alloc_array(count, dim * sizeof *vectors), *unit = cs_alloc_array(dim, sizeof *unit);
    clipsearch_status status = ids && vectors && unit ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of hits");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        ids[i] = cs_hits_get(hits, number, i)->id;
    if (status == CLIPSEARCH_OK)
        status = cs_read_vectors_or_zeros(collection, ids, count, vectors, err);
    if (status == CLIPSEARCH_OK) {
        memcpy(unit, query, dim * sizeof *unit);
        cs_vec_normalise(unit, dim);
        const double spread = cs_query_spread(calibration, unit);
        for (size_t i = 0; i < count; i++) {
            const double standing = cs_standing(calibration, unit, text_weight, spread, vectors + i * dim);
            cs_hits_set_relevance(hits, number, i, cs_relevance(calibration, standing));
        }
    }
    cs_free(ids);
    cs_free(vectors);
    cs_free(unit);
    return status;
}
