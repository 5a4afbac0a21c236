/* SPDX-License-Identifier: MIT
 * convert.c - tensors taken from where a model has them and written in the order an encoder reads them. */
#include "engine/convert.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "kernels/cvt.h"
#include "model/clip_tensors.h"
#include "model/narrow.h"
#include "model/safetensors_write.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    NAME_SIZE = 128,
    BLOCK_TENSORS = 16,
    TOWER_TENSORS = 8,    /* besides its blocks, at most */
    CHUNK = 1 << 16,      /* numbers converted at a time */
    HASH_CHUNK = 4 << 20, /* bytes */
    MOST_METADATA = 5
};

/* A tensor of the new file, and where its numbers come from. */
struct output {
    char name[NAME_SIZE];
    cs_matrix from;
};

/* Everything a conversion holds. */
struct conversion {
    const clipsearch_convert_options *options;
    clipsearch_convert_report *report;
    clipsearch_error *err;
    cs_model_dir dir;
    cs_weights *weights;
    cs_clip_naming naming;
    unsigned towers;
    cs_dtype dtype;
    struct output *outputs; /* [count] */
    cs_tensor_plan *plans;  /* [count] */
    size_t count, room;
    uint64_t done, total; /* bytes, for the callback */
    float *floats;        /* [CHUNK] */
    uint8_t *narrow;      /* [4 * CHUNK] */
};

/* ---------------------------------------------------------------- what is written */

static void add(struct conversion *c, const char *prefix, const char *name, const cs_matrix *from, int rank,
                const size_t *shape)
{
    assert(c->count < c->room);
    struct output *output = &c->outputs[c->count];
    cs_tensor_plan *plan = &c->plans[c->count++];
    snprintf(output->name, sizeof output->name, "%s%s", prefix, name);
    output->from = *from;
    *plan = (cs_tensor_plan){.name = output->name, .dtype = c->dtype, .rank = rank};
    if (rank)
        memcpy(plan->shape, shape, (size_t)rank * sizeof *shape);
}

static void add_vector(struct conversion *c, const char *prefix, const char *name, const cs_matrix *from)
{
    add(c, prefix, name, from, 1, &from->columns);
}

static void add_matrix(struct conversion *c, const char *prefix, const char *name, const cs_matrix *from)
{
    add(c, prefix, name, from, 2, (size_t[]){from->rows, from->columns});
}

static void add_block(struct conversion *c, const char *prefix, const cs_block_tensors *t)
{
    add_vector(c, prefix, "layer_norm1.weight", &t->ln1_weight);
    add_vector(c, prefix, "layer_norm1.bias", &t->ln1_bias);
    add_matrix(c, prefix, "self_attn.q_proj.weight", &t->q_weight);
    add_vector(c, prefix, "self_attn.q_proj.bias", &t->q_bias);
    add_matrix(c, prefix, "self_attn.k_proj.weight", &t->k_weight);
    add_vector(c, prefix, "self_attn.k_proj.bias", &t->k_bias);
    add_matrix(c, prefix, "self_attn.v_proj.weight", &t->v_weight);
    add_vector(c, prefix, "self_attn.v_proj.bias", &t->v_bias);
    add_matrix(c, prefix, "self_attn.out_proj.weight", &t->out_weight);
    add_vector(c, prefix, "self_attn.out_proj.bias", &t->out_bias);
    add_vector(c, prefix, "layer_norm2.weight", &t->ln2_weight);
    add_vector(c, prefix, "layer_norm2.bias", &t->ln2_bias);
    add_matrix(c, prefix, "mlp.fc1.weight", &t->fc1_weight);
    add_vector(c, prefix, "mlp.fc1.bias", &t->fc1_bias);
    add_matrix(c, prefix, "mlp.fc2.weight", &t->fc2_weight);
    add_vector(c, prefix, "mlp.fc2.bias", &t->fc2_bias);
}

static clipsearch_status add_blocks(struct conversion *c, bool vision)
{
    const cs_clip_config *config = &c->dir.config;
    size_t layers = vision ? config->vision.layers : config->text.layers;
    for (size_t layer = 0; layer < layers; layer++) {
        char prefix[NAME_SIZE / 2];
        cs_block_tensors block;
        snprintf(prefix, sizeof prefix, "%s.encoder.layers.%zu.", vision ? "vision_model" : "text_model", layer);
        clipsearch_status status =
            (vision ? cs_clip_vision_block : cs_clip_text_block)(c->weights, c->naming, config, layer, &block, c->err);
        if (status != CLIPSEARCH_OK)
            return status;
        add_block(c, prefix, &block);
    }
    return CLIPSEARCH_OK;
}

