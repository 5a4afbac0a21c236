/* SPDX-License-Identifier: MIT
 * question.h - questions of several parts: their vectors, and their hits without their own images. */
#ifndef CS_QUESTION_QUESTION_H
#define CS_QUESTION_QUESTION_H

#include "backend/backend.h"
#include "base/id_list.h"
#include "encode/session.h"

enum { CS_QUESTION_MAX_PARTS = 1000 };

/* As clipsearch_question_vectors says; the structs are the library's own copies. The ids of each question's own images
 * are added to the lists left_out [count] (may be NULL), which the caller frees. text_weights [count] (may be NULL)
 * receives of each question how many unit vectors of texts its unit vector has in it: 1 for one text; NaN when it has a
 * part that is no text. */
clipsearch_status cs_question_vectors(clipsearch_collection *collection, clipsearch_session *session,
                                      const clipsearch_question *questions, size_t count, float *vectors,
                                      cs_id_list *left_out, double *text_weights, clipsearch_error *err);

/* As clipsearch_ask says. `request` has everything but the queries; its `count` and `queries` are ignored. With a
 * calibration (NULL: none) the hits get their relevance, and those below `min_relevance` are left out. */
clipsearch_status cs_question_ask(clipsearch_collection *collection, clipsearch_session *session,
                                  const clipsearch_question *questions, size_t count, const cs_search_request *request,
                                  const clipsearch_calibration *calibration, float min_relevance,
                                  clipsearch_hits **hits, clipsearch_error *err);

#endif
