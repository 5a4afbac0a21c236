/* SPDX-License-Identifier: MIT
 * convert_config.c - the small files of a model directory in the Hugging Face layout. */
#include "convert/convert.h"

#include "base/decimal.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/replace.h"
#include "text/merges.h"
#include "text/tokenizer.h"

#include <string.h>

enum {
    MAX_MERGES_FILE = 64 << 20, /* expanded */
    NOT_MERGES = 514            /* ids that are no merges: 256 bytes, 256 at a word's end, start and end */
};

static void put_triple(cs_buf *buf, const char *key, const float values[3])
{
    cs_buf_printf(buf, "  \"%s\": [", key);
    for (int i = 0; i < 3; i++) {
        cs_buf_puts(buf, i ? ", " : "");
        cs_put_float(buf, values[i]);
    }
    cs_buf_puts(buf, "],\n");
}

/* What both towers have. */
static void put_tower(cs_buf *buf, const cs_tower_config *tower, size_t dim)
{
    cs_buf_printf(buf, "    \"hidden_act\": \"%s\",\n    \"hidden_size\": %zu,\n    \"intermediate_size\": %zu,\n",
                  tower->activation == CS_ACT_GELU ? "gelu" : "quick_gelu", tower->width, tower->mlp);
    cs_buf_puts(buf, "    \"layer_norm_eps\": ");
    cs_put_float(buf, tower->layernorm_eps);
    cs_buf_printf(buf, ",\n    \"num_attention_heads\": %zu,\n    \"num_hidden_layers\": %zu,\n", tower->heads,
                  tower->layers);
    cs_buf_printf(buf, "    \"projection_dim\": %zu,\n", dim);
}

static clipsearch_status write_file(const char *directory, const char *name, cs_buf *text, clipsearch_error *err)
{
    char *path = text->failed ? NULL : cs_path_join(directory, name);
    clipsearch_status status = path ? cs_replace_file(path, text->data, text->len, err) : cs_fail_memory(err, name);
    cs_free(path);
    cs_buf_free(text);
    return status;
}

static clipsearch_status write_preprocessor(const cs_preprocess_config *preprocess, const char *to,
                                            clipsearch_error *err)
{
    static const int filters[] = {[CS_NEAREST] = 0, [CS_BILINEAR] = 2, [CS_BICUBIC] = 3}; /* Pillow's numbers */
    cs_buf buf = cs_buf_make(1 << 16);
    cs_buf_printf(&buf, "{\n  \"crop_size\": {\"height\": %zu, \"width\": %zu},\n", preprocess->crop, preprocess->crop);
    cs_buf_puts(&buf, "  \"do_center_crop\": true,\n  \"do_convert_rgb\": true,\n  \"do_normalize\": true,\n"
                      "  \"do_rescale\": true,\n  \"do_resize\": true,\n");
    put_triple(&buf, "image_mean", preprocess->mean);
    cs_buf_puts(&buf, "  \"image_processor_type\": \"CLIPImageProcessor\",\n");
    put_triple(&buf, "image_std", preprocess->std);
    cs_buf_printf(&buf,
                  "  \"resample\": %d,\n  \"rescale_factor\": 0.00392156862745098,\n"
                  "  \"size\": {\"shortest_edge\": %zu}\n}\n",
                  filters[preprocess->resample], preprocess->resize);
    return write_file(to, "preprocessor_config.json", &buf, err);
}

clipsearch_status cs_convert_config(const cs_clip_config *config, const char *type, const char *to,
                                    clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(1 << 16);
    cs_buf_printf(&buf,
                  "{\n  \"architectures\": [\"CLIPModel\"],\n  \"dtype\": \"%s\",\n  \"model_type\": \"clip\",\n"
                  "  \"projection_dim\": %zu,\n  \"text_config\": {\n    \"bos_token_id\": %d,\n"
                  "    \"eos_token_id\": %d,\n",
                  type, config->dim, config->start_token, config->end_token);
    put_tower(&buf, &config->text, config->dim);
    cs_buf_printf(&buf,
                  "    \"max_position_embeddings\": %zu,\n    \"model_type\": \"clip_text_model\",\n"
                  "    \"vocab_size\": %zu\n  },\n  \"vision_config\": {\n",
                  config->context_length, config->vocabulary);
    if (config->lite) {
        cs_buf_printf(&buf, "    \"image_size\": %zu,\n    \"model_type\": \"efficientnet_lite\"\n  }\n}\n",
                      config->image_size);
    } else {
        put_tower(&buf, &config->vision, config->dim);
        cs_buf_printf(&buf,
                      "    \"image_size\": %zu,\n    \"model_type\": \"clip_vision_model\",\n"
                      "    \"num_channels\": 3,\n    \"patch_size\": %zu\n  }\n}\n",
                      config->image_size, config->patch_size);
    }
    clipsearch_status status = write_file(to, "config.json", &buf, err);
    return status == CLIPSEARCH_OK ? write_preprocessor(&config->preprocess, to, err) : status;
}

static const char *const filter_words[] = {
    [CS_NEAREST] = "nearest", [CS_BILINEAR] = "bilinear", [CS_BICUBIC] = "bicubic"};

