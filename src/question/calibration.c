/* SPDX-License-Identifier: MIT
 * calibration.c - centred cosines and relevance. */
#include "question/calibration.h"

#include "base/mem.h"
#include "kernels/vec.h"

#include <math.h>
#include <string.h>

/* An image is relevant when its centred cosine is so many times that of the image nearest to an average sentence, and
 * how steeply relevance rises there; measured, docs/relevance.md. */
static const double CUT = 1.2, STEEPNESS = 6;

clipsearch_calibration *cs_calibration_make(size_t dim)
{
    clipsearch_calibration *made = cs_zalloc_array(1, sizeof *made);
    float *means = cs_zalloc_array(dim, 2 * sizeof *means);
    if (!made || !means) {
        cs_free(made);
        cs_free(means);
        return NULL;
    }
    made->dim = dim;
    made->texts = means;
    made->images = means + dim;
    return made;
}

void cs_calibration_free(clipsearch_calibration **calibration)
{
    if (*calibration)
        cs_free((*calibration)->texts);
    cs_free(*calibration);
    *calibration = NULL;
}

void cs_unit_mean(float *vectors, size_t count, size_t dim, float *mean)
{
    for (size_t i = 0; i < count; i++)
        cs_vec_normalise(vectors + i * dim, dim);
    for (size_t d = 0; d < dim; d++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += vectors[i * dim + d];
        mean[d] = (float)(sum / (double)count);
    }
}

void cs_calibration_centre(const clipsearch_calibration *calibration, double weight, float *query)
{
    for (size_t d = 0; d < calibration->dim; d++)
        query[d] = (float)(query[d] - weight * calibration->texts[d]);
    cs_vec_normalise(query, calibration->dim);
}

double cs_centred_cosine(const clipsearch_calibration *calibration, const float *query, const float *image)
{
    double product = 0, squared_query = 0, squared_image = 0, length = 0;
    const size_t dim = calibration->dim;
    for (size_t d = 0; d < dim; d++)
        length += (double)image[d] * image[d];
    length = sqrt(length);
    for (size_t d = 0; d < dim; d++) {
        const double x = image[d] / length - calibration->images[d];
        product += query[d] * x;
        squared_query += (double)query[d] * query[d];
        squared_image += x * x;
    }
    return product / sqrt(squared_query * squared_image);
}

float cs_relevance(const clipsearch_calibration *calibration, double cosine)
{
    return (float)(1 / (1 + exp(-STEEPNESS * (cosine / calibration->nearest - CUT))));
}

/* The vectors [count, dim] of a query's hits. One that was removed meanwhile gets zeros, which have no relevance. */
static clipsearch_status read_vectors(clipsearch_collection *collection, const int64_t *ids, size_t count, size_t dim,
                                      float *vectors, clipsearch_error *err)
{
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
    float *vectors = cs_alloc_array(count, dim * sizeof *vectors), *centred = cs_alloc_array(dim, sizeof *centred);
    clipsearch_status status = ids && vectors && centred ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of hits");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        ids[i] = cs_hits_get(hits, number, i)->id;
    if (status == CLIPSEARCH_OK)
        status = read_vectors(collection, ids, count, dim, vectors, err);
    if (status == CLIPSEARCH_OK) {
        memcpy(centred, query, dim * sizeof *centred);
        cs_vec_normalise(centred, dim);
        cs_calibration_centre(calibration, text_weight, centred);
    }
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        cs_hits_set_relevance(hits, number, i,
                              cs_relevance(calibration, cs_centred_cosine(calibration, centred, vectors + i * dim)));
    cs_free(ids);
    cs_free(vectors);
    cs_free(centred);
    return status;
}
