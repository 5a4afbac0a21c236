/* SPDX-License-Identifier: MIT
 * block.h - one pre-LN transformer block: x += attention(LN(x)), x += mlp(LN(x)). */
#ifndef CS_NN_BLOCK_H
#define CS_NN_BLOCK_H

#include "model/clip_tensors.h"
#include "nn/attention.h"
#include "nn/layernorm.h"
#include "nn/linear.h"

/* W = width, M = mlp. Zero is a valid empty value to close. */
typedef struct cs_block {
    size_t width, heads;
    cs_activation activation;
    cs_layernorm ln1, ln2;  /* [W] */
    cs_linear q, k, v, out; /* [W, W] */
    cs_linear fc1;          /* [M, W] */
    cs_linear fc2;          /* [W, M] */
    cs_weight_form form;    /* of the six matrices: _INT8, _BF16, or any other for floats */
} cs_block;

/* The buffers of a forward pass, R = rows; carved by cs_block_carve. */
typedef struct cs_block_scratch {
    float *normed; /* [R, W] normalised rows, then the heads' outputs */
    float *wide;   /* [R, max(3 W, M)] q, k and v one after another, then the hidden layer of the mlp */
    float *gemm;   /* floats for cs_gemm, by thread */
    cs_coded_rows
        coded; /* [R, max(W, M, least_wide)] rows that matrices of 8 bits or in bf16 read; carved for such blocks */
    cs_attention_scratch attention;
} cs_block_scratch;

/* Bind a block's tensors. Matrices that the file has in 8 bits are used so in any form, those that it has in bf16 pairs
 * only in that form: others expand them. On failure there is nothing to
 * close. CLIPSEARCH_E_MEMORY, _MODEL (some matrices in 8 bits and some not), errors of cs_linear_open_coded. */
clipsearch_status cs_block_open(cs_block *block, const cs_block_tensors *tensors, const cs_tower_config *config,
                                cs_weight_form form, cs_pool *pool, clipsearch_error *err);
void cs_block_close(cs_block *block);

/* Scratch for `rows` rows of sequences up to `longest`. `wide` gets at least `least_wide` columns, for a caller that
 * also uses the buffer, and `gemm` and `coded` serve a matrix with that many inputs before the blocks. `form`: the
 * blocks'. */
void cs_block_carve(cs_block_scratch *scratch, const cs_tower_config *config, size_t rows, size_t longest,
                    size_t least_wide, cs_weight_form form, unsigned threads, cs_workspace *workspace);

/* x [R, W] in place. With `only` [count] (ascending row numbers, one for each sequence: its class token, or the last
 * row of a causal one) only these rows are computed and returned as x [count, W]; the others serve as keys and
 * values. */
void cs_block_forward(const cs_block *block, const cs_sequences *sequences, const size_t *only, float *x,
                      const cs_block_scratch *scratch, cs_pool *pool);

#endif
