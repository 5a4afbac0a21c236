/* SPDX-License-Identifier: MIT
 * vit.c - patches to rows, class token and positions, then the transformer. */
#include "vision/vit.h"

#include "base/mem.h"
#include "nn/floats.h"
#include "nn/transformer.h"

#include <assert.h>
#include <string.h>

/* A batch is computed in groups of images whose widest rows take so much: what one matrix writes is still in the cache
 * when the next reads it. ViT-B/32 has groups of eight; 32 images at once took a fifth longer in int8. */
enum { GROUP_BYTES = 5 << 20 };

struct cs_vit {
    size_t image_size, patch_size;
    size_t side;            /* patches along an edge */
    size_t tokens;          /* 1 + side^2 */
    cs_linear patches;      /* [W, 3*P*P], no bias */
    float *class_embedding; /* [W] */
    float *positions;       /* [tokens, W] */
    cs_layernorm pre_norm;  /* [W] */
    cs_transformer transformer;
};

/* In the form of the blocks. Weights in 8 bits of another number of inputs than the product takes stay floats. */
static clipsearch_status open_patches(cs_linear *patches, const cs_matrix *weight, cs_weight_form form, cs_pool *pool,
                                      clipsearch_error *err)
{
    if (weight->coded && form != CS_WEIGHTS_INT8)
        return cs_fail(err, CLIPSEARCH_E_MODEL,
                       "the matrix of patches is of 8 bits and those of the blocks are not; convert the model again");
    if (weight->coded || (form == CS_WEIGHTS_INT8 && weight->columns <= CS_QGEMM_MAX_K))
        return cs_linear_open_coded(patches, weight, NULL, pool, err);
    if (form == CS_WEIGHTS_BF16)
        return cs_linear_open_paired(patches, weight, NULL, pool, err);
    return cs_linear_open(patches, weight, NULL, form != CS_WEIGHTS_MAPPED, pool, err);
}

