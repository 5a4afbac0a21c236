/* SPDX-License-Identifier: MIT
 * model_file.c - weight files made on the spot. The names and shapes stand here a second time, on purpose: they are
 * those of the reference implementations, put down apart from the code under test. */
#include "model_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct model_file model_file_make(void)
{
    return (struct model_file){.header = cs_buf_make(1 << 24)};
}

void model_file_add(struct model_file *file, const char *name, int rank, const size_t *shape)
{
    size_t count = 1;
    cs_buf_printf(&file->header, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":[", file->header.len ? "," : "{", name);
    for (int i = 0; i < rank; i++) {
        cs_buf_printf(&file->header, i ? ",%zu" : "%zu", shape[i]);
        count *= shape[i];
    }
    cs_buf_printf(&file->header, "],\"data_offsets\":[%zu,%zu]}", file->data, file->data + 2 * count);
    file->data += 2 * count;
}

static void add1(struct model_file *file, const char *prefix, const char *name, size_t n)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    model_file_add(file, full, 1, &n);
}

static void add2(struct model_file *file, const char *prefix, const char *name, size_t rows, size_t columns)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    model_file_add(file, full, 2, (size_t[]){rows, columns});
}

/* A weight [out, in] and its bias [out]. */
static void add_linear(struct model_file *file, const char *prefix, const char *name, size_t out, size_t in)
{
    char full[256];
    snprintf(full, sizeof full, "%s.weight", name);
    add2(file, prefix, full, out, in);
    snprintf(full, sizeof full, "%s.bias", name);
    add1(file, prefix, full, out);
}

static void add_layernorm(struct model_file *file, const char *prefix, const char *name, size_t n)
{
    char full[256];
    snprintf(full, sizeof full, "%s.weight", name);
    add1(file, prefix, full, n);
    snprintf(full, sizeof full, "%s.bias", name);
    add1(file, prefix, full, n);
}

static void add_hugging_face_blocks(struct model_file *file, const char *tower, size_t layers, size_t w, size_t m)
{
    for (size_t i = 0; i < layers; i++) {
        char prefix[100];
        snprintf(prefix, sizeof prefix, "%s.encoder.layers.%zu.", tower, i);
        add_layernorm(file, prefix, "layer_norm1", w);
        add_linear(file, prefix, "self_attn.q_proj", w, w);
        add_linear(file, prefix, "self_attn.k_proj", w, w);
        add_linear(file, prefix, "self_attn.v_proj", w, w);
        add_linear(file, prefix, "self_attn.out_proj", w, w);
        add_layernorm(file, prefix, "layer_norm2", w);
        add_linear(file, prefix, "mlp.fc1", m, w);
        add_linear(file, prefix, "mlp.fc2", w, m);
    }
}

void model_file_add_hugging_face(struct model_file *file, const struct model_sizes *s)
{
    size_t grid = s->image / s->patch;
    model_file_add(file, "logit_scale", 0, NULL);
    add1(file, "", "vision_model.embeddings.class_embedding", s->vision_width);
    model_file_add(file, "vision_model.embeddings.patch_embedding.weight", 4,
                   (size_t[]){s->vision_width, 3, s->patch, s->patch});
    add2(file, "", "vision_model.embeddings.position_embedding.weight", grid * grid + 1, s->vision_width);
    add_layernorm(file, "", "vision_model.pre_layrnorm", s->vision_width);
    add_hugging_face_blocks(file, "vision_model", s->vision_layers, s->vision_width, s->vision_mlp);
    add_layernorm(file, "", "vision_model.post_layernorm", s->vision_width);
    add2(file, "", "visual_projection.weight", s->dim, s->vision_width);
    add2(file, "", "text_model.embeddings.token_embedding.weight", s->vocabulary, s->text_width);
    add2(file, "", "text_model.embeddings.position_embedding.weight", s->context, s->text_width);
    add_hugging_face_blocks(file, "text_model", s->text_layers, s->text_width, s->text_mlp);
    add_layernorm(file, "", "text_model.final_layer_norm", s->text_width);
    add2(file, "", "text_projection.weight", s->dim, s->text_width);
}

static void add_openai_blocks(struct model_file *file, const char *tower, size_t layers, size_t w, size_t m)
{
    for (size_t i = 0; i < layers; i++) {
        char prefix[100];
        snprintf(prefix, sizeof prefix, "%stransformer.resblocks.%zu.", tower, i);
        add_layernorm(file, prefix, "ln_1", w);
        add2(file, prefix, "attn.in_proj_weight", 3 * w, w);
        add1(file, prefix, "attn.in_proj_bias", 3 * w);
        add_linear(file, prefix, "attn.out_proj", w, w);
        add_layernorm(file, prefix, "ln_2", w);
        add_linear(file, prefix, "mlp.c_fc", m, w);
        add_linear(file, prefix, "mlp.c_proj", w, m);
    }
}

void model_file_add_openai(struct model_file *file, const struct model_sizes *s)
{
    size_t grid = s->image / s->patch;
    /* the official files hold these three as tensors too */
    model_file_add(file, "input_resolution", 0, NULL);
    model_file_add(file, "context_length", 0, NULL);
    model_file_add(file, "vocab_size", 0, NULL);
    model_file_add(file, "logit_scale", 0, NULL);
    add1(file, "", "visual.class_embedding", s->vision_width);
    model_file_add(file, "visual.conv1.weight", 4, (size_t[]){s->vision_width, 3, s->patch, s->patch});
    add2(file, "", "visual.positional_embedding", grid * grid + 1, s->vision_width);
    add_layernorm(file, "", "visual.ln_pre", s->vision_width);
    add_openai_blocks(file, "visual.", s->vision_layers, s->vision_width, s->vision_mlp);
    add_layernorm(file, "", "visual.ln_post", s->vision_width);
    add2(file, "", "visual.proj", s->vision_width, s->dim);
    add2(file, "", "token_embedding.weight", s->vocabulary, s->text_width);
    add2(file, "", "positional_embedding", s->context, s->text_width);
    add_openai_blocks(file, "", s->text_layers, s->text_width, s->text_mlp);
    add_layernorm(file, "", "ln_final", s->text_width);
    add2(file, "", "text_projection", s->text_width, s->dim);
}

bool model_file_write(struct model_file *file, const char *path)
{
    cs_buf_puts(&file->header, file->header.len ? "}" : "{}");
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(file->header.len >> (8 * i));
    int fd = file->header.failed ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, length, 8) == 8 &&
              write(fd, file->header.data, file->header.len) == (ssize_t)file->header.len &&
              ftruncate(fd, (off_t)(8 + file->header.len + file->data)) == 0;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    cs_buf_free(&file->header);
    return ok;
}
