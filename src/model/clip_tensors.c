/* SPDX-License-Identifier: MIT
 * clip_tensors.c - finds CLIP's tensors, checks their shapes, and puts each in its place in the towers' structs. */
#include "model/clip_tensors.h"

#include "base/half.h"
#include "model/byte_rows.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The sizes that shapes are made of. */
enum size { ONE, WIDTH, MLP, DIM, POSITIONS, VOCABULARY, PATCH, SIZES };

/* How OpenAI's naming stores what transformers stores as it is. */
enum openai_form { AS_IT_IS, FIRST_THIRD, SECOND_THIRD, LAST_THIRD, TRANSPOSED };

/* A matrix of a struct and the tensor it is read from. The order of a list is the order in which its tensors are looked
 * for, and the order in which a converted model has them. */
struct binding {
    cs_clip_part part;
    size_t at;               /* of the cs_matrix in the struct */
    enum size rows, columns; /* rows ONE: the tensor has one dimension */
    enum openai_form openai;
};

#define FIELD(field) offsetof(BOUND, field)

#define BOUND cs_vision_tensors
static const struct binding vision_bindings[] = {
    {CS_CLIP_PATCHES, FIELD(patch_weight), WIDTH, PATCH, AS_IT_IS},
    {CS_CLIP_CLASS, FIELD(class_embedding), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_IMAGE_POSITIONS, FIELD(positions), POSITIONS, WIDTH, AS_IT_IS},
    {CS_CLIP_PRE_LN_WEIGHT, FIELD(pre_ln_weight), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_PRE_LN_BIAS, FIELD(pre_ln_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_POST_LN_WEIGHT, FIELD(post_ln_weight), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_POST_LN_BIAS, FIELD(post_ln_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_IMAGE_PROJECTION, FIELD(projection), DIM, WIDTH, TRANSPOSED},
};
#undef BOUND

#define BOUND cs_text_tensors
static const struct binding text_bindings[] = {
    {CS_CLIP_TOKENS, FIELD(tokens), VOCABULARY, WIDTH, AS_IT_IS},
    {CS_CLIP_TEXT_POSITIONS, FIELD(positions), POSITIONS, WIDTH, AS_IT_IS},
    {CS_CLIP_FINAL_LN_WEIGHT, FIELD(final_ln_weight), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_FINAL_LN_BIAS, FIELD(final_ln_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_TEXT_PROJECTION, FIELD(projection), DIM, WIDTH, TRANSPOSED},
};
#undef BOUND

#define BOUND cs_block_tensors
static const struct binding block_bindings[] = {
    {CS_CLIP_LN1_WEIGHT, FIELD(ln1_weight), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_LN1_BIAS, FIELD(ln1_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_Q_WEIGHT, FIELD(q_weight), WIDTH, WIDTH, FIRST_THIRD},
    {CS_CLIP_Q_BIAS, FIELD(q_bias), ONE, WIDTH, FIRST_THIRD},
    {CS_CLIP_K_WEIGHT, FIELD(k_weight), WIDTH, WIDTH, SECOND_THIRD},
    {CS_CLIP_K_BIAS, FIELD(k_bias), ONE, WIDTH, SECOND_THIRD},
    {CS_CLIP_V_WEIGHT, FIELD(v_weight), WIDTH, WIDTH, LAST_THIRD},
    {CS_CLIP_V_BIAS, FIELD(v_bias), ONE, WIDTH, LAST_THIRD},
    {CS_CLIP_OUT_WEIGHT, FIELD(out_weight), WIDTH, WIDTH, AS_IT_IS},
    {CS_CLIP_OUT_BIAS, FIELD(out_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_LN2_WEIGHT, FIELD(ln2_weight), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_LN2_BIAS, FIELD(ln2_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_FC1_WEIGHT, FIELD(fc1_weight), MLP, WIDTH, AS_IT_IS},
    {CS_CLIP_FC1_BIAS, FIELD(fc1_bias), ONE, MLP, AS_IT_IS},
    {CS_CLIP_FC2_WEIGHT, FIELD(fc2_weight), WIDTH, MLP, AS_IT_IS},
    {CS_CLIP_FC2_BIAS, FIELD(fc2_bias), ONE, WIDTH, AS_IT_IS},
};
#undef BOUND

/* OpenAI's alone: nothing is stored in another form than OpenAI's. */
#define BOUND cs_attnpool_tensors
static const struct binding attnpool_bindings[] = {
    {CS_CLIP_POOL_POSITIONS, FIELD(positions), POSITIONS, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_Q_WEIGHT, FIELD(q_weight), WIDTH, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_Q_BIAS, FIELD(q_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_K_WEIGHT, FIELD(k_weight), WIDTH, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_K_BIAS, FIELD(k_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_V_WEIGHT, FIELD(v_weight), WIDTH, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_V_BIAS, FIELD(v_bias), ONE, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_OUT_WEIGHT, FIELD(out_weight), DIM, WIDTH, AS_IT_IS},
    {CS_CLIP_POOL_OUT_BIAS, FIELD(out_bias), ONE, DIM, AS_IT_IS},
};
#undef BOUND
#undef FIELD

enum {
    VISION_BINDINGS = sizeof vision_bindings / sizeof *vision_bindings,
    TEXT_BINDINGS = sizeof text_bindings / sizeof *text_bindings,
    BLOCK_BINDINGS = sizeof block_bindings / sizeof *block_bindings,
    ATTNPOOL_BINDINGS = sizeof attnpool_bindings / sizeof *attnpool_bindings
};

/* Where tensors are looked for, and the sizes they must have. */
struct search {
    const cs_weights *weights;
    cs_clip_naming naming;
    unsigned tower;
    size_t sizes[SIZES];
    size_t patch; /* side of a patch in pixels */
    clipsearch_error *err;
};

/* The shape of a binding's tensor, at `shape`; returns its rank. OpenAI's forms are left out. */
static int shape_of(const struct search *in, const struct binding *b, size_t shape[CS_CLIP_RANK])
{
    size_t rows = in->sizes[b->rows], columns = in->sizes[b->columns];
    if (b->columns == PATCH) {
        memcpy(shape, (size_t[]){rows, 3, in->patch, in->patch}, CS_CLIP_RANK * sizeof *shape);
        return 4;
    }
    shape[0] = b->rows == ONE ? columns : rows;
    shape[1] = columns;
    return b->rows == ONE ? 1 : 2;
}

bool cs_clip_may_be_coded(cs_clip_part part)
{
    return part == CS_CLIP_Q_WEIGHT || part == CS_CLIP_K_WEIGHT || part == CS_CLIP_V_WEIGHT ||
           part == CS_CLIP_OUT_WEIGHT || part == CS_CLIP_FC1_WEIGHT || part == CS_CLIP_FC2_WEIGHT ||
           part == CS_CLIP_PATCHES;
}

/* Pairs of bf16 in the layout of kernels/bgemm.h; the patches are the only other tensor of four dimensions. */
static bool is_paired(const cs_tensor *tensor)
{
    return strcmp(tensor->stored, "BF16") == 0 && tensor->rank == CS_CLIP_RANK && tensor->shape[2] == 16 &&
           tensor->shape[3] == 2;
}

cs_clip_code cs_clip_coding(const cs_weights *weights)
{
    for (size_t i = 0; i < cs_weights_count(weights); i++) {
        const cs_tensor *tensor = cs_weights_at(weights, i);
        if (strcmp(tensor->stored, "I8") == 0 && tensor->rank == CS_CLIP_RANK)
            return CS_CLIP_CODED;
        if (is_paired(tensor))
            return CS_CLIP_PAIRED;
    }
    return CS_CLIP_FLOATS;
}

/* A tensor that goes with codes: `name` and `ending`, one number of 4 bytes for each output. */
static clipsearch_status find_beside(const struct search *in, const char *name, const char *ending, const char *type,
                                     size_t rows, const void **data)
{
    char full[CS_CLIP_NAME + 8];
    snprintf(full, sizeof full, "%s%s", name, ending);
    const cs_tensor *tensor = cs_weights_find(in->weights, full);
    if (!tensor || strcmp(tensor->stored, type) != 0 || tensor->rank != 1 || tensor->shape[0] != rows)
        return cs_fail(in->err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%s\" of %zu %s numbers, which goes with the 8-bit weights, is not there",
                       cs_weights_path(in->weights), full, rows, type);
    *data = tensor->data;
    return CLIPSEARCH_OK;
}

/* Whether a tensor of four dimensions has exactly these; or CLIPSEARCH_E_MODEL. */
static clipsearch_status check_layout(const struct search *in, const char *name, const cs_tensor *tensor,
                                      const size_t shape[CS_CLIP_RANK], const char *what)
{
    bool same = tensor->rank == CS_CLIP_RANK;
    for (int i = 0; same && i < CS_CLIP_RANK; i++)
        same = tensor->shape[i] == shape[i];
    return same ? CLIPSEARCH_OK
                : cs_fail(in->err, CLIPSEARCH_E_MODEL,
                          "%s: the tensor \"%s\" of %s is not of shape [%zu, %zu, %zu, %zu]; the configuration and the "
                          "weights are of different models",
                          cs_weights_path(in->weights), name, what, shape[0], shape[1], shape[2], shape[3]);
}

/* The matrix of one binding from pairs of bf16, in the layout of kernels/bgemm.h. */
static clipsearch_status bind_pairs(const struct search *in, const struct binding *b, const char *name,
                                    const cs_tensor *tensor, cs_matrix *out)
{
    const size_t rows = in->sizes[b->rows], columns = in->sizes[b->columns];
    const size_t shape[CS_CLIP_RANK] = {(rows + 15) / 16, (columns + 1) / 2, 16, 2};
    *out = (cs_matrix){.dtype = CS_BF16, .data = tensor->data, .rows = rows, .columns = columns, .paired = true};
    if ((uintptr_t)tensor->data % sizeof(uint16_t) != 0)
        return cs_fail(in->err, CLIPSEARCH_E_MODEL,
                       "%s: the tensor \"%s\" of weights in bf16 begins at an odd byte; convert the model again",
                       cs_weights_path(in->weights), name);
    return check_layout(in, name, tensor, shape, "weights in bf16");
}

/* The matrix of one binding from codes of 8 bits, in the layout of kernels/qgemm.h. */
static clipsearch_status bind_codes(const struct search *in, const struct binding *b, const char *name,
                                    const cs_tensor *tensor, cs_matrix *out)
{
    const size_t rows = in->sizes[b->rows], columns = in->sizes[b->columns];
    const size_t shape[CS_CLIP_RANK] = {(rows + 15) / 16, (columns + 3) / 4, 16, 4};
    *out = (cs_matrix){.data = tensor->data, .rows = rows, .columns = columns, .coded = true};
    clipsearch_status status = check_layout(in, name, tensor, shape, "8-bit weights");
    if (status == CLIPSEARCH_OK)
        status = find_beside(in, name, CS_CLIP_SCALE, "F32", rows, &out->scales);
    return status == CLIPSEARCH_OK ? find_beside(in, name, CS_CLIP_SUM, "I32", rows, &out->sums) : status;
}

/* The matrix of one binding, from the tensor `name`. */
static clipsearch_status bind(const struct search *in, const struct binding *b, const char *name, cs_matrix *out)
{
    size_t shape[CS_CLIP_RANK];
    int rank = shape_of(in, b, shape);
    enum openai_form form = in->naming == CS_NAMING_HUGGING_FACE ? AS_IT_IS : b->openai;
    bool third = form == FIRST_THIRD || form == SECOND_THIRD || form == LAST_THIRD;
    if (third)
        shape[0] *= 3; /* q, k and v lie one below the other */
    if (form == TRANSPOSED) {
        size_t rows = shape[0];
        shape[0] = shape[1];
        shape[1] = rows;
    }
    const cs_tensor *tensor = cs_weights_find(in->weights, name);
    if (tensor && in->naming == CS_NAMING_HUGGING_FACE && cs_clip_may_be_coded(b->part)) {
        if (strcmp(tensor->stored, "I8") == 0)
            return bind_codes(in, b, name, tensor, out);
        if (is_paired(tensor))
            return bind_pairs(in, b, name, tensor, out);
    }
    if (b->part == CS_CLIP_TOKENS) /* the one great matrix of which only some rows are read: it may be of bytes */
        return cs_byte_rows_get(in->weights, name, shape[0], shape[1], out, in->err);
    clipsearch_status status = cs_weights_get(in->weights, name, rank, shape, &tensor, in->err);
    if (status != CLIPSEARCH_OK)
        return status;
    *out = (cs_matrix){.dtype = tensor->dtype,
                       .data = tensor->data,
                       .rows = in->sizes[b->rows],
                       .columns = in->sizes[b->columns],
                       .side = b->columns == PATCH ? in->patch : 0,
                       .two_steps = in->tower == CLIPSEARCH_TEXT_TOWER || b->columns == PATCH,
                       .transposed = form == TRANSPOSED};
    if (third)
        out->data = (const char *)tensor->data +
                    (size_t)(form - FIRST_THIRD) * out->rows * out->columns * cs_dtype_size(tensor->dtype);
    return CLIPSEARCH_OK;
}

static cs_matrix *matrix_at(void *tensors, const struct binding *b)
{
    return (cs_matrix *)(void *)((char *)tensors + b->at);
}

/* All matrices of the struct `out`, which is zeroed by the caller. */
static clipsearch_status bind_all(const struct search *in, const struct binding *bindings, size_t count, void *out)
{
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < count && status == CLIPSEARCH_OK; i++) {
        char name[CS_CLIP_NAME];
        cs_clip_name(in->naming, bindings[i].part, name);
        status = bind(in, &bindings[i], name, matrix_at(out, &bindings[i]));
    }
    return status;
}

static clipsearch_status bind_block(const struct search *in, size_t layer, cs_block_tensors *out)
{
    clipsearch_status status = CLIPSEARCH_OK;
    *out = (cs_block_tensors){0};
    for (size_t i = 0; i < BLOCK_BINDINGS && status == CLIPSEARCH_OK; i++) {
        char name[CS_CLIP_NAME];
        cs_clip_block_name(in->naming, in->tower, layer, block_bindings[i].part, name);
        status = bind(in, &block_bindings[i], name, matrix_at(out, &block_bindings[i]));
    }
    return status;
}

/* A file with more blocks than the configuration says is another model: computing with the first ones only would give
 * vectors that look well and mean nothing. */
static clipsearch_status refuse_further_block(const struct search *in, size_t layers)
{
    char name[CS_CLIP_NAME];
    cs_clip_block_name(in->naming, in->tower, layers, CS_CLIP_LN1_WEIGHT, name);
    if (!cs_weights_find(in->weights, name))
        return CLIPSEARCH_OK;
    return cs_fail(in->err, CLIPSEARCH_E_MODEL,
                   "%s: the tensor \"%s\" is there, but the configuration says %zu layers; the configuration and the "
                   "weights are of different models",
                   cs_weights_path(in->weights), name, layers);
}

/* ---------------------------------------------------------------- towers */

static struct search vision_search(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                   clipsearch_error *err)
{
    size_t p = config->patch_size;
    size_t grid = config->image_size / p; /* pixels that fill no patch are left out, as by the convolution's stride */
    return (struct search){.weights = weights,
                           .naming = naming,
                           .tower = CLIPSEARCH_IMAGE_TOWER,
                           .sizes = {[ONE] = 1,
                                     [WIDTH] = config->vision.width,
                                     [MLP] = config->vision.mlp,
                                     [DIM] = config->dim,
                                     [POSITIONS] = 1 + grid * grid,
                                     [PATCH] = 3 * p * p},
                           .patch = p,
                           .err = err};
}

static struct search text_search(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                 clipsearch_error *err)
{
    return (struct search){.weights = weights,
                           .naming = naming,
                           .tower = CLIPSEARCH_TEXT_TOWER,
                           .sizes = {[ONE] = 1,
                                     [WIDTH] = config->text.width,
                                     [MLP] = config->text.mlp,
                                     [DIM] = config->dim,
                                     [POSITIONS] = config->context_length,
                                     [VOCABULARY] = config->vocabulary},
                           .err = err};
}

clipsearch_status cs_clip_vision_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                       size_t layer, cs_block_tensors *out, clipsearch_error *err)
{
    const struct search in = vision_search(weights, naming, config, err);
    return bind_block(&in, layer, out);
}

clipsearch_status cs_clip_text_block(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                     size_t layer, cs_block_tensors *out, clipsearch_error *err)
{
    const struct search in = text_search(weights, naming, config, err);
    return bind_block(&in, layer, out);
}

clipsearch_status cs_clip_vision(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                 cs_vision_tensors *out, clipsearch_error *err)
{
    const struct search in = vision_search(weights, naming, config, err);
    *out = (cs_vision_tensors){0};
    clipsearch_status status = bind_all(&in, vision_bindings, VISION_BINDINGS, out);
    return status == CLIPSEARCH_OK ? refuse_further_block(&in, config->vision.layers) : status;
}

clipsearch_status cs_clip_text(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                               cs_text_tensors *out, clipsearch_error *err)
{
    const struct search in = text_search(weights, naming, config, err);
    *out = (cs_text_tensors){0};
    clipsearch_status status = bind_all(&in, text_bindings, TEXT_BINDINGS, out);
    return status == CLIPSEARCH_OK ? refuse_further_block(&in, config->text.layers) : status;
}

clipsearch_status cs_clip_attnpool(const cs_weights *weights, const cs_clip_config *config, cs_attnpool_tensors *out,
                                   clipsearch_error *err)
{
    size_t grid = config->image_size / CS_RESNET_SHRINK;
    const struct search in = {.weights = weights,
                              .naming = CS_NAMING_OPENAI,
                              .sizes = {[ONE] = 1,
                                        [WIDTH] = CS_RESNET_SHRINK * config->vision.width,
                                        [DIM] = config->dim,
                                        [POSITIONS] = 1 + grid * grid},
                              .err = err};
    *out = (cs_attnpool_tensors){0};
    return bind_all(&in, attnpool_bindings, ATTNPOOL_BINDINGS, out);
}

/* ---------------------------------------------------------------- a tower's tensors, one by one */

/* Call `each` with the tensors of some bindings, which are parts of a block when `layer` is not NULL. */
static void walk(const struct search *in, const struct binding *bindings, size_t count, const size_t *layer,
                 void *tensors, cs_clip_each *each, void *context)
{
    for (size_t i = 0; i < count; i++) {
        cs_clip_tensor tensor = {.part = bindings[i].part, .matrix = *matrix_at(tensors, &bindings[i])};
        tensor.rank = shape_of(in, &bindings[i], tensor.shape);
        if (layer)
            cs_clip_block_name(CS_NAMING_HUGGING_FACE, in->tower, *layer, bindings[i].part, tensor.name);
        else
            cs_clip_name(CS_NAMING_HUGGING_FACE, bindings[i].part, tensor.name);
        each(context, &tensor);
    }
}

static clipsearch_status walk_blocks(const struct search *in, size_t layers, cs_clip_each *each, void *context)
{
    for (size_t layer = 0; layer < layers; layer++) {
        cs_block_tensors block;
        clipsearch_status status = bind_block(in, layer, &block);
        if (status != CLIPSEARCH_OK)
            return status;
        walk(in, block_bindings, BLOCK_BINDINGS, &layer, &block, each, context);
    }
    return CLIPSEARCH_OK;
}

/* A tower: the first `before` bindings, its blocks, and the other bindings. */
static clipsearch_status walk_tower(const struct search *in, const struct binding *bindings, size_t before,
                                    size_t count, size_t layers, void *tensors, cs_clip_each *each, void *context)
{
    walk(in, bindings, before, NULL, tensors, each, context);
    clipsearch_status status = walk_blocks(in, layers, each, context);
    if (status == CLIPSEARCH_OK)
        walk(in, bindings + before, count - before, NULL, tensors, each, context);
    return status;
}

clipsearch_status cs_clip_walk_vision(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                      cs_clip_each *each, void *context, clipsearch_error *err)
{
    enum { BEFORE = 5 }; /* all but the last LayerNorm and the projection */
    const struct search in = vision_search(weights, naming, config, err);
    cs_vision_tensors tensors;
    clipsearch_status status = cs_clip_vision(weights, naming, config, &tensors, err);
    return status == CLIPSEARCH_OK ? walk_tower(&in, vision_bindings, BEFORE, VISION_BINDINGS, config->vision.layers,
                                                &tensors, each, context)
                                   : status;
}

clipsearch_status cs_clip_walk_text(const cs_weights *weights, cs_clip_naming naming, const cs_clip_config *config,
                                    cs_clip_each *each, void *context, clipsearch_error *err)
{
    enum { BEFORE = 2 }; /* the embeddings */
    const struct search in = text_search(weights, naming, config, err);
    cs_text_tensors tensors;
    clipsearch_status status = cs_clip_text(weights, naming, config, &tensors, err);
    return status == CLIPSEARCH_OK
               ? walk_tower(&in, text_bindings, BEFORE, TEXT_BINDINGS, config->text.layers, &tensors, each, context)
               : status;
}

size_t cs_clip_count_tensors(const cs_clip_config *config)
{
    return VISION_BINDINGS + TEXT_BINDINGS + BLOCK_BINDINGS * (config->vision.layers + config->text.layers);
}

/* ---------------------------------------------------------------- logit scale */

/* The first element of a float tensor, which is little-endian. */
static float first_element(const cs_tensor *tensor)
{
    uint8_t bytes[4] = {0};
    memcpy(bytes, tensor->data, cs_dtype_size(tensor->dtype));
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return tensor->dtype == CS_F16    ? cs_float_from_f16((uint16_t)bits)
           : tensor->dtype == CS_BF16 ? cs_float_from_bf16((uint16_t)bits)
                                      : cs_float_from_bits(bits);
}

float cs_clip_logit_scale(const cs_weights *weights)
{
    const cs_tensor *tensor = cs_clip_find_logit_scale(weights);
    return tensor ? expf(first_element(tensor)) : 100.0F; /* what OpenAI's training clips it to */
}
