/* SPDX-License-Identifier: MIT
 * vectors.c - from the parts of questions to their vectors. */
#include "question/question.h"

#include "base/mem.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "encode/part_image.h"
#include "question/sum.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_BYTES = 160,
    TEXTS_BETWEEN_STOPS = 32,
    MOST_COPIES = 1000 /* items of one content that are left out */
};

/* Sizes of weights: between these, sums and lengths of parts keep their digits. */
static const double least_weight = 1e-9, most_weight = 1e9;

/* What one call works on. */
typedef struct asking {
    clipsearch_collection *collection;
    clipsearch_session *session;
    const clipsearch_question *questions; /* [count] */
    size_t count, dim;
    float *texts;          /* [texts of all questions, dim] */
    cs_id_list *left_out;  /* [count] or NULL */
    double *text_weights;  /* [count] or NULL */
    float *vectors;        /* [parts of the largest question, dim] */
    cs_weighted *weighted; /* the same number */
} asking;

static void name_question(const asking *a, size_t number, char name[NAME_BYTES])
{
    if (a->questions[number].name)
        snprintf(name, NAME_BYTES, "%s", a->questions[number].name);
    else
        snprintf(name, NAME_BYTES, "query %zu", number + 1);
}

static bool is_image(const clipsearch_part *part)
{
    return part->path || part->image;
}

/* ---- checking */

static const char *fault_of(const clipsearch_part *part)
{
    const int set = (part->text != NULL) + is_image(part) + (part->id != 0) + (part->vector != NULL);
    if (set == 0)
        return "is empty; give it a text, an image, an id or a vector";
    if (set > 1)
        return "has more than one of text, image, id and vector; give it one of them";
    if (part->text && cs_is_blank_text(part->text))
        return "is an empty text";
    if (part->id < 0)
        return "has an id below 1";
    if (!isfinite(part->weight))
        return "has a weight that is not a finite number";
    if (part->weight == 0)
        return "has the weight 0, which would leave it out; leave it out, or give it another weight";
    if (fabs(part->weight) < least_weight || fabs(part->weight) > most_weight)
        return "has a weight whose size is not from 1e-9 to 1e9";
    if (part->region && !is_image(part))
        return "has a region, but is no image";
    if (part->of_text && !part->vector)
        return "is said to be the vector of a text, but is no vector";
    return NULL;
}

static clipsearch_status check_question(const asking *a, size_t number, clipsearch_error *err)
{
    const clipsearch_question *question = &a->questions[number];
    char name[NAME_BYTES];
    name_question(a, number, name);
    if (!question->part_count)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s has no parts; give a text, an image, an id or a vector", name);
    if (question->part_count > CS_QUESTION_MAX_PARTS)
        return cs_fail(err, CLIPSEARCH_E_LIMIT, "%s has %zu parts; 1 to %d are allowed", name, question->part_count,
                       (int)CS_QUESTION_MAX_PARTS);
    for (size_t i = 0; i < question->part_count; i++) {
        const char *fault = fault_of(&question->parts[i]);
        if (fault)
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: part %zu %s", name, i + 1, fault);
        if (!a->session && (question->parts[i].text || is_image(&question->parts[i])))
            return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: part %zu must be encoded, but there is no session", name,
                           i + 1);
    }
    return CLIPSEARCH_OK;
}

/* ---- texts */

/* Encode texts [count]; not all at once when the call may be stopped. */
static clipsearch_status encode_in_turn(asking *a, const char *const *texts, size_t count, clipsearch_error *err)
{
    const size_t step = cs_stop_current() ? TEXTS_BETWEEN_STOPS : count;
    size_t truncated = 0;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += step) {
        const size_t some = count - first < step ? count - first : step;
        status = cs_stop_check(err);
        if (status == CLIPSEARCH_OK)
            status = cs_session_encode_texts(a->session, texts + first, some, a->texts + first * a->dim, err);
        truncated += status == CLIPSEARCH_OK ? a->session->truncated : 0;
    }
    a->session->truncated = truncated;
    return status;
}

