/* SPDX-License-Identifier: MIT
 * question.h - questions of several parts: their vectors, and their hits without their own images. */
#ifndef CS_QUESTION_QUESTION_H
#define CS_QUESTION_QUESTION_H

#include "backend/backend.h"
#include "base/id_list.h"
#include "encode/session.h"

enum { CS_QUESTION_MAX_PARTS = 1000 };

/* As clipsearch_question_vectors says; the structs are the library's own copies. The ids of each question's own images
 * are added to the lists left_out [count] (may be NULL), which the caller frees. */
clipsearch_status cs_question_vectors(clipsearch_collection *collection, clipsearch_session *session,
                                      const clipsearch_question *questions, size_t count, float *vectors,
                                      cs_id_list *left_out, clipsearch_error *err);

/* As clipsearch_ask says. `request` has everything but the queries; its `count` and `queries` are ignored. */
clipsearch_status cs_question_ask(clipsearch_collection *collection, clipsearch_session *session,
                                  const clipsearch_question *questions, size_t count, const cs_search_request *request,
                                  clipsearch_hits **hits, clipsearch_error *err);

#endif
