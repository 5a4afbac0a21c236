/* SPDX-License-Identifier: MIT
 * calibrate.c - makes a collection's calibration from sentences and a sample of its images. */
#include "question/calibration.h"

#include "base/mem.h"
#include "encode/sentences.h"
#include "kernels/vec.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGES = 16, /* places of the collection from which the sample is taken */
    NEAREST = 8 /* hits of a sentence among which the one that stands highest is looked for */
};
static_assert((int)CS_CALIBRATION_SENTENCES == (int)CS_SENTENCES, "all sentences are used");

/* Read the ids of a sample of the `count` images, from places all over the collection. */
static clipsearch_status sample_ids(clipsearch_collection *collection, uint64_t count, cs_id_list *ids,
                                    clipsearch_error *err)
{
    const uint64_t pages = count <= CS_CALIBRATION_SAMPLE ? 1 : PAGES;
    clipsearch_status status = CLIPSEARCH_OK;
    for (uint64_t p = 0; p < pages && status == CLIPSEARCH_OK; p++) {
        const cs_page page = {.offset = p * (count / pages), .limit = CS_CALIBRATION_SAMPLE / pages};
        clipsearch_hits *hits = NULL;
        status = cs_collection_where(collection, NULL, &page, &hits, err);
        const size_t found = hits ? cs_hits_count(hits, 0) : 0;
        for (size_t i = 0; i < found && status == CLIPSEARCH_OK; i++)
            status = cs_id_list_add(ids, cs_hits_get(hits, 0, i)->id, err);
        cs_hits_free(&hits);
    }
    if (status == CLIPSEARCH_OK && ids->count < CS_CALIBRATION_LEAST)
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "the collection %s has too few images for relevance (%zu); it takes %d",
                         cs_collection_identify(collection)->name, ids->count, (int)CS_CALIBRATION_LEAST);
    return status;
}

static void normalise(float *vectors, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++)
        cs_vec_normalise(vectors + i * dim, dim);
}

/* The greatest standing among the hits of sentence number `number`. `room` is for NEAREST vectors. */
static clipsearch_status read_nearest(const clipsearch_calibration *c, clipsearch_collection *collection,
                                      const clipsearch_hits *hits, size_t number, float *room, double *nearest,
                                      clipsearch_error *err)
{
    int64_t ids[NEAREST];
    const float *sentence = c->sentence + number * c->dim;
    const size_t count = cs_hits_count(hits, number);
    for (size_t i = 0; i < count; i++)
        ids[i] = cs_hits_get(hits, number, i)->id;
    clipsearch_status status = cs_read_vectors_or_zeros(collection, ids, count, room, err);
    const double spread = cs_query_spread(c, sentence);
    *nearest = -INFINITY;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        *nearest = fmax(*nearest, cs_standing(c, sentence, 1, spread, room + i * c->dim));
    return status;
}

/* Search for the sentences. */
static clipsearch_status find_nearest(clipsearch_calibration *c, clipsearch_collection *collection,
                                      clipsearch_error *err)
{
    clipsearch_hits *hits = NULL;
    const cs_search_request request = {.queries = c->sentence, .count = CS_SENTENCES, .k = NEAREST};
    float *room = cs_alloc_array(NEAREST, c->dim * sizeof *room);
    clipsearch_status status =
        room ? cs_collection_search(collection, &request, &hits, err) : cs_fail_memory(err, "the vectors of hits");
    double sum = 0, nearest;
    for (size_t i = 0; i < CS_SENTENCES && status == CLIPSEARCH_OK; i++) {
        status = read_nearest(c, collection, hits, i, room, &nearest, err);
        sum += nearest;
    }
    cs_hits_free(&hits);
    cs_free(room);
    c->nearest = sum / CS_SENTENCES;
    if (status == CLIPSEARCH_OK && !(isfinite(c->nearest) && c->nearest > 0))
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "the images of the collection %s are all alike, so that none is more relevant than another",
                         cs_collection_identify(collection)->name);
    return status;
}

/* Make the calibration of a collection of `count` images. */
static clipsearch_status look(clipsearch_collection *collection, clipsearch_session *session, uint64_t count,
                              clipsearch_calibration **calibration, clipsearch_error *err)
{
    const cs_collection_identity *identity = cs_collection_identify(collection);
    cs_id_list ids = {0};
    clipsearch_calibration *made = NULL;
    clipsearch_status status = sample_ids(collection, count, &ids, err);
    if (status == CLIPSEARCH_OK && !(made = cs_calibration_make(identity->dim, ids.count)))
        status = cs_fail_memory(err, "the calibration of a collection");
    if (status == CLIPSEARCH_OK)
        status = cs_read_vectors_or_zeros(collection, ids.ids, ids.count, made->image, err);
    if (status == CLIPSEARCH_OK)
        status = cs_session_encode_texts(session, cs_sentences, CS_SENTENCES, made->sentence, err);
    if (status == CLIPSEARCH_OK) {
        snprintf(made->fingerprint, sizeof made->fingerprint, "%s", identity->fingerprint);
        made->created = identity->created;
        made->count = count;
        normalise(made->image, ids.count, made->dim);
        normalise(made->sentence, CS_SENTENCES, made->dim);
        status = find_nearest(made, collection, err);
    }
    cs_id_list_free(&ids);
    if (status != CLIPSEARCH_OK && made)
        cs_calibration_free(&made);
    *calibration = made;
    return status;
}

/* Whether a calibration that was read is one of this collection, which may have grown or shrunk by a tenth since. */
static bool fits(const clipsearch_calibration *c, const cs_collection_identity *identity, uint64_t count)
{
    const uint64_t change = c->count > count ? c->count - count : count - c->count;
    return strcmp(c->fingerprint, identity->fingerprint) == 0 && c->created == identity->created &&
           c->dim == identity->dim && count >= CS_CALIBRATION_LEAST && change <= c->count / 10;
}

clipsearch_status cs_calibrate(clipsearch_collection *collection, clipsearch_session *session, const char *cache,
                               clipsearch_calibration **calibration, clipsearch_error *err)
{
    const cs_collection_identity *identity = cs_collection_identify(collection);
    const cs_encoder_identity encoder = cs_encoder_identify(session->encoder);
    cs_collection_state state;
    *calibration = NULL;
    clipsearch_status status = cs_collection_check_encoder(collection, &encoder, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_describe(collection, &state, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const uint64_t count = state.count - state.gone;
    if (cache && cs_calibration_read(cache, calibration, NULL) == CLIPSEARCH_OK) {
        if (fits(*calibration, identity, count))
            return CLIPSEARCH_OK;
        cs_calibration_free(calibration);
    }
    status = look(collection, session, count, calibration, err);
    if (status == CLIPSEARCH_OK && cache)
        (void)cs_calibration_write(cache, *calibration, NULL); /* it can be made again */
    return status;
}