/* Encode the texts of all questions, in their order. */
static clipsearch_status encode_texts(asking *a, clipsearch_error *err)
{
    size_t count = 0, at = 0;
    for (size_t q = 0; q < a->count; q++)
        for (size_t i = 0; i < a->questions[q].part_count; i++)
            count += a->questions[q].parts[i].text != NULL;
    if (!count)
        return CLIPSEARCH_OK;
    const char **texts = cs_alloc_array(count, sizeof *texts);
    a->texts = cs_alloc_array(count, a->dim * sizeof *a->texts);
    clipsearch_status status = texts && a->texts ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of texts");
    for (size_t q = 0; q < a->count && status == CLIPSEARCH_OK; q++)
        for (size_t i = 0; i < a->questions[q].part_count; i++)
            if (a->questions[q].parts[i].text)
                texts[at++] = a->questions[q].parts[i].text;
    if (status == CLIPSEARCH_OK)
        status = encode_in_turn(a, texts, count, err);
    cs_free(texts);
    return status;
}

/* ---- a question's own images */

/* Add the items that have the content `hash`, if it is known. */
static clipsearch_status leave_out_content(asking *a, size_t number, const uint8_t hash[32], clipsearch_error *err)
{
    uint8_t hashes[1][32];
    cs_items items = {0};
    if (!cs_content_is_known(hash))
        return CLIPSEARCH_OK;
    memcpy(hashes[0], hash, sizeof hashes[0]);
    clipsearch_status status =
        cs_collection_by_hashes(a->collection, (const uint8_t(*)[32])hashes, 1, MOST_COPIES, &items, err);
    for (size_t i = 0; i < items.count && status == CLIPSEARCH_OK; i++)
        status = cs_id_list_add(&a->left_out[number], items.items[i].id, err);
    cs_items_free(&items);
    return status;
}

/* Add the item at `path`, if there is one, and those that have the content `hash`; NULL: its content. */
static clipsearch_status leave_out_path(asking *a, size_t number, const char *path, const uint8_t *hash,
                                        clipsearch_error *err)
{
    cs_items items = {0};
    clipsearch_status status = cs_collection_by_paths(a->collection, &path, 1, &items, err);
    if (status == CLIPSEARCH_OK && items.items[0].id) {
        status = cs_id_list_add(&a->left_out[number], items.items[0].id, err);
        if (status == CLIPSEARCH_OK)
            status = leave_out_content(a, number, hash ? hash : items.items[0].hash, err);
    }
    cs_items_free(&items);
    return status;
}

/* An image that was encoded: the item at its path, and its copies. Of a file elsewhere, a pipe or a URL nothing: who
 * searches by it may well ask whether the collection has it. */
static clipsearch_status leave_out_image(asking *a, size_t number, const clipsearch_part *part, const uint8_t hash[32],
                                         clipsearch_error *err)
{
    if (!a->left_out || a->questions[number].with_self)
        return CLIPSEARCH_OK;
    char real[PATH_MAX];
    if (part->image || !realpath(part->path, real))
        return CLIPSEARCH_OK;
    return leave_out_path(a, number, real, hash, err);
}

/* An item that was asked for, and its copies. */
static clipsearch_status leave_out_item(asking *a, size_t number, int64_t id, clipsearch_error *err)
{
    clipsearch_hits *hits = NULL;
    if (!a->left_out || a->questions[number].with_self)
        return CLIPSEARCH_OK;
    clipsearch_status status = cs_id_list_add(&a->left_out[number], id, err);
    if (status == CLIPSEARCH_OK)
        status = cs_collection_by_ids(a->collection, &id, 1, &hits, err);
    const clipsearch_hit *hit = hits ? cs_hits_get(hits, 0, 0) : NULL;
    if (status == CLIPSEARCH_OK && hit)
        status = leave_out_path(a, number, hit->path, NULL, err);
    cs_hits_free(&hits);
    return status;
}

/* ---- vectors */

