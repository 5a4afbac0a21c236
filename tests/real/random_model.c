/* SPDX-License-Identifier: MIT
 * random_model.c - writes a model directory of ViT-B/32's true size with random f16 weights */
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "random_tensors.h"

#include <math.h>
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

static random_tensors tensors;

/* columns 0: a vector or a scalar */
static void add(kind of, size_t rows, size_t columns, const char *prefix, const char *name)
{
    const float mean[SCALE + 1] = {[LN_WEIGHT] = 1, [SCALE] = 4.6052f}; /* log 100 */
    const float fan_in = 1 / sqrtf((float)(columns ? columns : 1));
    const float deviation[] = {[MATRIX] = fan_in,  [SHARP] = 1.5f * fan_in, [PATCHES] = 2 * fan_in, [BIAS] = 0.1f,
                               [LN_WEIGHT] = 0.2f, [EMBEDDING] = 1,         [POSITIONS] = 0.3f,     [SCALE] = 0};
    const size_t patches[] = {rows, 3, PATCH, PATCH}, matrix[] = {rows, columns};
    if (of == PATCHES)
        random_add(&tensors, prefix, name, 4, patches, 0, deviation[of]);
    else
        random_add(&tensors, prefix, name, of == SCALE ? 0 : columns ? 2 : 1, matrix, mean[of], deviation[of]);
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

static bool write_weights(const char *directory, clipsearch_error *err)
{
    char *path = cs_path_join(directory, "model.safetensors");
    bool done = path && random_write(&tensors, path, err);
    cs_free(path);
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
