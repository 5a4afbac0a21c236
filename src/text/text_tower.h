/* SPDX-License-Identifier: MIT
 * text_tower.h - CLIP's text tower, a causal transformer. */
#ifndef CS_TEXT_TEXT_TOWER_H
#define CS_TEXT_TEXT_TOWER_H

#include "base/pool.h"
#include "model/clip_tensors.h"
#include "nn/linear.h"
#include "nn/probe.h"

typedef struct cs_text_tower cs_text_tower;

/* Bind the text tower's tensors in `weights`, which must stay open. Matrices are read from the mapped file, and of
 * the token table only the rows that a text uses; the copies are small (biases, norms, positions, a transposed
 * projection). `form` may ask for others; that work is spread over `pool`. */
clipsearch_status cs_text_tower_open(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     cs_weight_form form, cs_pool *pool, cs_text_tower **tower, clipsearch_error *err);
void cs_text_tower_close(cs_text_tower **tower);

/* What its blocks compute in (cs_transformer_form). */
cs_weight_form cs_text_tower_form(const cs_text_tower *tower);

/* Bytes of 64-byte-aligned scratch for up to `max_tokens` tokens in `max_texts` texts (0 on overflow). */
size_t cs_text_tower_scratch(const cs_text_tower *tower, size_t max_texts, size_t max_tokens, unsigned threads);

/* `count` texts: ids of all texts one after the other, lengths [count] (1..context; each text ends with its
 * end-of-text token, whose row is the text's feature) -> vectors [count, dim], L2-normalised. Texts are not padded:
 * with the causal mask nothing after the end-of-text token matters. Ids must be in [0, vocabulary): the tokenizer
 * guarantees it, and it is asserted. Otherwise as cs_vit_forward. Source: OpenAI CLIP model.py encode_text. */
void cs_text_tower_forward(const cs_text_tower *tower, const int32_t *ids, const size_t *lengths, size_t count,
                           void *scratch, cs_pool *pool, const cs_probe *probe, float *vectors);

#endif
