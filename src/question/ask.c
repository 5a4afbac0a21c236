/* SPDX-License-Identifier: MIT
 * ask.c - searches for questions, takes their own images out of the hits, and gives hits their relevance. */
#include "question/calibration.h"

#include "base/clock.h"
#include "base/mem.h"

/* One call's questions as searches need them; arrays of [count]. */
typedef struct asked {
    size_t count, dim;
    float *vectors; /* [count, dim] */
    cs_id_list *left_out;
    double *text_weights;
} asked;

/* Which hits of each question stay. */
typedef struct selection {
    const cs_id_list *left_out; /* [count] */
    size_t k, query, kept;      /* kept: of the query so far */
} selection;

static bool keep_hit(void *context, size_t query, const clipsearch_hit *hit)
{
    selection *s = context;
    if (query != s->query)
        s->kept = 0;
    s->query = query;
    if (s->kept == s->k || cs_id_list_has(&s->left_out[query], hit->id))
        return false;
    s->kept++;
    return true;
}

/* Search for more than k, as many as may be left out, and leave them out. */
static clipsearch_status search(clipsearch_collection *collection, const cs_search_request *given, const asked *a,
                                clipsearch_hits **hits, clipsearch_error *err)
{
    cs_search_request request = *given;
    size_t most = 0;
    for (size_t q = 0; q < a->count; q++)
        most = a->left_out[q].count > most ? a->left_out[q].count : most;
    request.queries = a->vectors;
    request.count = a->count;
    if (request.k) /* 0 is refused below */
        request.k = request.k < SIZE_MAX - most ? request.k + most : SIZE_MAX;
    clipsearch_status status = cs_collection_search(collection, &request, hits, err);
    selection chosen = {.left_out = a->left_out, .k = given->k};
    if (status == CLIPSEARCH_OK && most)
        cs_hits_select(*hits, keep_hit, &chosen);
    return status;
}

static bool is_relevant(void *least, size_t query, const clipsearch_hit *hit)
{
    (void)query;
    return hit->relevance >= *(const float *)least;
}

/* Give the hits their relevance, and leave out those below `least`. */
static clipsearch_status rate(clipsearch_collection *collection, const clipsearch_calibration *calibration,
                              const asked *a, float least, clipsearch_hits *hits, clipsearch_error *err)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t q = 0; q < a->count && status == CLIPSEARCH_OK; q++)
        status =
            cs_calibration_rate(calibration, collection, a->vectors + q * a->dim, a->text_weights[q], hits, q, err);
    if (status == CLIPSEARCH_OK && least > 0)
        cs_hits_select(hits, is_relevant, &least);
    return status;
}

static clipsearch_status alloc_asked(asked *a, clipsearch_error *err)
{
    size_t floats;
    a->left_out = cs_zalloc_array(a->count, sizeof *a->left_out);
    a->text_weights = cs_alloc_array(a->count, sizeof *a->text_weights);
    if (!__builtin_mul_overflow(a->count, a->dim, &floats))
        a->vectors = cs_alloc_array(floats, sizeof *a->vectors);
    return a->vectors && a->left_out && a->text_weights ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of queries");
}

static void free_asked(asked *a)
{
    for (size_t q = 0; a->left_out && q < a->count; q++)
        cs_id_list_free(&a->left_out[q]);
    cs_free(a->left_out);
    cs_free(a->text_weights);
    cs_free(a->vectors);
}

clipsearch_status cs_question_ask(clipsearch_collection *collection, clipsearch_session *session,
                                  const clipsearch_question *questions, size_t count, const cs_search_request *request,
                                  const clipsearch_calibration *calibration, float min_relevance,
                                  clipsearch_hits **hits, clipsearch_error *err)
{
    const double start = cs_clock_ms();
    asked a = {.count = count, .dim = cs_collection_identify(collection)->dim};
    *hits = NULL;
    clipsearch_status status = alloc_asked(&a, err);
    if (status == CLIPSEARCH_OK)
        status = cs_question_vectors(collection, session, questions, count, a.vectors, a.left_out, a.text_weights, err);
    const double encoded = cs_clock_ms();
    if (status == CLIPSEARCH_OK)
        status = search(collection, request, &a, hits, err);
    if (status == CLIPSEARCH_OK && calibration)
        status = rate(collection, calibration, &a, min_relevance, *hits, err);
    if (status == CLIPSEARCH_OK && request->stats) {
        request->stats->encode_ms = encoded - start;
        request->stats->search_ms = cs_clock_ms() - encoded;
    }
    if (status != CLIPSEARCH_OK)
        cs_hits_free(hits);
    free_asked(&a);
    return status;
}