/* The vector of a part that is no text, into `vector` [dim]. */
static clipsearch_status read_part(asking *a, size_t number, const clipsearch_part *part, float *vector,
                                   clipsearch_error *err)
{
    uint8_t hash[32];
    clipsearch_status status = cs_stop_check(err);
    if (status != CLIPSEARCH_OK)
        return status;
    if (part->vector) {
        memcpy(vector, part->vector, a->dim * sizeof *vector);
        return CLIPSEARCH_OK;
    }
    if (part->id) {
        status = cs_collection_vectors(a->collection, &part->id, 1, vector, err);
        return status == CLIPSEARCH_OK ? leave_out_item(a, number, part->id, err) : status;
    }
    status =
        cs_session_encode_part(a->session, part->path, part->image, part->image_size, part->region, vector, hash, err);
    return status == CLIPSEARCH_OK ? leave_out_image(a, number, part, hash, err) : status;
}

/* The sum of the texts' weights over the length of the sum of the parts; NaN with a part that is no text. */
static double text_weight(const clipsearch_question *question, double length)
{
    double sum = 0;
    for (size_t i = 0; i < question->part_count; i++)
        sum += question->parts[i].text || question->parts[i].of_text ? question->parts[i].weight : NAN;
    return sum / length;
}

/* `next_text` is the first of the question's text vectors, and receives that of the next question. */
static clipsearch_status sum_question(asking *a, size_t number, const float **next_text, float *sum,
                                      clipsearch_error *err)
{
    const clipsearch_question *question = &a->questions[number];
    clipsearch_status status = CLIPSEARCH_OK;
    char name[NAME_BYTES];
    for (size_t i = 0; i < question->part_count && status == CLIPSEARCH_OK; i++) {
        float *own = a->vectors + i * a->dim;
        const bool text = question->parts[i].text != NULL;
        a->weighted[i] = (cs_weighted){text ? *next_text : own, question->parts[i].weight};
        if (text)
            *next_text += a->dim;
        else
            status = read_part(a, number, &question->parts[i], own, err);
    }
    double length = 1;
    name_question(a, number, name);
    const bool keep_length = cs_collection_identify(a->collection)->metric != CLIPSEARCH_COSINE;
    if (status == CLIPSEARCH_OK)
        status = cs_sum_parts(a->weighted, question->part_count, a->dim, keep_length, name, sum, &length, err);
    if (a->text_weights)
        a->text_weights[number] = text_weight(question, length);
    if (status == CLIPSEARCH_OK && a->left_out)
        cs_id_list_sort_unique(&a->left_out[number]);
    return status;
}

static clipsearch_status alloc_parts(asking *a, clipsearch_error *err)
{
    size_t most = 1;
    for (size_t q = 0; q < a->count; q++)
        if (a->questions[q].part_count > most)
            most = a->questions[q].part_count;
    a->vectors = cs_alloc_array(most, a->dim * sizeof *a->vectors);
    a->weighted = cs_alloc_array(most, sizeof *a->weighted);
    return a->vectors && a->weighted ? CLIPSEARCH_OK : cs_fail_memory(err, "the vectors of a query");
}

clipsearch_status cs_question_vectors(clipsearch_collection *collection, clipsearch_session *session,
                                      const clipsearch_question *questions, size_t count, float *vectors,
                                      cs_id_list *left_out, double *text_weights, clipsearch_error *err)
{
    asking a = {.collection = collection,
                .session = session,
                .questions = questions,
                .count = count,
                .dim = cs_collection_identify(collection)->dim,
                .left_out = left_out,
                .text_weights = text_weights};
    clipsearch_status status = CLIPSEARCH_OK;
    if (session) {
        const cs_encoder_identity encoder = cs_encoder_identify(session->encoder);
        status = cs_collection_check_encoder(collection, &encoder, err);
    }
    for (size_t q = 0; q < count && status == CLIPSEARCH_OK; q++)
        status = check_question(&a, q, err);
    if (status == CLIPSEARCH_OK)
        status = alloc_parts(&a, err);
    if (status == CLIPSEARCH_OK)
        status = encode_texts(&a, err);
    const float *next_text = a.texts;
    for (size_t q = 0; q < count && status == CLIPSEARCH_OK; q++)
        status = sum_question(&a, q, &next_text, vectors + q * a.dim, err);
    cs_free(a.texts);
    cs_free(a.vectors);
    cs_free(a.weighted);
    return status;
}
