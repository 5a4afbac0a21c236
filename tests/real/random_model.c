/* SPDX-License-Identifier: MIT
 * random_model.c - writes a model directory of the true size of ViT-B/32, or of another known CLIP, with random f16
 * weights */
#include "base/file.h"
#include "base/mem.h"
#include "base/replace.h"
#include "random_tensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTEXT = 77, VOCABULARY = 49408, DIM = 512 };

/* The sizes of a model, as in ARCHITECTURES of tools/golden/clip_towers.py. Heads have 64 numbers. */
typedef struct shape {
    const char *name;
    size_t vision_width, vision_layers, image, patch, text_width, text_layers;
    const char *activation;
} shape;

static const shape shapes[] = {
    {"vit-b-32", 768, 12, 224, 32, 512, 12, "quick_gelu"}, {"vit-b-32-256", 768, 12, 256, 32, 512, 12, "gelu"},
    {"vit-b-16", 768, 12, 224, 16, 512, 12, "gelu"},       {"tinyclip-8m-16", 256, 10, 224, 16, 256, 3, "gelu"},
    {"tinyclip-39m-16", 512, 12, 224, 16, 512, 6, "gelu"}, {"tinyclip-40m-32", 512, 12, 224, 32, 512, 6, "gelu"},
};

/* What a tensor is decides how its numbers are spread; the rules are those of tools/golden/clip_towers.py: attention
 * is sharp and the vectors of different inputs differ. */
typedef enum kind { MATRIX, SHARP, PATCHES, BIAS, LN_WEIGHT, EMBEDDING, POSITIONS, SCALE } kind;

static random_tensors tensors;
static const shape *made; /* the model that is written */

/* columns 0: a vector or a scalar */
static void add(kind of, size_t rows, size_t columns, const char *prefix, const char *name)
{
    const float mean[SCALE + 1] = {[LN_WEIGHT] = 1, [SCALE] = 4.6052f}; /* log 100 */
    const float fan_in = 1 / sqrtf((float)(columns ? columns : 1));
    const float deviation[] = {[MATRIX] = fan_in,  [SHARP] = 1.5f * fan_in, [PATCHES] = 2 * fan_in, [BIAS] = 0.1f,
                               [LN_WEIGHT] = 0.2f, [EMBEDDING] = 1,         [POSITIONS] = 0.3f,     [SCALE] = 0};
    const size_t patches[] = {rows, 3, made->patch, made->patch}, matrix[] = {rows, columns};
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

static void add_blocks(const char *tower, size_t width, size_t layers)
{
    for (size_t layer = 0; layer < layers; layer++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s.encoder.layers.%zu.", tower, layer);
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
    const size_t width = made->vision_width, text_width = made->text_width, side = made->image / made->patch;
    add(SCALE, 1, 0, "", "logit_scale");
    add(EMBEDDING, width, 0, vision, "embeddings.class_embedding");
    add(PATCHES, width, 3 * made->patch * made->patch, vision, "embeddings.patch_embedding.weight");
    add(POSITIONS, side * side + 1, width, vision, "embeddings.position_embedding.weight");
    add_layernorm(vision, "pre_layrnorm", width);
    add_blocks("vision_model", width, made->vision_layers);
    add_layernorm(vision, "post_layernorm", width);
    add(MATRIX, DIM, width, "", "visual_projection.weight");
    add(EMBEDDING, VOCABULARY, text_width, text, "embeddings.token_embedding.weight");
    add(POSITIONS, CONTEXT, text_width, text, "embeddings.position_embedding.weight");
    add_blocks("text_model", text_width, made->text_layers);
    add_layernorm(text, "final_layer_norm", text_width);
    add(MATRIX, DIM, text_width, "", "text_projection.weight");
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
    char config[1024]; /* what is not said here are the reference's defaults */
    const int n = snprintf(
        config, sizeof config,
        "{\"architectures\": [\"CLIPModel\"], \"model_type\": \"clip\", \"projection_dim\": 512,\n"
        " \"vision_config\": {\"hidden_size\": %zu, \"num_hidden_layers\": %zu, \"num_attention_heads\": %zu,\n"
        "  \"intermediate_size\": %zu, \"image_size\": %zu, \"patch_size\": %zu, \"hidden_act\": \"%s\"},\n"
        " \"text_config\": {\"hidden_size\": %zu, \"num_hidden_layers\": %zu, \"num_attention_heads\": %zu,\n"
        "  \"intermediate_size\": %zu, \"hidden_act\": \"%s\"}}\n",
        made->vision_width, made->vision_layers, made->vision_width / 64, 4 * made->vision_width, made->image,
        made->patch, made->activation, made->text_width, made->text_layers, made->text_width / 64, 4 * made->text_width,
        made->activation);
    char *path = cs_path_join(directory, "config.json");
    bool done = path && n > 0 && cs_replace_file(path, config, (size_t)n, err) == CLIPSEARCH_OK;
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
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && argc > 2; i++)
        if (strcmp(shapes[i].name, argc > 3 ? argv[3] : "vit-b-32") == 0)
            made = &shapes[i];
    if (!made) {
        fprintf(stderr, "usage: random_model DIRECTORY BPE_DIRECTORY [SHAPE]\n");
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
