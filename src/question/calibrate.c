/* SPDX-License-Identifier: MIT
 * calibrate.c - makes a collection's calibration from sentences and a sample of its images. */
#include "question/calibration.h"

#include "base/mem.h"
#include "encode/sentences.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PAGES = 16, /* places of the collection from which the sample is taken */
    NEAREST = 8 /* images whose centred cosines are computed to find the greatest */
};

/* Images of which nothing as long as this is left without their mean are all alike. */
static const double LEAST_SPREAD = 1e-3;

typedef struct looking {
    clipsearch_collection *collection;
    clipsearch_session *session;
    clipsearch_calibration *calibration;
    float *texts;  /* [CS_SENTENCES, dim] centred */
    float *images; /* [the larger of CS_CALIBRATION_SAMPLE and NEAREST, dim] */
} looking;

/* Read the ids of a sample of the images, from places all over the collection. */
static clipsearch_status sample_ids(const looking *l, cs_id_list *ids, clipsearch_error *err)
{
    const uint64_t count = l->calibration->count, pages = count <= CS_CALIBRATION_SAMPLE ? 1 : PAGES;
    clipsearch_status status = CLIPSEARCH_OK;
    for (uint64_t p = 0; p < pages && status == CLIPSEARCH_OK; p++) {
        const cs_page page = {.offset = p * (count / pages), .limit = CS_CALIBRATION_SAMPLE / pages};
        clipsearch_hits *hits = NULL;
        status = cs_collection_where(l->collection, NULL, &page, &hits, err);
        const size_t found = hits ? cs_hits_count(hits, 0) : 0;
        for (size_t i = 0; i < found && status == CLIPSEARCH_OK; i++)
            status = cs_id_list_add(ids, cs_hits_get(hits, 0, i)->id, err);
        cs_hits_free(&hits);
    }
    return status;
}

static clipsearch_status fail_few(const looking *l, size_t count, clipsearch_error *err)
{
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "the collection %s has too few images for relevance (%zu); it takes %d",
                   cs_collection_identify(l->collection)->name, count, (int)CS_CALIBRATION_LEAST);
}

static clipsearch_status read_images(looking *l, clipsearch_error *err)
{
    cs_id_list ids = {0};
    clipsearch_calibration *c = l->calibration;
    clipsearch_status status = sample_ids(l, &ids, err);
    if (status == CLIPSEARCH_OK && ids.count < CS_CALIBRATION_LEAST)
        status = fail_few(l, ids.count, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_vectors(l->collection, ids.ids, ids.count, l->images, err);
    if (status == CLIPSEARCH_OK)
        cs_unit_mean(l->images, ids.count, c->dim, c->images);
    double squared = 0; /* of the mean's length: 1 when all are alike */
    for (size_t d = 0; d < c->dim; d++)
        squared += (double)c->images[d] * c->images[d];
    if (status == CLIPSEARCH_OK && !(1 - squared >= LEAST_SPREAD * LEAST_SPREAD))
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "the images of the collection %s are all alike, so that none is "
                         "more relevant than another",
                         cs_collection_identify(l->collection)->name);
    cs_id_list_free(&ids);
    return status;
}

static clipsearch_status read_texts(looking *l, clipsearch_error *err)
{
    clipsearch_calibration *c = l->calibration;
    clipsearch_status status = cs_session_encode_texts(l->session, cs_sentences, CS_SENTENCES, l->texts, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_unit_mean(l->texts, CS_SENTENCES, c->dim, c->texts);
    for (size_t i = 0; i < CS_SENTENCES; i++)
        cs_calibration_centre(c, 1, l->texts + i * c->dim);
    return CLIPSEARCH_OK;
}

/* The greatest centred cosine of sentence number `text` and its hits. */
static clipsearch_status read_nearest(looking *l, const clipsearch_hits *hits, size_t text, double *nearest,
                                      clipsearch_error *err)
{
    int64_t ids[NEAREST];
    const size_t dim = l->calibration->dim, count = cs_hits_count(hits, text);
    for (size_t i = 0; i < count; i++)
        ids[i] = cs_hits_get(hits, text, i)->id;
    clipsearch_status status = cs_collection_vectors(l->collection, ids, count, l->images, err);
    *nearest = -1;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++)
        *nearest = fmax(*nearest, cs_centred_cosine(l->calibration, l->texts + text * dim, l->images + i * dim));
    return status;
}

/* Search for the sentences. */
static clipsearch_status find_nearest(looking *l, clipsearch_error *err)
{
    clipsearch_hits *hits = NULL;
    const cs_search_request request = {.queries = l->texts, .count = CS_SENTENCES, .k = NEAREST};
    clipsearch_status status = cs_collection_search(l->collection, &request, &hits, err);
    double sum = 0, nearest;
    for (size_t i = 0; i < CS_SENTENCES && status == CLIPSEARCH_OK; i++) {
        status = read_nearest(l, hits, i, &nearest, err);
        sum += nearest;
    }
    cs_hits_free(&hits);
    l->calibration->nearest = sum / CS_SENTENCES;
    if (status == CLIPSEARCH_OK && !(l->calibration->nearest > 0))
        status = cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                         "no sentence is nearer to an image of the collection %s than to another, so that there is no "
                         "relevance",
                         cs_collection_identify(l->collection)->name);
    return status;
}

static clipsearch_status look(clipsearch_calibration *calibration, clipsearch_collection *collection,
                              clipsearch_session *session, clipsearch_error *err)
{
    looking l = {.collection = collection, .session = session, .calibration = calibration};
    l.texts = cs_alloc_array(CS_SENTENCES, calibration->dim * sizeof *l.texts);
    l.images = cs_alloc_array(CS_CALIBRATION_SAMPLE, calibration->dim * sizeof *l.images);
    clipsearch_status status =
        l.texts && l.images ? CLIPSEARCH_OK : cs_fail_memory(err, "the calibration of a collection");
    if (status == CLIPSEARCH_OK)
        status = read_images(&l, err);
    if (status == CLIPSEARCH_OK)
        status = read_texts(&l, err);
    if (status == CLIPSEARCH_OK)
        status = find_nearest(&l, err);
    cs_free(l.texts);
    cs_free(l.images);
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
    clipsearch_calibration *made = cs_calibration_make(identity->dim);
    if (!made)
        return cs_fail_memory(err, "the calibration of a collection");
    snprintf(made->fingerprint, sizeof made->fingerprint, "%s", identity->fingerprint);
    made->created = identity->created;
    made->count = count;
    status = look(made, collection, session, err);
    if (status != CLIPSEARCH_OK)
        cs_calibration_free(&made);
    else if (cache)
        (void)cs_calibration_write(cache, made, NULL); /* it can be made again */
    *calibration = made;
    return status;
}
