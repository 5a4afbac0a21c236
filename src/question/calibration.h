/* SPDX-License-Identifier: MIT
 * calibration.h - what turns the scores of one collection into relevance. docs/relevance.md has the method. */
#ifndef CS_QUESTION_CALIBRATION_H
#define CS_QUESTION_CALIBRATION_H

#include "question/question.h"

enum {
    CS_CALIBRATION_LEAST = 10,   /* images that a collection must have */
    CS_CALIBRATION_SAMPLE = 1024 /* images that are looked at, at most */
};

struct clipsearch_calibration {
    char fingerprint[65]; /* of the encoder */
    int64_t created;      /* the collection */
    uint64_t count;       /* its images at that time, without those that are gone */
    size_t dim;
    double nearest;        /* the mean, over sentences, of the centred cosine with the image nearest to the sentence */
    float *texts, *images; /* [dim] mean unit vector of sentences and of images; one block */
};

/* As clipsearch_calibrate and clipsearch_calibration_free say. */
clipsearch_status cs_calibrate(clipsearch_collection *collection, clipsearch_session *session, const char *cache,
                               clipsearch_calibration **calibration, clipsearch_error *err);
void cs_calibration_free(clipsearch_calibration **calibration);

/* A calibration of all zeros. NULL: out of memory. */
clipsearch_calibration *cs_calibration_make(size_t dim);

/* Bring vectors [count, dim] to length 1. mean [dim] receives their mean. */
void cs_unit_mean(float *vectors, size_t count, size_t dim, float *mean);

/* Take `weight` times the mean of sentences away from a query's unit vector [dim], and bring it to length 1 again. */
void cs_calibration_centre(const clipsearch_calibration *calibration, double weight, float *query);

/* The cosine of a centred query and an image's vector [dim], of any length, from which the mean of images was taken
 * away. NaN when nothing is left of one of them. */
double cs_centred_cosine(const clipsearch_calibration *calibration, const float *query, const float *image);

/* The relevance, 0 to 1, of an image with that cosine. */
float cs_relevance(const clipsearch_calibration *calibration, double cosine);

/* Give query number `number` of `hits` its relevance. `query` [dim] is its vector, `text_weight` as in
 * cs_question_vectors. Errors: CLIPSEARCH_E_MISMATCH (a calibration for another encoder), _DATABASE, _MEMORY. */
clipsearch_status cs_calibration_rate(const clipsearch_calibration *calibration, clipsearch_collection *collection,
                                      const float *query, double text_weight, clipsearch_hits *hits, size_t number,
                                      clipsearch_error *err);

/* Read and write a calibration's file. Reading fails with CLIPSEARCH_E_FORMAT for any other file. */
clipsearch_status cs_calibration_read(const char *path, clipsearch_calibration **calibration, clipsearch_error *err);
clipsearch_status cs_calibration_write(const char *path, const clipsearch_calibration *calibration,
                                       clipsearch_error *err);

#endif