static clipsearch_status add_vision(struct conversion *c)
{
    cs_vision_tensors t;
    const char *prefix = "vision_model.";
    size_t patch = c->dir.config.patch_size;
    clipsearch_status status = cs_clip_vision(c->weights, c->naming, &c->dir.config, &t, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    add(c, prefix, "embeddings.patch_embedding.weight", &t.patch_weight, 4,
        (size_t[]){t.patch_weight.rows, 3, patch, patch});
    add_vector(c, prefix, "embeddings.class_embedding", &t.class_embedding);
    add_matrix(c, prefix, "embeddings.position_embedding.weight", &t.positions);
    add_vector(c, prefix, "pre_layrnorm.weight", &t.pre_ln_weight); /* sic */
    add_vector(c, prefix, "pre_layrnorm.bias", &t.pre_ln_bias);
    status = add_blocks(c, true);
    if (status != CLIPSEARCH_OK)
        return status;
    add_vector(c, prefix, "post_layernorm.weight", &t.post_ln_weight);
    add_vector(c, prefix, "post_layernorm.bias", &t.post_ln_bias);
    add_matrix(c, "", "visual_projection.weight", &t.projection);
    return CLIPSEARCH_OK;
}

static clipsearch_status add_text(struct conversion *c)
{
    cs_text_tensors t;
    const char *prefix = "text_model.";
    clipsearch_status status = cs_clip_text(c->weights, c->naming, &c->dir.config, &t, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    add_matrix(c, prefix, "embeddings.token_embedding.weight", &t.tokens);
    add_matrix(c, prefix, "embeddings.position_embedding.weight", &t.positions);
    status = add_blocks(c, false);
    if (status != CLIPSEARCH_OK)
        return status;
    add_vector(c, prefix, "final_layer_norm.weight", &t.final_ln_weight);
    add_vector(c, prefix, "final_layer_norm.bias", &t.final_ln_bias);
    add_matrix(c, "", "text_projection.weight", &t.projection);
    return CLIPSEARCH_OK;
}

/* The logit scale comes first and stays f32, as in OpenAI's own files: four-byte numbers in front leave everything
 * behind them aligned. */
static void add_logit_scale(struct conversion *c)
{
    const cs_tensor *scale = cs_weights_find(c->weights, "logit_scale");
    if (!scale || !scale->is_float || scale->count != 1)
        return;
    const cs_matrix from = {.dtype = scale->dtype, .data = scale->data, .rows = 1, .columns = 1};
    add(c, "", "logit_scale", &from, 0, NULL);
    c->plans[c->count - 1].dtype = CS_F32;
}

static clipsearch_status plan(struct conversion *c)
{
    const cs_clip_config *config = &c->dir.config;
    bool vision = c->towers & CLIPSEARCH_IMAGE_TOWER, text = c->towers & CLIPSEARCH_TEXT_TOWER;
    c->room = 1 + 2 * TOWER_TENSORS + BLOCK_TENSORS * (config->vision.layers + config->text.layers);
    c->outputs = cs_zalloc_array(c->room, sizeof *c->outputs);
    c->plans = cs_zalloc_array(c->room, sizeof *c->plans);
    c->floats = cs_alloc_array(CHUNK, sizeof *c->floats);
    c->narrow = cs_alloc_array(CHUNK, 4);
    if (!c->outputs || !c->plans || !c->floats || !c->narrow)
        return cs_fail_memory(c->err, "a conversion");
    add_logit_scale(c);
    clipsearch_status status = vision ? add_vision(c) : CLIPSEARCH_OK;
    return status == CLIPSEARCH_OK && text ? add_text(c) : status;
}

/* ---------------------------------------------------------------- bytes */

static clipsearch_status advance(struct conversion *c, uint64_t bytes)
{
    c->done += bytes;
    if (c->options->progress && !c->options->progress(c->options->context, c->done, c->total))
        return cs_fail(c->err, CLIPSEARCH_E_CANCELLED, "the conversion was stopped");
    return CLIPSEARCH_OK;
}

static clipsearch_status hash_source(struct conversion *c)
{
    cs_map map;
    clipsearch_status status = cs_map_open(c->dir.weights, &map, c->err);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_sha256 sha;
    uint8_t digest[32];
    cs_sha256_init(&sha);
    c->total += map.size;
    for (size_t at = 0; at < map.size && status == CLIPSEARCH_OK;) {
        size_t n = map.size - at < HASH_CHUNK ? map.size - at : HASH_CHUNK;
        cs_sha256_add(&sha, map.data + at, n);
        at += n;
        status = advance(c, n);
    }
    cs_sha256_end(&sha, digest);
    cs_sha256_hex(digest, c->report->source_sha256);
    cs_map_close(&map);
    return status;
}

static clipsearch_status fail_overflow(struct conversion *c, const char *name, const float *values, size_t n)
{
    float greatest = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i] - values[i] == 0 && fabsf(values[i]) > fabsf(greatest))
            greatest = values[i];
    return cs_fail(c->err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: the tensor \"%s\" holds %g, and f16 ends at 65504; take bf16 or f32", c->dir.weights, name,
                   (double)greatest);
}

