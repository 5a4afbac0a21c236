/* SPDX-License-Identifier: MIT
 * random_model.c - writes a model directory of ViT-B/32's true size with random f16 weights */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VISION_WIDTH = 768,
    TEXT_WIDTH = 512,
    LAYERS = 12,
    PATCH = 32,
    TOKENS = 50, /* (224 / 32)^2 + 1 */
    CONTEXT = 77,
    VOCABULARY = 49408,
    DIM = 512
};

/* What a tensor is decides how its numbers are spread; the rules are those of tools/golden/clip_towers.py: attention
 * is sharp and the vectors of different inputs differ. */
typedef enum kind { MATRIX, SHARP, PATCHES, BIAS, LN_WEIGHT, EMBEDDING, POSITIONS, SCALE } kind;

typedef struct tensor {
    char name[192];
    kind kind;
    size_t rows, columns; /* columns 0: a vector or a scalar */
} tensor;

static tensor tensors[1024];
static size_t count;

static void add(kind of, size_t rows, size_t columns, const char *prefix, const char *name)
{
    tensor *t = &tensors[count++];
    *t = (tensor){.kind = of, .rows = rows, .columns = columns};
    snprintf(t->name, sizeof t->name, "%s%s", prefix, name);
}

static void add_layernorm(const char *prefix, const char *name, size_t width)
{
    char both[128];
    snprintf(both, sizeof both, "%s%s", prefix, name);
    add(LN_WEIGHT, width, 0, both, ".weight");
    add(BIAS, width, 0, both, ".bias");
}

static void add_linear(const char *prefix, const char *name, kind of, size_t out, size_t in)
{
    char both[128];
    snprintf(both, sizeof both, "%s%s", prefix, name);
    add(of, out, in, both, ".weight");
    add(BIAS, out, 0, both, ".bias");
}

static void add_blocks(const char *tower, size_t width)
{
    for (int layer = 0; layer < LAYERS; layer++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s.encoder.layers.%d.", tower, layer);
        add_layernorm(prefix, "layer_norm1", width);
        add_layernorm(prefix, "layer_norm2", width);
        add_linear(prefix, "self_attn.q_proj", SHARP, width, width);
        add_linear(prefix, "self_attn.k_proj", SHARP, width, width);
        add_linear(prefix, "self_attn.v_proj", MATRIX, width, width);
        add_linear(prefix, "self_attn.out_proj", MATRIX, width, width);
        add_linear(prefix, "mlp.fc1", MATRIX, 4 * width, width);
        add_linear(prefix, "mlp.fc2", MATRIX, width, 4 * width);
    }
}

static void list_tensors(void)
{
    const char *vision = "vision_model.", *text = "text_model.";
    add(SCALE, 1, 0, "", "logit_scale");
    add(EMBEDDING, VISION_WIDTH, 0, vision, "embeddings.class_embedding");
    add(PATCHES, VISION_WIDTH, 3 * PATCH * PATCH, vision, "embeddings.patch_embedding.weight");
    add(POSITIONS, TOKENS, VISION_WIDTH, vision, "embeddings.position_embedding.weight");
    add_layernorm(vision, "pre_layrnorm", VISION_WIDTH);
    add_blocks("vision_model", VISION_WIDTH);
    add_layernorm(vision, "post_layernorm", VISION_WIDTH);
    add(MATRIX, DIM, VISION_WIDTH, "", "visual_projection.weight");
    add(EMBEDDING, VOCABULARY, TEXT_WIDTH, text, "embeddings.token_embedding.weight");
    add(POSITIONS, CONTEXT, TEXT_WIDTH, text, "embeddings.position_embedding.weight");
    add_blocks("text_model", TEXT_WIDTH);
    add_layernorm(text, "final_layer_norm", TEXT_WIDTH);
    add(MATRIX, DIM, TEXT_WIDTH, "", "text_projection.weight");
}

/* xorshift64*: Vigna 2016 */
static uint64_t state = UINT64_C(0x243F6A8885A308D3);

static double uniform(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)(state * UINT64_C(2685821657736338717) >> 11) * 0x1p-53;
}

/* Close to a standard normal: the sum of four uniforms, scaled to variance 1. */
static float normal(void)
{
    return (float)((uniform() + uniform() + uniform() + uniform() - 2) * sqrt(3));
}