clipsearch_status cs_convert_image_config(const cs_image_config *config, const char *to, clipsearch_error *err)
{
    static const char *const metrics[] = {
        [CLIPSEARCH_COSINE] = "cosine", [CLIPSEARCH_IP] = "ip", [CLIPSEARCH_L2] = "l2"};
    const cs_preprocess_config *pre = &config->preprocess;
    cs_buf buf = cs_buf_make(1 << 16);
    cs_buf_printf(&buf, "{\n  \"normalize\": %s,\n  \"metric\": \"%s\",\n  \"preprocess\": {\n",
                  config->normalise ? "true" : "false", metrics[config->metric]);
    cs_buf_printf(&buf, "  \"resize\": %zu,\n  \"crop\": %zu,\n  \"squash\": %s,\n  \"interpolation\": \"%s\",\n",
                  pre->resize, pre->crop, pre->squash ? "true" : "false", filter_words[pre->resample]);
    put_triple(&buf, "mean", pre->mean);
    put_triple(&buf, "std", pre->std);
    cs_buf_printf(&buf, "  \"channels\": \"%s\",\n  \"scale\": %d\n  }\n}\n", pre->bgr ? "BGR" : "RGB",
                  pre->unscaled ? 255 : 1);
    return write_file(to, "clipsearch.json", &buf, err);
}

clipsearch_status cs_convert_resnet_config(const cs_clip_config *config, const char *to, clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(1 << 16);
    cs_buf_printf(&buf, "{\n  \"model_cfg\": {\n  \"embed_dim\": %zu,\n  \"quick_gelu\": %s,\n", config->dim,
                  config->text.activation == CS_ACT_GELU ? "false" : "true");
    cs_buf_printf(&buf, "  \"vision_cfg\": {\"image_size\": %zu, \"layers\": [%zu, %zu, %zu, %zu], \"width\": %zu, ",
                  config->image_size, config->resnet_stages[0], config->resnet_stages[1], config->resnet_stages[2],
                  config->resnet_stages[3], config->vision.width);
    cs_buf_printf(&buf, "\"head_width\": %zu},\n", CS_RESNET_SHRINK * config->vision.width / config->vision.heads);
    cs_buf_printf(&buf, "  \"text_cfg\": {\"context_length\": %zu, \"vocab_size\": %zu, \"width\": %zu, ",
                  config->context_length, config->vocabulary, config->text.width);
    cs_buf_printf(&buf, "\"heads\": %zu, \"layers\": %zu, \"mlp_ratio\": ", config->text.heads, config->text.layers);
    cs_put_double(&buf, (double)config->text.mlp / (double)config->text.width);
    cs_buf_puts(&buf, "}\n  },\n  \"preprocess_cfg\": {\n");
    put_triple(&buf, "mean", config->preprocess.mean);
    put_triple(&buf, "std", config->preprocess.std);
    cs_buf_printf(&buf, "  \"interpolation\": \"%s\"\n  }\n}\n", filter_words[config->preprocess.resample]);
    return write_file(to, "open_clip_config.json", &buf, err);
}

static clipsearch_status write_vocabulary(const cs_tokenizer *tokenizer, size_t vocabulary, const char *to,
                                          clipsearch_error *err)
{
    cs_buf buf = cs_buf_make(256 << 20);
    for (size_t id = 0; id < vocabulary; id++) {
        const char *piece = cs_tokenizer_piece(tokenizer, (int32_t)id);
        cs_buf_puts(&buf, id ? ", " : "{");
        cs_json_put_string(&buf, piece, strlen(piece));
        cs_buf_printf(&buf, ": %zu", id);
    }
    cs_buf_putc(&buf, '}');
    return write_file(to, "vocab.json", &buf, err);
}

/* A #version line as transformers writes it, then as many merges as the vocabulary has ids for. The file has at
 * least as many: the tokenizer has read it before. */
static clipsearch_status write_merges(const char *from, size_t merges, const char *to, clipsearch_error *err)
{
    cs_merges_file file;
    cs_buf buf = cs_buf_make(MAX_MERGES_FILE);
    clipsearch_status status = cs_merges_file_read(from, &file, err);
    if (status == CLIPSEARCH_OK) {
        const cs_buf text = file.lines;
        const char *at = text.len ? memchr(text.data, '\n', text.len) : NULL, *end = text.data + text.len;
        at = at ? at + 1 : end;
        cs_buf_puts(&buf, "#version: 0.2\n");
        for (size_t i = 0; i < merges && at < end; i++) {
            const char *stop = memchr(at, '\n', (size_t)(end - at));
            stop = stop ? stop : end;
            size_t n = (size_t)(stop - at);
            cs_buf_append(&buf, at, n && at[n - 1] == '\r' ? n - 1 : n);
            cs_buf_putc(&buf, '\n');
            at = stop < end ? stop + 1 : end;
        }
    }
    cs_merges_file_free(&file);
    if (status == CLIPSEARCH_OK)
        return write_file(to, "merges.txt", &buf, err);
    cs_buf_free(&buf);
    return status;
}

/* Of the two files as they are in `to` now. */
static clipsearch_status write_compiled(size_t vocabulary, const char *to, clipsearch_error *err)
{
    char *merges = cs_path_join(to, "merges.txt"), *vocab = cs_path_join(to, "vocab.json");
    clipsearch_status status = merges && vocab ? cs_compile_vocabulary(merges, vocab, vocabulary, to, err)
                                               : cs_fail_memory(err, "a conversion");
    cs_free(merges);
    cs_free(vocab);
    return status;
}

clipsearch_status cs_convert_vocabulary(const cs_model_dir *dir, const char *to, clipsearch_error *err)
{
    const cs_clip_config *config = &dir->config;
    cs_tokenizer *tokenizer;
    clipsearch_status status =
        cs_tokenizer_open(dir->merges, dir->vocab, config->vocabulary, config->context_length, &tokenizer, err);
    if (status != CLIPSEARCH_OK)
        return status;
    status = write_vocabulary(tokenizer, config->vocabulary, to, err);
    cs_tokenizer_close(&tokenizer);
    if (status == CLIPSEARCH_OK)
        status = write_merges(dir->merges, config->vocabulary - NOT_MERGES, to, err);
    return status == CLIPSEARCH_OK ? write_compiled(config->vocabulary, to, err) : status;
}
