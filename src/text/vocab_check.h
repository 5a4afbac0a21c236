/* SPDX-License-Identifier: MIT
 * vocab_check.h - compares a vocab.json with the vocabulary that the merges give. */
#ifndef CS_TEXT_VOCAB_CHECK_H
#define CS_TEXT_VOCAB_CHECK_H

#include "base/error.h"
#include "base/json.h"
#include "text/pieces.h"

/* Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (no JSON object, a piece too many, too few, or with another id), _LIMIT,
 * _MEMORY. */
clipsearch_status cs_vocab_check(const char *path, const cs_pieces *pieces, clipsearch_error *err);

/* The same for an object in `path` that has been parsed; NULL is an error as what is no object. Errors:
 * CLIPSEARCH_E_MODEL. */
clipsearch_status cs_vocab_check_object(const char *path, const cs_json *object, const cs_pieces *pieces,
                                        clipsearch_error *err);

#endif
