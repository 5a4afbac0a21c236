/* SPDX-License-Identifier: MIT
 * block.c - the block as a straight list of calls, the whole batch in one matrix. */
#include "nn/block.h"

#include <string.h>

enum { PAGE_FLOATS = 1024, LINE_FLOATS = 16 };

/* Floats from row to row of the hidden layer. Rows a multiple of 4 KiB apart share a few sets of the caches, and all of
 * them are written a few lines at a time: with 16 floats more that takes a sixth less (400 rows by 3,072 outputs in 8
 * bits, 1.23 against 1.00 ms, Sapphire Rapids). */
static size_t hidden_stride(const cs_tower_config *config)
{
    return config->mlp % PAGE_FLOATS ? config->mlp : config->mlp + LINE_FLOATS;
}

clipsearch_status cs_block_open(cs_block *block, const cs_block_tensors *tensors, const cs_tower_config *config,
                                cs_weight_form form, cs_pool *pool, clipsearch_error *err)
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
    block->form = tensors->q_weight.coded ? CS_WEIGHTS_INT8 : form;
    for (size_t i = 0; i < sizeof linears / sizeof *linears && status == CLIPSEARCH_OK; i++)
        if (linears[i].weight->coded != tensors->q_weight.coded ||
            linears[i].weight->paired != tensors->q_weight.paired)
            status =
                cs_fail(err, CLIPSEARCH_E_MODEL,
                        "some matrices of a block are of 8 bits or in bf16 pairs and some are not; convert the model "
                        "again");
        else if (block->form == CS_WEIGHTS_INT8)
            status = cs_linear_open_coded(linears[i].linear, linears[i].weight, linears[i].bias, pool, err);
        else if (block->form == CS_WEIGHTS_BF16)
            status = cs_linear_open_paired(linears[i].linear, linears[i].weight, linears[i].bias, pool, err);
        else
            status = cs_linear_open(linears[i].linear, linears[i].weight, linears[i].bias, form == CS_WEIGHTS_PACKED,
                                    pool, err);
    block->fc1.ldy = block->fc2.ldx = hidden_stride(config);
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
                    size_t least_wide, cs_weight_form form, unsigned threads, cs_workspace *workspace)
{
    const size_t inputs = larger(larger(config->width, config->mlp), least_wide);
    const size_t wide = larger(larger(3 * config->width, hidden_stride(config)), least_wide);
    scratch->normed = cs_workspace_floats(workspace, rows, config->width);
    scratch->wide = cs_workspace_floats(workspace, rows, wide);
    scratch->coded = (cs_coded_rows){0};
    if (form == CS_WEIGHTS_INT8) {
        const size_t coded_rows = rows > SIZE_MAX / 2 ? SIZE_MAX : 2 * rows; /* and their rest */
        scratch->coded.codes.codes = cs_workspace_alloc(workspace, coded_rows, cs_qgemm_stride(inputs));
        scratch->coded.codes.rows = cs_workspace_alloc(workspace, coded_rows, sizeof *scratch->coded.codes.rows);
    } else if (form == CS_WEIGHTS_BF16) {
        scratch->coded.halves =
            cs_workspace_alloc(workspace, rows, cs_bgemm_stride(inputs) * sizeof *scratch->coded.halves);
    }
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

/* Whether the matrices read scratch->coded. */
static bool is_coded(const cs_block *block)
{
    return block->form == CS_WEIGHTS_INT8 || block->form == CS_WEIGHTS_BF16;
}

/* y = a linear map of x, which was quantized to scratch->coded when the block is coded. */
static void map(const cs_block *block, const cs_linear *linear, const float *x, size_t rows, cs_activation act,
                const float *residual, float *y, const cs_block_scratch *scratch, cs_pool *pool)
{
    if (is_coded(block))
        cs_linear_forward_coded(linear, &scratch->coded, rows, act, residual, y, pool);
    else
        cs_linear_forward(linear, x, rows, act, residual, y, scratch->gemm, pool);
}

static void normalise(const cs_block *block, const cs_layernorm *norm, const float *x, size_t rows,
                      const cs_block_scratch *scratch, cs_pool *pool)
{
    if (is_coded(block))
        cs_layernorm_quantize(norm, x, rows, scratch->normed, &scratch->coded, pool);
    else
        cs_layernorm_forward(norm, x, rows, scratch->normed, pool);
}

/* x, which `linear` reads. */
static void quantize(const cs_block *block, const cs_linear *linear, const float *x, size_t rows,
                     const cs_block_scratch *scratch, cs_pool *pool)
{
    const size_t columns = linear->weights.k;
    if (block->form == CS_WEIGHTS_INT8)
        cs_qgemm_quantize(x, linear->ldx, rows, columns, &scratch->coded.codes, pool);
    else if (block->form == CS_WEIGHTS_BF16)
        cs_bgemm_round(x, linear->ldx, rows, columns, scratch->coded.halves, pool);
}

void cs_block_forward(const cs_block *block, const cs_sequences *sequences, const size_t *only, float *x,
                      const cs_block_scratch *given, cs_pool *pool)
{
    size_t width = block->width, rows = sequences->offsets[sequences->count];
    cs_block_scratch own = *given, *scratch = &own;
    /* 8 bits are not enough for texts (docs/precision.md); these are short, and memory decides their time anyway */
    own.coded.codes.rest = sequences->causal ? rows : 0;
    float *normed = scratch->normed, *hidden = scratch->wide;
    float *q = scratch->wide, *k = q + rows * width, *v = k + rows * width; /* [rows, W] each */

    normalise(block, &block->ln1, x, rows, scratch, pool);
    map(block, &block->k, normed, rows, CS_ACT_NONE, NULL, k, scratch, pool);
    map(block, &block->v, normed, rows, CS_ACT_NONE, NULL, v, scratch, pool);
    if (only) {
        rows = sequences->count;
        keep_rows(normed, width, only, rows);
        keep_rows(x, width, only, rows);
        quantize(block, &block->q, normed, rows, scratch, pool);
    }
    map(block, &block->q, normed, rows, CS_ACT_NONE, NULL, q, scratch, pool);
    cs_attention_forward(sequences, width, block->heads, only == NULL, q, k, v, normed, &scratch->attention, pool);
    quantize(block, &block->out, normed, rows, scratch, pool);
    map(block, &block->out, normed, rows, CS_ACT_NONE, x, x, scratch, pool);

    normalise(block, &block->ln2, x, rows, scratch, pool);
    map(block, &block->fc1, normed, rows, block->activation, NULL, hidden, scratch, pool);
    quantize(block, &block->fc2, hidden, rows, scratch, pool);
    map(block, &block->fc2, hidden, rows, CS_ACT_NONE, x, x, scratch, pool);
}
