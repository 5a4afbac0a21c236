/* SPDX-License-Identifier: MIT
 * calibration.h - what turns the scores of one collection into relevance. docs/relevance.md has the method. */
#ifndef CS_QUESTION_CALIBRATION_H
#define CS_QUESTION_CALIBRATION_H

#include "question/question.h"

enum {
    CS_CALIBRATION_LEAST = 10,     /* images that a collection must have */
    CS_CALIBRATION_SAMPLE = 256,   /* images that are looked at, at most */
    CS_CALIBRATION_SENTENCES = 200 /* as many as cs_sentences has */
};

struct clipsearch_calibration {
    char fingerprint[65]; /* of the encoder */
    int64_t created;      /* the collection */
    uint64_t count;       /* its images at that time, without those that are gone */
    size_t dim, images;
    double nearest;          /* the mean, over sentences, of the standing of the image that stands highest */
    float *sentence, *image; /* unit vectors [CS_CALIBRATION_SENTENCES, dim], [images, dim]; one block */
};

/* As clipsearch_calibrate and clipsearch_calibration_free say. */
clipsearch_status cs_calibrate(clipsearch_collection *collection, clipsearch_session *session, const char *cache,
                               clipsearch_calibration **calibration, clipsearch_error *err);
void cs_calibration_free(clipsearch_calibration **calibration);

/* A calibration with room for the vectors. NULL: out of memory. */
clipsearch_calibration *cs_calibration_make(size_t dim, size_t images);

/* How far apart the scores of a query's unit vector [dim] with the images of the sample lie: from their median down to
 * the score that 16 % of them are below, which for scores of the normal distribution is their standard deviation. The
 * images that fit the query are at the other end. */
double cs_query_spread(const clipsearch_calibration *calibration, const float *query);

/* The standing of an image's vector [dim], of any length, with a query: its score, less what it would be with the mean
 * of the sentences `weight` times, over the geometric mean of the query's spread and the standard deviation of
 * the scores that the sentences have with the image. NaN when one of the deviations is 0. */
double cs_standing(const clipsearch_calibration *calibration, const float *query, double weight, double spread,
                   const float *image);

/* The relevance, 0 to 1, of an image with that standing; NaN for NaN. */
float cs_relevance(const clipsearch_calibration *calibration, double standing);

/* Give query number `number` of `hits` its relevance. `query` [dim] is its vector, `text_weight` as in
 * cs_question_vectors. Errors: CLIPSEARCH_E_MISMATCH (a calibration for another encoder), _DATABASE, _MEMORY. */
clipsearch_status cs_calibration_rate(const clipsearch_calibration *calibration, clipsearch_collection *collection,
                                      const float *query, double text_weight, clipsearch_hits *hits, size_t number,
                                      clipsearch_error *err);

/* Read the vectors [count, dim] of images. One that was removed meanwhile gets zeros, which have no relevance. */
clipsearch_status cs_read_vectors_or_zeros(clipsearch_collection *collection, const int64_t *ids, size_t count,
                                           float *vectors, clipsearch_error *err);

/* Read and write a calibration's file. Reading fails with CLIPSEARCH_E_FORMAT for any other file. */
clipsearch_status cs_calibration_read(const char *path, clipsearch_calibration **calibration, clipsearch_error *err);
clipsearch_status cs_calibration_write(const char *path, const clipsearch_calibration *calibration,
                                       clipsearch_error *err);

#endif
