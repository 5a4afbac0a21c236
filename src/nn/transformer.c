/* SPDX-License-Identifier: MIT
 * transformer.c - blocks, final norm, projection. */
#include "nn/transformer.h"

#include "base/mem.h"
#include "kernels/vec.h"

clipsearch_status cs_transformer_open(cs_transformer *transformer, const cs_transformer_source *source,
                                      cs_weight_form form, cs_pool *pool, clipsearch_error *err)
{
    const cs_tower_config *tower = source->tower;
    *transformer = (cs_transformer){.config = *tower, .dim = source->config->dim};
    clipsearch_status status;
    transformer->blocks = cs_zalloc_array(tower->layers, sizeof *transformer->blocks);
    if (!transformer->blocks) {
        status = cs_fail_memory(err, "a model's layers");
        goto failed;
    }
    for (size_t layer = 0; layer < tower->layers; layer++) {
        cs_block_tensors tensors;
        status = source->block(source->weights, source->naming, source->config, layer, &tensors, err);
        if (status == CLIPSEARCH_OK)
            status = cs_block_open(&transformer->blocks[layer], &tensors, tower, form, pool, err);
        if (status == CLIPSEARCH_OK && transformer->blocks[layer].form != transformer->blocks[0].form)
            status = cs_fail(err, CLIPSEARCH_E_MODEL,
                             "layer %zu has matrices of 8 bits and others have not; convert the model again",
                             transformer->blocks[0].form == CS_WEIGHTS_INT8 ? (size_t)0 : layer);
        if (status != CLIPSEARCH_OK)
            goto failed;
    }
    status = cs_layernorm_open(&transformer->final_norm, source->final_weight, source->final_bias, tower->layernorm_eps,
                               err);
    if (status == CLIPSEARCH_OK)
        status =
            cs_linear_open(&transformer->projection, source->projection, NULL, form != CS_WEIGHTS_MAPPED, pool, err);
    if (status == CLIPSEARCH_OK)
        return CLIPSEARCH_OK;
failed:
    cs_transformer_close(transformer);
    return status;
}

void cs_transformer_close(cs_transformer *transformer)
{
    for (size_t layer = 0; transformer->blocks && layer < transformer->config.layers; layer++)
        cs_block_close(&transformer->blocks[layer]);
    cs_free(transformer->blocks);
    cs_layernorm_close(&transformer->final_norm);
    cs_linear_close(&transformer->projection);
    *transformer = (cs_transformer){0};
}

cs_weight_form cs_transformer_form(const cs_transformer *transformer)
{
    return transformer->config.layers > 0 ? transformer->blocks[0].form : CS_WEIGHTS_MAPPED;
}

size_t cs_transformer_packed_bytes(const cs_transformer *transformer)
{
    size_t bytes = cs_linear_packed_bytes(&transformer->projection);
    for (size_t layer = 0; layer < transformer->config.layers; layer++) {
        const cs_block *block = &transformer->blocks[layer];
        const cs_linear *const linears[] = {&block->q, &block->k, &block->v, &block->out, &block->fc1, &block->fc2};
        for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
            bytes += cs_linear_packed_bytes(linears[i]);
    }
    return bytes;
}

void cs_transformer_carve(const cs_transformer *transformer, cs_transformer_scratch *scratch, size_t rows, size_t items,
                          size_t longest, size_t least_wide, unsigned threads, cs_workspace *workspace)
{
    workspace->overflow |= items == SIZE_MAX;
    scratch->x = cs_workspace_floats(workspace, rows, transformer->config.width);
    scratch->offsets = cs_workspace_alloc(workspace, items + 1, sizeof *scratch->offsets);
    scratch->only = cs_workspace_alloc(workspace, items, sizeof *scratch->only);
    cs_block_carve(&scratch->block, &transformer->config, rows, longest, least_wide, cs_transformer_form(transformer),
                   threads, workspace);
}

void cs_transformer_forward(const cs_transformer *transformer, size_t items, size_t longest, bool causal,
                            const cs_transformer_scratch *scratch, cs_pool *pool, const cs_probe *probe, float *vectors)
{
    size_t width = transformer->config.width, layers = transformer->config.layers, rows = scratch->offsets[items];
    cs_sequences sequences = {.count = items, .offsets = scratch->offsets, .longest = longest, .causal = causal};
    float *x = scratch->x;
    for (size_t layer = 0; layer < layers; layer++) {
        bool last = layer + 1 == layers;
        cs_block_forward(&transformer->blocks[layer], &sequences, last ? scratch->only : NULL, x, &scratch->block,
                         pool);
        cs_probe_see(probe, "block", layer, x, last ? items : rows, width);
    }
    cs_layernorm_forward(&transformer->final_norm, x, items, x, pool);
    cs_probe_see(probe, "final", 0, x, items, width);
    cs_linear_forward(&transformer->projection, x, items, CS_ACT_NONE, NULL, vectors, scratch->block.gemm, pool);
    cs_probe_see(probe, "project", 0, vectors, items, transformer->dim);
    for (size_t i = 0; i < items; i++)
        cs_vec_normalise(vectors + i * transformer->dim, transformer->dim);
}
