/* SPDX-License-Identifier: MIT
 * block.c - the block as a straight list of calls, the whole batch in one matrix. */
#include "nn/block.h"

#include <string.h>

clipsearch_status cs_block_open(cs_block *block, const cs_block_tensors *tensors, const cs_tower_config *config,
                                bool pack, cs_pool *pool, clipsearch_error *err)
{
    *block = (cs_block){.width = config->width, .heads = config->heads, .activation = config->activation};
    const struct {
        cs_linear *linear;
        const cs_matrix *weight, *bias;
    } linears[] = {
        {&block->q, &tensors->q_weight, &tensors->q_bias},
        {&block->k, &tensors->k_weight, &tensors->k_bias},
        {&block->v, &tensors->v_weight, &tensors->v_bias},
        {&block->out, &tensors->out_weight, &tensors->out_bias},
        {&block->fc1, &tensors->fc1_weight, &tensors->fc1_bias},
        {&block->fc2, &tensors->fc2_weight, &tensors->fc2_bias},
    };
    clipsearch_status status =
        cs_layernorm_open(&block->ln1, &tensors->ln1_weight, &tensors->ln1_bias, config->layernorm_eps, err);
    if (status == CLIPSEARCH_OK)
        status = cs_layernorm_open(&block->ln2, &tensors->ln2_weight, &tensors->ln2_bias, config->layernorm_eps, err);
    for (size_t i = 0; i < sizeof linears / sizeof *linears && status == CLIPSEARCH_OK; i++)
        status = cs_linear_open(linears[i].linear, linears[i].weight, linears[i].bias, pack, pool, err);
    if (status != CLIPSEARCH_OK)
        cs_block_close(block);
    return status;
}

void cs_block_close(cs_block *block)
{
    cs_layernorm_close(&block->ln1);
    cs_layernorm_close(&block->ln2);
    cs_linear *linears[] = {&block->q, &block->k, &block->v, &block->out, &block->fc1, &block->fc2};
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        cs_linear_close(linears[i]);
    *block = (cs_block){0};
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void cs_block_carve(cs_block_scratch *scratch, const cs_tower_config *config, size_t rows, size_t longest,
                    size_t least_wide, unsigned threads, cs_workspace *workspace)
{
    size_t inputs = larger(larger(config->width, config->mlp), least_wide), wide = larger(3 * config->width, inputs);
    scratch->normed = cs_workspace_floats(workspace, rows, config->width);
    scratch->wide = cs_workspace_floats(workspace, rows, wide);
    scratch->gemm = cs_workspace_floats(workspace, threads, cs_gemm_scratch(inputs));
    cs_attention_carve(&scratch->attention, config->width / config->heads, longest, threads, workspace);
}

/* Row only[i] to row i. Ascending numbers, so a row is read before it is written over. */
static void keep_rows(float *x, size_t width, const size_t *only, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (only[i] != i)
            memcpy(x + i * width, x + only[i] * width, width * sizeof *x);
}

void cs_block_forward(const cs_block *block, const cs_sequences *sequences, const size_t *only, float *x,
                      const cs_block_scratch *scratch, cs_pool *pool)
{
    size_t width = block->width, rows = sequences->offsets[sequences->count];
    float *normed = scratch->normed, *hidden = scratch->wide, *gemm = scratch->gemm;
    float *q = scratch->wide, *k = q + rows * width, *v = k + rows * width; /* [rows, W] each */

    cs_layernorm_forward(&block->ln1, x, rows, normed, pool);
    cs_linear_forward(&block->k, normed, rows, CS_ACT_NONE, NULL, k, gemm, pool);
    cs_linear_forward(&block->v, normed, rows, CS_ACT_NONE, NULL, v, gemm, pool);
    if (only) {
        rows = sequences->count;
        keep_rows(normed, width, only, rows);
        keep_rows(x, width, only, rows);
    }
    cs_linear_forward(&block->q, normed, rows, CS_ACT_NONE, NULL, q, gemm, pool);
    cs_attention_forward(sequences, width, block->heads, only == NULL, q, k, v, normed, &scratch->attention, pool);
    cs_linear_forward(&block->out, normed, rows, CS_ACT_NONE, x, x, gemm, pool);

    cs_layernorm_forward(&block->ln2, x, rows, normed, pool);
    cs_linear_forward(&block->fc1, normed, rows, block->activation, NULL, hidden, gemm, pool);
    cs_linear_forward(&block->fc2, hidden, rows, CS_ACT_NONE, x, x, gemm, pool);
}
