/* SPDX-License-Identifier: MIT
 * ask.c - searches for questions, and takes their own images out of the hits. */
#include "question/question.h"

#include "base/clock.h"
#include "base/mem.h"

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
static clipsearch_status search(clipsearch_collection *collection, const cs_search_request *given, const float *vectors,
                                size_t count, const cs_id_list *left_out, clipsearch_hits **hits, clipsearch_error *err)
{
    cs_search_request request = *given;
    size_t most = 0;
    for (size_t q = 0; q < count; q++)
        most = left_out[q].count > most ? left_out[q].count : most;
    request.queries = vectors;
    request.count = count;
    if (request.k) /* 0 is refused below */
        request.k = request.k < SIZE_MAX - most ? request.k + most : SIZE_MAX;
    clipsearch_status status = cs_collection_search(collection, &request, hits, err);
    selection chosen = {.left_out = left_out, .k = given->k};
    if (status == CLIPSEARCH_OK && most)
        cs_hits_select(*hits, keep_hit, &chosen);
    return status;
}

clipsearch_status cs_question_ask(clipsearch_collection *collection, clipsearch_session *session,
                                  const clipsearch_question *questions, size_t count, const cs_search_request *request,
                                  clipsearch_hits **hits, clipsearch_error *err)
{
    const double start = cs_clock_ms();
    *hits = NULL;
    size_t floats;
    float *vectors = NULL;
    cs_id_list *left_out = cs_zalloc_array(count, sizeof *left_out);
    if (!__builtin_mul_overflow(count, cs_collection_identify(collection)->dim, &floats))
        vectors = cs_alloc_array(floats, sizeof *vectors);
    clipsearch_status status = vectors && left_out ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of queries");
    if (status == CLIPSEARCH_OK)
        status = cs_question_vectors(collection, session, questions, count, vectors, left_out, err);
    const double encoded = cs_clock_ms();
    if (status == CLIPSEARCH_OK)
        status = search(collection, request, vectors, count, left_out, hits, err);
    if (status == CLIPSEARCH_OK && request->stats) {
        request->stats->encode_ms = encoded - start;
        request->stats->search_ms = cs_clock_ms() - encoded;
    }
    for (size_t q = 0; left_out && q < count; q++)
        cs_id_list_free(&left_out[q]);
    cs_free(left_out);
    cs_free(vectors);
    return status;
}
