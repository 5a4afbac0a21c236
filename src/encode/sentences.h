/* SPDX-License-Identifier: MIT
 * sentences.h - two hundred texts as people search for: what a query is compared with when nothing is known of it. */
#ifndef CS_ENCODE_SENTENCES_H
#define CS_ENCODE_SENTENCES_H

#include "encode/encoder.h"

enum { CS_SENTENCES = 200 };

/* Short queries and captions in turn, of things, animals, people, places, weather, colours, documents and drawings.
 * English, in no special order. */
extern const char *const cs_sentences[CS_SENTENCES];

/* Their vectors [CS_SENTENCES, dim], to be freed with cs_free. An encoder that was opened without its text tower is
 * opened again with it alone, which reads the same files. Takes the time of CS_SENTENCES short texts. *vectors receives
 * NULL, and the result is CLIPSEARCH_OK, when the model has no text tower. Errors: those of clipsearch_encoder_open,
 * and CLIPSEARCH_E_MISMATCH when the model's files have been replaced since it was opened. */
clipsearch_status cs_sentences_encode(const clipsearch_encoder *encoder, unsigned threads, float **vectors,
                                      clipsearch_error *err);

#endif