/* n numbers at c->floats, of the tensor `name`, into the file as `dtype`. */
static clipsearch_status write_floats(struct conversion *c, cs_safetensors_writer *writer, const char *name,
                                      cs_dtype dtype, size_t n)
{
    cs_narrow_count count = {0};
    cs_narrow(dtype, c->floats, n, c->narrow, &count);
    if (count.overflow)
        return fail_overflow(c, name, c->floats, n);
    c->report->rounded += count.changed;
    clipsearch_status status = cs_safetensors_write(writer, c->narrow, n * cs_dtype_size(dtype), c->err);
    return status == CLIPSEARCH_OK ? advance(c, n * cs_dtype_size(dtype)) : status;
}

/* Numbers [first, first + n) of the matrix, row by row, at c->floats. */
static void gather(struct conversion *c, const cs_matrix *from, size_t first, size_t n)
{
    size_t size = cs_dtype_size(from->dtype);
    const uint8_t *data = from->data;
    if (!from->transposed) {
        cs_cvt()->to_f32(from->dtype, data + first * size, n, c->floats);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = (first + i) / from->columns, column = (first + i) % from->columns;
        cs_cvt()->to_f32(from->dtype, data + (column * from->rows + row) * size, 1, &c->floats[i]);
    }
}

static clipsearch_status write_tensor(struct conversion *c, cs_safetensors_writer *writer, size_t index)
{
    const struct output *output = &c->outputs[index];
    const cs_matrix *from = &output->from;
    cs_dtype dtype = c->plans[index].dtype;
    size_t count = from->rows * from->columns;
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t first = 0; first < count && status == CLIPSEARCH_OK; first += CHUNK) {
        size_t n = count - first < CHUNK ? count - first : CHUNK;
        if (from->dtype == dtype && !from->transposed) { /* the very bytes, NaN and all */
            size_t size = cs_dtype_size(dtype);
            status = cs_safetensors_write(writer, (const uint8_t *)from->data + first * size, n * size, c->err);
            if (status == CLIPSEARCH_OK)
                status = advance(c, n * size);
        } else {
            gather(c, from, first, n);
            status = write_floats(c, writer, output->name, dtype, n);
        }
    }
    c->report->parameters += count;
    return status;
}

/* ---------------------------------------------------------------- the whole */

static const char *const type_names[] = {[CS_F32] = "float32", [CS_F16] = "float16", [CS_BF16] = "bfloat16"};

/* All of the new weight file but its name. */
static clipsearch_status write_weights(struct conversion *c, const char *path, cs_safetensors_writer *writer)
{
    static const char *const towers[] = {"", "image", "text", "image and text"};
    char what[128], by[64];
    snprintf(by, sizeof by, "clipsearch %d.%d.%d", CLIPSEARCH_VERSION_MAJOR, CLIPSEARCH_VERSION_MINOR,
             CLIPSEARCH_VERSION_PATCH);
    snprintf(what, sizeof what, "%s tower, %s", towers[c->towers], type_names[c->dtype]);
    const cs_metadata metadata[MOST_METADATA] = {
        {"format", "pt"}, /* what transformers wants to see; it says nothing of PyTorch's own file format */
        {"source", cs_path_base(c->dir.weights)},
        {"source_sha256", c->report->source_sha256},
        {"conversion", what},
        {"converter", by},
    };
    clipsearch_status status = cs_safetensors_create(path, c->plans, c->count, metadata, MOST_METADATA, writer, c->err);
    for (size_t i = 0; i < c->count && status == CLIPSEARCH_OK; i++)
        status = write_tensor(c, writer, i);
    c->report->tensors = c->count;
    return status;
}