/* Round to nearest f16; numbers too small to be normal become 0. */
static uint16_t to_f16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude < 0x38800000) /* 2^-14 */
        return (uint16_t)sign;
    return (uint16_t)(sign | (magnitude - 0x38000000 + 0x1000) >> 13);
}

static float draw(const tensor *t)
{
    float x = normal(), fan_in = sqrtf((float)(t->columns ? t->columns : 1));
    switch (t->kind) {
    case MATRIX:
        return x / fan_in;
    case SHARP:
        return 1.5f * x / fan_in;
    case PATCHES:
        return 2 * x / fan_in;
    case BIAS:
        return 0.1f * x;
    case LN_WEIGHT:
        return 1 + 0.2f * x;
    case EMBEDDING:
        return x;
    case POSITIONS:
        return 0.3f * x;
    case SCALE:
        return 4.6052f; /* log 100 */
    }
    return 0;
}

static void put_shape(cs_buf *out, const tensor *t)
{
    if (t->kind == PATCHES)
        cs_buf_printf(out, "[%zu,3,%d,%d]", t->rows, PATCH, PATCH);
    else if (t->kind == SCALE)
        cs_buf_puts(out, "[]");
    else if (t->columns)
        cs_buf_printf(out, "[%zu,%zu]", t->rows, t->columns);
    else
        cs_buf_printf(out, "[%zu]", t->rows);
}

static bool write_weights(const char *directory, clipsearch_error *err)
{
    cs_buf out = cs_buf_make((size_t)1 << 30);
    uint64_t offset = 0;
    uint8_t length[8] = {0};
    cs_buf_append(&out, length, sizeof length);
    for (size_t i = 0; i < count; i++) {
        const tensor *t = &tensors[i];
        uint64_t bytes = 2 * (uint64_t)t->rows * (t->columns ? t->columns : 1);
        cs_buf_printf(&out, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":", i ? "," : "{", t->name);
        put_shape(&out, t);
        cs_buf_printf(&out, ",\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
                      (unsigned long long)(offset + bytes));
        offset += bytes;
    }
    cs_buf_putc(&out, '}');
    while (out.len % 8)
        cs_buf_putc(&out, ' ');
    uint64_t header = out.len - 8;
    if (!cs_buf_reserve(&out, offset))
        return false;
    for (int i = 0; i < 8; i++)
        out.data[i] = (char)(header >> 8 * i);
    for (size_t i = 0; i < count; i++) {
        for (size_t left = tensors[i].rows * (tensors[i].columns ? tensors[i].columns : 1); left; left--) {
            uint16_t number = to_f16(draw(&tensors[i]));
            cs_buf_append(&out, &number, sizeof number);
        }
    }
    char *path = cs_path_join(directory, "model.safetensors");
    bool done = path && !out.failed && cs_replace_file(path, out.data, out.len, err) == CLIPSEARCH_OK;
    cs_free(path);
    cs_buf_free(&out);
    return done;
}

static bool write_config(const char *directory, clipsearch_error *err)
{
    /* What is not said here are the reference's defaults, which are ViT-B/32's. */
    static const char config[] =
        "{\"architectures\": [\"CLIPModel\"], \"model_type\": \"clip\", \"projection_dim\": 512,\n"
        " \"vision_config\": {\"patch_size\": 32}, \"text_config\": {}}\n";
    char *path = cs_path_join(directory, "config.json");
    bool done = path && cs_replace_file(path, config, sizeof config - 1, err) == CLIPSEARCH_OK;
    cs_free(path);
    return done;
}

static bool link_vocabulary(const char *directory, const char *bpe, const char *name)
{
    char *from = cs_path_join(bpe, name), *to = cs_path_join(directory, name);
    bool done = from && to && (symlink(from, to) == 0);
    cs_free(from);
    cs_free(to);
    return done;
}

int main(int argc, char **argv)
{
    clipsearch_error err = {.message = "cannot write the directory"};
    if (argc != 3) {
        fprintf(stderr, "usage: random_model DIRECTORY BPE_DIRECTORY\n");
        return 2;
    }
    list_tensors();
    if (mkdir(argv[1], 0777) != 0 || !write_config(argv[1], &err) || !write_weights(argv[1], &err) ||
        !link_vocabulary(argv[1], argv[2], "vocab.json") || !link_vocabulary(argv[1], argv[2], "merges.txt")) {
        fprintf(stderr, "random_model: %s: %s\n", argv[1], err.message);
        return 1;
    }
    return 0;
}
