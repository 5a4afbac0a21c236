/* SPDX-License-Identifier: MIT
 * transformer.h - what the two towers of CLIP share: the blocks, the final norm and the projection into the shared
 * space. */
#ifndef CS_NN_TRANSFORMER_H
#define CS_NN_TRANSFORMER_H

#include "nn/block.h"
#include "nn/probe.h"

/* cs_clip_vision_block or cs_clip_text_block */
typedef clipsearch_status cs_block_lookup(const cs_weights *weights, cs_clip_naming naming,
                                          const cs_clip_config *config, size_t layer, cs_block_tensors *out,
                                          clipsearch_error *err);

/* Zero is a valid empty value to close. */
typedef struct cs_transformer {
    cs_tower_config config;
    size_t dim;
    cs_block *blocks;        /* [config.layers] */
    cs_layernorm final_norm; /* [W] */
    cs_linear projection;    /* [dim, W], no bias */
} cs_transformer;

/* Where a transformer's tensors are. */
typedef struct cs_transformer_source {
    const cs_weights *weights;
    cs_clip_naming naming;
    const cs_clip_config *config;
    const cs_tower_config *tower; /* &config->vision or &config->text */
    cs_block_lookup *block;
    const cs_matrix *final_weight, *final_bias; /* [1, W] */
    const cs_matrix *projection;                /* [dim, W] */
} cs_transformer_source;

/* R = rows, W = width; carved by cs_transformer_carve. */
typedef struct cs_transformer_scratch {
    float *x;        /* [R, W] the residual stream: holds the embedding at first */
    size_t *offsets; /* [items + 1] for cs_sequences */
    size_t *only;    /* [items] the row of each item that becomes its feature */
    cs_block_scratch block;
} cs_transformer_scratch;

/* On failure there is nothing to close. CLIPSEARCH_E_MEMORY, or an error of the look-up. */
clipsearch_status cs_transformer_open(cs_transformer *transformer, const cs_transformer_source *source,
                                      cs_weight_form form, cs_pool *pool, clipsearch_error *err);
void cs_transformer_close(cs_transformer *transformer);

/* What the blocks' matrices are: _INT8, _BF16, or another form for floats. */
cs_weight_form cs_transformer_form(const cs_transformer *transformer);

/* Bytes that packing takes, packed or not. */
size_t cs_transformer_packed_bytes(const cs_transformer *transformer);

/* Scratch for up to `rows` rows in `items` sequences no longer than `longest`; least_wide as for cs_block_carve. */
void cs_transformer_carve(const cs_transformer *transformer, cs_transformer_scratch *scratch, size_t rows, size_t items,
                          size_t longest, size_t least_wide, unsigned threads, cs_workspace *workspace);

/* scratch->x, offsets and only filled in -> vectors [items, dim], L2-normalised. Rows that no later block reads are not
 * computed: after the last block's keys and values there is only the row of each item that is its feature. */
void cs_transformer_forward(const cs_transformer *transformer, size_t items, size_t longest, bool causal,
                            const cs_transformer_scratch *scratch, cs_pool *pool, const cs_probe *probe,
                            float *vectors);

#endif
