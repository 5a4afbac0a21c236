/* SPDX-License-Identifier: MIT
 * model_file.h - weight files of any size made on the spot: a header, and a hole for the data. */
#ifndef TESTS_MODEL_MODEL_FILE_H
#define TESTS_MODEL_MODEL_FILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* A safetensors file being put together. All tensors are F16. */
struct model_file {
    cs_buf header;
    size_t data;
};

struct model_file model_file_make(void);
void model_file_add(struct model_file *file, const char *name, int rank, const size_t *shape);

/* The sizes of a CLIP model. */
struct model_sizes {
    size_t vision_width, vision_layers, vision_mlp, image, patch;
    size_t text_width, text_layers, text_mlp, context, vocabulary;
    size_t dim;
};

/* Every tensor of such a model as transformers names it, or as OpenAI does. */
void model_file_add_hugging_face(struct model_file *file, const struct model_sizes *sizes);
void model_file_add_openai(struct model_file *file, const struct model_sizes *sizes);

/* Write it to `path` (the data is a hole that takes no space on disk) and free the file. */
bool model_file_write(struct model_file *file, const char *path);

#endif