/* Which towers are to be written; one that was asked for must be there. */
static clipsearch_status choose_towers(struct conversion *c)
{
    unsigned there = (cs_clip_has_vision(c->weights, c->naming) ? (unsigned)CLIPSEARCH_IMAGE_TOWER : 0) |
                     (cs_clip_has_text(c->weights, c->naming) ? (unsigned)CLIPSEARCH_TEXT_TOWER : 0);
    c->towers = c->options->towers ? c->options->towers : there;
    if (c->towers & ~there)
        return cs_fail(c->err, CLIPSEARCH_E_ARGUMENT, "%s: there is no %s tower in this model", c->dir.weights,
                       c->towers & ~there & CLIPSEARCH_IMAGE_TOWER ? "image" : "text");
    if (c->towers & CLIPSEARCH_TEXT_TOWER && !c->dir.merges)
        return cs_fail(c->err, CLIPSEARCH_E_MODEL,
                       "%s: no tokenizer: neither merges.txt nor bpe_simple_vocab_16e6.txt.gz is there; without one "
                       "only the image tower can be converted",
                       c->dir.path);
    return CLIPSEARCH_OK;
}

static clipsearch_status make_directory(const char *from, const char *to, clipsearch_error *err)
{
    struct stat a, b;
    if (mkdir(to, 0777) != 0 && errno != EEXIST)
        return cs_fail_errno(err, CLIPSEARCH_E_IO, errno, "%s: cannot make the directory", to);
    if (stat(from, &a) == 0 && stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "%s: this is the model itself; name another directory", to);
    return CLIPSEARCH_OK;
}

/* Whatever can go wrong with the weights does so before a file in `to` is replaced. */
static clipsearch_status convert(struct conversion *c, const char *from, const char *to)
{
    clipsearch_status status = cs_model_dir_open(from, &c->dir, &c->weights, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_clip_naming_detect(c->weights, &c->naming, c->err);
    if (status == CLIPSEARCH_OK)
        status = choose_towers(c);
    if (status == CLIPSEARCH_OK)
        status = plan(c);
    for (size_t i = 0; i < c->count; i++)
        c->total += (uint64_t)c->outputs[i].from.rows * c->outputs[i].from.columns * cs_dtype_size(c->plans[i].dtype);
    if (status == CLIPSEARCH_OK)
        status = make_directory(from, to, c->err);
    if (status == CLIPSEARCH_OK)
        status = hash_source(c);
    if (status != CLIPSEARCH_OK)
        return status;
    cs_safetensors_writer writer = {0};
    char *path = cs_path_join(to, "model.safetensors");
    status = path ? write_weights(c, path, &writer) : cs_fail_memory(c->err, to);
    if (status == CLIPSEARCH_OK)
        status = cs_convert_config(&c->dir.config, type_names[c->dtype], to, c->err);
    if (status == CLIPSEARCH_OK && c->towers & CLIPSEARCH_TEXT_TOWER)
        status = cs_convert_vocabulary(&c->dir, to, c->err);
    if (status == CLIPSEARCH_OK)
        status = cs_safetensors_finish(&writer, c->err);
    else
        cs_safetensors_drop(&writer);
    cs_file_info file;
    if (status == CLIPSEARCH_OK && cs_file_stat(path, &file, NULL) == CLIPSEARCH_OK)
        c->report->bytes = file.size;
    cs_free(path);
    return status;
}

clipsearch_status cs_model_convert(const char *from, const char *to, const clipsearch_convert_options *options,
                                   clipsearch_convert_report *report, clipsearch_error *err)
{
    static const cs_dtype dtypes[] = {
        [CLIPSEARCH_F32] = CS_F32, [CLIPSEARCH_F16] = CS_F16, [CLIPSEARCH_BF16] = CS_BF16};
    struct conversion c = {.options = options, .report = report, .err = err, .dtype = dtypes[options->type]};
    clipsearch_status status = convert(&c, from, to);
    cs_weights_close(&c.weights);
    cs_model_dir_free(&c.dir);
    cs_free(c.outputs);
    cs_free(c.plans);
    cs_free(c.floats);
    cs_free(c.narrow);
    return status;
}