clipsearch_status cs_vit_open(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                              cs_weight_form form, cs_pool *pool, cs_vit **out, clipsearch_error *err)
{
    *out = NULL;
    cs_vision_tensors tensors;
    clipsearch_status status = cs_clip_vision(weights, naming, config, &tensors, err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_vit *vit = cs_zalloc_array(1, sizeof *vit);
    if (!vit)
        return cs_fail_memory(err, "the image tower");
    vit->image_size = config->image_size;
    vit->patch_size = config->patch_size;
    vit->side = config->image_size / config->patch_size;
    vit->tokens = 1 + vit->side * vit->side;
    cs_transformer_source source = {
        .weights = weights,
        .naming = naming,
        .config = config,
        .tower = &config->vision,
        .block = cs_clip_vision_block,
        .final_weight = &tensors.post_ln_weight,
        .final_bias = &tensors.post_ln_bias,
        .projection = &tensors.projection,
    };
    status = cs_transformer_open(&vit->transformer, &source, form, pool, err);
    if (status == CLIPSEARCH_OK)
        status = open_patches(&vit->patches, &tensors.patch_weight, cs_transformer_form(&vit->transformer), pool, err);
    if (status == CLIPSEARCH_OK)
        status = cs_floats_copy(&tensors.class_embedding, &vit->class_embedding, err);
    if (status == CLIPSEARCH_OK)
        status = cs_floats_copy(&tensors.positions, &vit->positions, err);
    if (status == CLIPSEARCH_OK)
        status = cs_layernorm_open(&vit->pre_norm, &tensors.pre_ln_weight, &tensors.pre_ln_bias,
                                   config->vision.layernorm_eps, err);
    if (status == CLIPSEARCH_OK)
        *out = vit;
    else
        cs_vit_close(&vit);
    return status;
}

void cs_vit_close(cs_vit **handle)
{
    cs_vit *vit = *handle;
    if (!vit)
        return;
    cs_linear_close(&vit->patches);
    cs_free(vit->class_embedding);
    cs_free(vit->positions);
    cs_layernorm_close(&vit->pre_norm);
    cs_transformer_close(&vit->transformer);
    cs_free(vit);
    *handle = NULL;
}

/* How many of `images` images are computed together. */
static size_t group_of(const cs_vit *vit, size_t images)
{
    const size_t widest = vit->tokens * vit->transformer.config.mlp * sizeof(float), most = GROUP_BYTES / widest;
    return images < most ? images : most ? most : 1;
}

/* The patches lie where the first block will put its queries, keys and values. */
static void carve(const cs_vit *vit, cs_transformer_scratch *scratch, size_t images, unsigned threads,
                  cs_workspace *workspace)
{
    size_t rows;
    images = group_of(vit, images);
    workspace->overflow |= __builtin_mul_overflow(images, vit->tokens, &rows);
    cs_transformer_carve(&vit->transformer, scratch, rows, images, vit->tokens, vit->patches.weights.k, threads,
                         workspace);
}

size_t cs_vit_scratch(const cs_vit *vit, size_t max_images, unsigned threads)
{
    cs_workspace workspace = {0};
    cs_transformer_scratch scratch;
    carve(vit, &scratch, max_images, threads, &workspace);
    return cs_workspace_size(&workspace);
}

cs_weight_form cs_vit_form(const cs_vit *vit)
{
    return cs_transformer_form(&vit->transformer);
}

size_t cs_vit_packed_bytes(const cs_vit *vit)
{
    return cs_linear_packed_bytes(&vit->patches) + cs_transformer_packed_bytes(&vit->transformer);
}

typedef struct embed_job {
    const cs_vit *vit;
    const float *pixels;        /* [images, 3, S, S] */
    float *patches;             /* [images * tokens, 3*P*P] */
    const cs_coded_rows *coded; /* the same as the matrix reads them, unless it reads floats */
    const cs_qgemm_ops *quantize;
    float *x; /* [images * tokens, W] */
} embed_job;

static void code_row(const embed_job *j, size_t row)
{
    const size_t inputs = j->vit->patches.weights.k;
    const float *from = j->patches + row * inputs;
    if (j->vit->patches.coded.codes)
        cs_qgemm_quantize_row(j->quantize, from, inputs, &j->coded->codes, row);
    else if (j->vit->patches.paired.pairs)
        cs_bgemm_round_row(from, inputs, j->coded->halves + row * cs_bgemm_stride(inputs));
}

/* One row of patches, flattened as channel, row, column, and of what is added to its product: the position, and for the
 * class token, which has no pixels, a patch of zeros and its embedding. */
static void embed_row(void *context, size_t row, unsigned worker)
{
    (void)worker;
    const embed_job *j = context;
    const cs_vit *vit = j->vit;
    size_t patch = vit->patch_size, size = vit->image_size, inputs = vit->patches.weights.k;
    size_t width = vit->transformer.config.width, token = row % vit->tokens;
    float *to = j->patches + row * inputs, *x = j->x + row * width;
    memcpy(x, vit->positions + token * width, width * sizeof *x);
    if (token == 0) {
        memset(to, 0, inputs * sizeof *to);
        for (size_t c = 0; c < width; c++)
            x[c] += vit->class_embedding[c];
        code_row(j, row);
        return;
    }
    size_t top = (token - 1) / vit->side * patch, left = (token - 1) % vit->side * patch;
    const float *image = j->pixels + row / vit->tokens * 3 * size * size;
    for (size_t channel = 0; channel < 3; channel++)
        for (size_t y = 0; y < patch; y++, to += patch)
            memcpy(to, image + (channel * size + top + y) * size + left, patch * sizeof *to);
    code_row(j, row);
}

static void forward_group(const cs_vit *vit, const float *pixels, size_t count, void *scratch, cs_pool *pool,
                          const cs_probe *probe, float *vectors)
{
    size_t rows = count * vit->tokens, width = vit->transformer.config.width;
    cs_workspace workspace = {.base = scratch};
    cs_transformer_scratch s;
    carve(vit, &s, count, cs_pool_threads(pool), &workspace);
    for (size_t i = 0; i < count; i++)
        s.offsets[i] = s.only[i] = i * vit->tokens;
    s.offsets[count] = rows;

    /* 8 bits are not enough for the pixels of a patch (docs/precision.md) */
    cs_coded_rows coded = s.block.coded;
    coded.codes.rest = rows;
    embed_job job = {.vit = vit,
                     .pixels = pixels,
                     .patches = s.block.wide,
                     .coded = &coded,
                     .quantize = cs_qgemm_ops_best(),
                     .x = s.x};
    cs_pool_run(pool, rows, embed_row, &job);
    if (cs_linear_is_coded(&vit->patches))
        cs_linear_forward_coded(&vit->patches, job.coded, rows, CS_ACT_NONE, s.x, s.x, pool);
    else
        cs_linear_forward(&vit->patches, job.patches, rows, CS_ACT_NONE, s.x, s.x, s.block.gemm, pool);
    cs_layernorm_forward(&vit->pre_norm, s.x, rows, s.x, pool);
    cs_probe_see(probe, "embed", 0, s.x, rows, width);
    cs_transformer_forward(&vit->transformer, count, vit->tokens, false, &s, pool, probe, vectors);
}

void cs_vit_forward(const cs_vit *vit, const float *pixels, size_t count, void *scratch, cs_pool *pool,
                    const cs_probe *probe, float *vectors)
{
    assert((uintptr_t)scratch % CS_WORKSPACE_ALIGNMENT == 0);
    const size_t pixels_each = 3 * vit->image_size * vit->image_size;
    for (size_t first = 0, group; first < count; first += group) {
        group = group_of(vit, count - first);
        forward_group(vit, pixels + first * pixels_each, group, scratch, pool, probe,
                      vectors + first * vit->transformer.dim);
    }
}
