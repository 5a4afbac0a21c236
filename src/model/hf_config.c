/* SPDX-License-Identifier: MIT
 * hf_config.c - config.json and preprocessor_config.json as transformers reads them for CLIPModel. */
#include "model/config_read.h"
#include "model/config_source.h"

#include <math.h>
#include <string.h>

/* Defaults are those of CLIPConfig, CLIPVisionConfig, CLIPTextConfig and CLIPImageProcessor in transformers 5.23: the
 * sizes of ViT-B/32. Configurations on the Hub leave out whatever equals them. */

static cs_activation read_activation(cs_config_reader *reader)
{
    const char *name = cs_config_string(reader, "hidden_act", "quick_gelu");
    if (strcmp(name, "quick_gelu") == 0)
        return CS_ACT_QUICK_GELU;
    if (strcmp(name, "gelu") != 0)
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "hidden_act",
                       "\"%.50s\" is not read, only \"quick_gelu\" and \"gelu\" are", name);
    return CS_ACT_GELU;
}

static void read_tower(cs_config_reader *reader, const cs_tower_config *defaults, cs_tower_config *tower)
{
    tower->width = cs_config_size(reader, "hidden_size", defaults->width, CS_MAX_WIDTH);
    tower->mlp = cs_config_size(reader, "intermediate_size", defaults->mlp, CS_MAX_MLP);
    tower->layers = cs_config_size(reader, "num_hidden_layers", defaults->layers, CS_MAX_LAYERS);
    tower->heads = cs_config_size(reader, "num_attention_heads", defaults->heads, CS_MAX_HEADS);
    tower->layernorm_eps = (float)cs_config_number(reader, "layer_norm_eps", 1e-5);
    tower->activation = read_activation(reader);
}

/* The object of one tower: text_config_dict and vision_config_dict, where old files have them, replace text_config and
 * vision_config altogether (CLIPConfig.__post_init__). */
static cs_config_reader tower_reader(cs_config_reader *top, const char *dict, const char *section)
{
    const cs_json *old = cs_config_object(top, dict);
    return cs_config_reader_make(top->file, old ? dict : section, old ? old : cs_config_object(top, section), top->err);
}

static void check_architecture(cs_config_reader *top)
{
    const cs_json *list = cs_config_get(top, "architectures");
    if (!list || list->type != CS_JSON_ARRAY || list->count == 0)
        return;
    for (const cs_json *item = list->first; item; item = item->next)
        if (item->type == CS_JSON_STRING && strcmp(item->string, "CLIPModel") == 0)
            return;
    cs_config_fail(top, CLIPSEARCH_E_UNSUPPORTED, "architectures", "is \"%.100s\", expected \"CLIPModel\"",
                   list->first->type == CS_JSON_STRING ? list->first->string : "");
}

/* The feature is taken at the end-of-text token, always the vocabulary's last. Old files say 2, which transformers too
 * reads as "the largest id"; an id outside the vocabulary is a default that nobody changed. */
static void check_end_token(cs_config_reader *text, size_t vocabulary)
{
    const cs_json *value = cs_config_get(text, "eos_token_id");
    if (value && value->type == CS_JSON_ARRAY && value->count == 1)
        value = value->first;
    if (!value)
        return;
    if (value->type != CS_JSON_NUMBER || !value->is_integer)
        cs_config_fail(text, CLIPSEARCH_E_MODEL, "eos_token_id", "expected a token id");
    else if (value->integer != 2 && value->integer >= 0 && (uint64_t)value->integer < vocabulary - 1)
        cs_config_fail(text, CLIPSEARCH_E_UNSUPPORTED, "eos_token_id",
                       "%lld is not the vocabulary's last id %zu, where CLIP's end-of-text token is",
                       (long long)value->integer, vocabulary - 1);
}

/* Our own kind of image tower: its sizes are those of its tensors (model_dir.c). */
static bool is_lite(cs_config_reader *vision)
{
    return strcmp(cs_config_string(vision, "model_type", ""), "efficientnet_lite") == 0;
}

static void read_vision(cs_config_reader *vision, cs_clip_config *config)
{
    static const cs_tower_config defaults = {.width = 768, .layers = 12, .heads = 12, .mlp = 3072};
    config->lite = is_lite(vision);
    config->image_size = cs_config_square(vision, "image_size", 224, CS_MAX_IMAGE);
    config->patch_size = CS_LITE_SHRINK;
    if (config->lite)
        return;
    read_tower(vision, &defaults, &config->vision);
    config->patch_size = cs_config_square(vision, "patch_size", 32, CS_MAX_IMAGE);
    if (cs_config_size(vision, "num_channels", 3, SIZE_MAX) != 3)
        cs_config_fail(vision, CLIPSEARCH_E_UNSUPPORTED, "num_channels", "only 3 (red, green, blue) are read");
}

