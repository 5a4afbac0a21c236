/* SPDX-License-Identifier: MIT
 * questions.c - public functions for questions: check arguments, copy structs, call a module. */
#include "clipsearch.h"

#include "base/error.h"
#include "base/mem.h"
#include "question/calibration.h"
#include "search_call.h"
#include "structs.h"

/* Questions and their parts as the library's own structs. */
typedef struct own_questions {
    clipsearch_question *questions; /* [count] */
    clipsearch_part *parts;         /* of all questions, in turn */
} own_questions;

/* Read an array of structs that may grow: all have the struct_size of the first, which is also their distance. */
static clipsearch_status read_array(void *own, const void *theirs, size_t count, const cs_struct_type *type,
                                    const char *function, clipsearch_error *err)
{
    const size_t stride = count ? *(const size_t *)theirs : 0;
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)theirs + i * stride;
        clipsearch_status status = cs_struct_read((char *)own + i * type->size, at, type, function, err);
        if (status != CLIPSEARCH_OK)
            return status;
        if (*(const size_t *)(const void *)at != stride)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: struct_size of %s number %zu is not that of number 0",
                           function, type->name, i);
    }
    return CLIPSEARCH_OK;
}

static void free_own(own_questions *own)
{
    cs_free(own->questions);
    cs_free(own->parts);
}

static clipsearch_status read_questions(own_questions *own, const clipsearch_question *theirs, size_t count,
                                        const char *function, clipsearch_error *err)
{
    size_t parts = 0, at = 0;
    *own = (own_questions){.questions = cs_zalloc_array(count, sizeof *own->questions)};
    if (!own->questions)
        return cs_fail_memory(err, "the queries");
    clipsearch_status status = read_array(own->questions, theirs, count, &cs_question_type, function, err);
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        const clipsearch_question *question = &own->questions[i];
        if (question->part_count && !question->parts)
            return cs_fail_null(err, function, question->parts);
        if (question->part_count > CS_QUESTION_MAX_PARTS)
            return cs_fail(err, CLIPSEARCH_E_LIMIT, "query %zu has %zu parts; 1 to %d are allowed", i + 1,
                           question->part_count, (int)CS_QUESTION_MAX_PARTS);
        if (__builtin_add_overflow(parts, question->part_count, &parts))
            return cs_fail_memory(err, "the queries");
    }
    if (status == CLIPSEARCH_OK && !(own->parts = cs_zalloc_array(parts, sizeof *own->parts)))
        return cs_fail_memory(err, "the queries");
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        clipsearch_question *question = &own->questions[i];
        status = read_array(own->parts + at, question->parts, question->part_count, &cs_part_type, function, err);
        question->parts = own->parts + at;
        at += question->part_count;
    }
    return status;
}

clipsearch_status clipsearch_question_vectors(clipsearch_collection *collection, clipsearch_session *session,
                                              const clipsearch_question *questions, size_t count, float *vectors,
                                              clipsearch_error *err)
{
    own_questions own;
    if (!collection || (count && (!questions || !vectors)))
        return cs_fail_null(err, __func__, collection, questions, vectors);
    clipsearch_status status = read_questions(&own, questions, count, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = cs_question_vectors(collection, session, own.questions, count, vectors, NULL, NULL, err);
    free_own(&own);
    return status;
}

static clipsearch_status check_relevance(const clipsearch_search_options *options, clipsearch_error *err)
{
    if (!(options->min_relevance >= 0 && options->min_relevance <= 1))
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "min_relevance is %g; 0 to 1 is allowed",
                       (double)options->min_relevance);
    if (options->min_relevance > 0 && !options->calibration)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "min_relevance needs a calibration; clipsearch_calibrate makes one");
    return CLIPSEARCH_OK;
}

clipsearch_status clipsearch_ask(clipsearch_collection *collection, clipsearch_session *session,
                                 const clipsearch_question *questions, size_t count, size_t k,
                                 const clipsearch_search_options *options, clipsearch_hits **hits,
                                 clipsearch_error *err)
{
    if (hits)
        *hits = NULL;
    if (!collection || !hits || (count && !questions))
        return cs_fail_null(err, __func__, collection, hits, questions);
    own_questions own = {0};
    cs_search_call call;
    clipsearch_status status = cs_search_begin(&call, options, __func__, err);
    if (status == CLIPSEARCH_OK)
        status = check_relevance(&call.options, err);
    if (status == CLIPSEARCH_OK)
        status = read_questions(&own, questions, count, __func__, err);
    if (status == CLIPSEARCH_OK) {
        call.request.k = k;
        status = cs_question_ask(collection, session, own.questions, count, &call.request, call.options.calibration,
                                 call.options.min_relevance, hits, err);
    }
    free_own(&own);
    cs_search_end(&call);
    return status;
}

clipsearch_status clipsearch_calibrate(clipsearch_collection *collection, clipsearch_session *session,
                                       const char *cache, clipsearch_calibration **calibration, clipsearch_error *err)
{
    if (calibration)
        *calibration = NULL;
    if (!collection || !session || !calibration)
        return cs_fail_null(err, __func__, collection, session, calibration);
    return cs_calibrate(collection, session, cache, calibration, err);
}

void clipsearch_calibration_free(clipsearch_calibration **calibration)
{
    if (calibration)
        cs_calibration_free(calibration);
}