clipsearch_status cs_hf_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                    clipsearch_error *err)
{
    static const cs_tower_config text_defaults = {.width = 512, .layers = 12, .heads = 8, .mlp = 2048};

    cs_config_reader top = cs_config_reader_make(file, "", root, err);
    check_architecture(&top);
    config->dim = cs_config_size(&top, "projection_dim", 512, CS_MAX_DIM);
    cs_config_reader vision = tower_reader(&top, "vision_config_dict", "vision_config");
    cs_config_reader text = tower_reader(&top, "text_config_dict", "text_config");
    if (top.status != CLIPSEARCH_OK)
        return top.status;

    read_vision(&vision, config);
    if (vision.status != CLIPSEARCH_OK)
        return vision.status;

    read_tower(&text, &text_defaults, &config->text);
    config->context_length = cs_config_size(&text, "max_position_embeddings", 77, CS_MAX_CONTEXT);
    config->vocabulary = cs_config_size(&text, "vocab_size", 49408, CS_MAX_VOCABULARY);
    check_end_token(&text, config->vocabulary);
    return text.status;
}

/* ---------------------------------------------------------------- preprocessor_config.json */

/* A step that CLIP always takes: a file that turns it off asks for a preprocessing that is not supported. */
static void must_be_true(cs_config_reader *reader, const char *key)
{
    if (!cs_config_bool(reader, key, true))
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, key, "false is not supported, only true is");
}

/* Pillow's numbers for the filters. */
static cs_resample read_resample(cs_config_reader *reader)
{
    double number = cs_config_number(reader, "resample", 3);
    if (number == 0)
        return CS_NEAREST;
    if (number == 2)
        return CS_BILINEAR;
    if (number != 3)
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "resample",
                       "%g is not supported, only 0 (nearest), 2 (bilinear) and 3 (bicubic) are", number);
    return CS_BICUBIC;
}

/* 224 or {"shortest_edge": 224}. */
static size_t read_resize(cs_config_reader *reader, size_t fallback)
{
    const cs_json *value = cs_config_get(reader, "size");
    if (!value || value->type != CS_JSON_OBJECT)
        return cs_config_size(reader, "size", fallback, CS_MAX_IMAGE);
    cs_config_reader size = cs_config_reader_make(reader->file, "size", value, reader->err);
    if (!cs_config_get(&size, "shortest_edge") || cs_config_get(&size, "longest_edge"))
        cs_config_fail(&size, CLIPSEARCH_E_UNSUPPORTED, "shortest_edge",
                       "expected this and no other, as CLIP resizes the short side and keeps the proportions");
    size_t resize = cs_config_size(&size, "shortest_edge", fallback, CS_MAX_IMAGE);
    reader->status = size.status;
    return resize;
}

/* 224 or {"height": 224, "width": 224}. */
static size_t read_crop(cs_config_reader *reader, size_t fallback)
{
    const cs_json *value = cs_config_get(reader, "crop_size");
    if (!value || value->type != CS_JSON_OBJECT)
        return cs_config_size(reader, "crop_size", fallback, CS_MAX_IMAGE);
    cs_config_reader crop = cs_config_reader_make(reader->file, "crop_size", value, reader->err);
    size_t height = cs_config_size(&crop, "height", 0, CS_MAX_IMAGE);
    size_t width = cs_config_size(&crop, "width", 0, CS_MAX_IMAGE);
    if (height != width)
        cs_config_fail(&crop, CLIPSEARCH_E_UNSUPPORTED, "width",
                       "%zu is not the height %zu, and only square crops are done", width, height);
    reader->status = crop.status;
    return height;
}

/* A processor of another model has other defaults, so its file cannot be read as CLIP's. */
static void check_processor(cs_config_reader *reader)
{
    static const char *const keys[] = {"image_processor_type", "feature_extractor_type"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *name = cs_config_string(reader, keys[i], "CLIP");
        if (strncmp(name, "CLIP", 4) != 0)
            cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, keys[i],
                           "\"%.100s\" is not read, only CLIP's own processors are", name);
    }
    if (cs_config_bool(reader, "use_square_size", false))
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "use_square_size", "true is not supported, only false is");
}

clipsearch_status cs_hf_preprocessor_read(const cs_json *root, const char *file, cs_clip_config *config,
                                          clipsearch_error *err)
{
    /* without a file the model's own size is meant; in a file, a missing size is transformers' default of 224 */
    config->preprocess = cs_clip_preprocess(root ? 224 : config->image_size);
    cs_config_reader reader = cs_config_reader_make(file, "", root, err);
    check_processor(&reader);
    must_be_true(&reader, "do_resize");
    must_be_true(&reader, "do_center_crop");
    must_be_true(&reader, "do_rescale");
    must_be_true(&reader, "do_normalize");
    must_be_true(&reader, "do_convert_rgb");
    double factor = cs_config_number(&reader, "rescale_factor", 1.0 / 255);
    if (fabs(factor * 255 - 1) > 1e-6) /* files write 1/255 with 15 digits or more */
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "rescale_factor", "%g is not supported, only 1/255 is",
                       factor);
    config->preprocess.resample = read_resample(&reader);
    config->preprocess.resize = read_resize(&reader, config->preprocess.resize);
    config->preprocess.crop = read_crop(&reader, config->preprocess.crop);
    cs_config_triple(&reader, "image_mean", false, config->preprocess.mean);
    cs_config_triple(&reader, "image_std", false, config->preprocess.std);
    return reader.status;
}
