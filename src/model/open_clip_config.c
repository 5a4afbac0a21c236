/* SPDX-License-Identifier: MIT
 * open_clip_config.c - open_clip_config.json, and the same without its outer model_cfg. */
#include "model/config_read.h"
#include "model/config_source.h"

#include <string.h>

/*
 * The keys are the fields of CLIPVisionCfg, CLIPTextCfg and PreprocessCfg in open_clip 3.3, and so are the defaults. A
 * key that asks for another network than plain CLIP is an error unless its value is plain CLIP's; an unknown key is an
 * error, as it is for open_clip itself, since it could change what the weights mean.
 */

typedef enum { READ, IGNORED, OFF, ABSENT, WORD } key_rule;

struct key {
    const char *name;
    key_rule rule; /* READ elsewhere; IGNORED: matters in training only or for what is refused anyway; OFF: must be
                         false; ABSENT: must be null or {}; WORD: must be `word` */
    const char *word;
};

static const struct key vision_keys[] = {
    {"layers", READ, NULL},
    {"width", READ, NULL},
    {"head_width", READ, NULL},
    {"mlp_ratio", READ, NULL},
    {"patch_size", READ, NULL},
    {"image_size", READ, NULL},
    {"timm_model_name", ABSENT, NULL},
    {"timm_model_pretrained", IGNORED, NULL},
    {"timm_pool", IGNORED, NULL},
    {"timm_proj", IGNORED, NULL},
    {"timm_proj_bias", IGNORED, NULL},
    {"timm_drop", IGNORED, NULL},
    {"timm_drop_path", IGNORED, NULL},
    {"patch_dropout", IGNORED, NULL},
    {"attn_pooler_queries", IGNORED, NULL},
    {"attn_pooler_heads", IGNORED, NULL},
    {"output_tokens", IGNORED, NULL},
    {"attentional_pool", OFF, NULL},
    {"no_ln_pre", OFF, NULL},
    {"final_ln_after_pool", OFF, NULL},
    {"global_average_pool", OFF, NULL}, /* these two of older versions */
    {"input_patchnorm", OFF, NULL},
    {"pos_embed_type", WORD, "learnable"},
    {"pool_type", WORD, "tok"},
};

static const struct key text_keys[] = {
    {"context_length", READ, NULL},
    {"vocab_size", READ, NULL},
    {"width", READ, NULL},
    {"heads", READ, NULL},
    {"layers", READ, NULL},
    {"mlp_ratio", READ, NULL},
    {"hf_model_name", ABSENT, NULL},
    {"hf_tokenizer_name", ABSENT, NULL},
    {"tokenizer_mode", ABSENT, NULL},
    {"tokenizer_kwargs", ABSENT, NULL},
    {"hf_model_pretrained", IGNORED, NULL},
    {"hf_proj_type", IGNORED, NULL},
    {"hf_pooler_type", IGNORED, NULL},
    {"pad_id", IGNORED, NULL}, /* these two serve poolings other than argmax */
    {"eos_id", IGNORED, NULL},
    {"output_tokens", IGNORED, NULL},
    {"embed_cls", OFF, NULL},
    {"no_causal_mask", OFF, NULL},
    {"final_ln_after_pool", OFF, NULL},
    {"proj_bias", OFF, NULL},
    {"pool_type", WORD, "argmax"},
    {"proj_type", WORD, "linear"},
};

/* Of both towers' blocks. */
static const struct key block_keys[] = {
    {"ls_init_value", ABSENT, NULL}, {"act_kwargs", ABSENT, NULL},    {"norm_kwargs", ABSENT, NULL},
    {"block_type", WORD, "default"}, {"qk_norm", OFF, NULL},          {"scaled_cosine_attn", OFF, NULL},
    {"scale_heads", OFF, NULL},      {"scale_attn_inner", OFF, NULL}, {"scale_attn", OFF, NULL},
    {"scale_fc", OFF, NULL},
};

static bool is_neutral(const struct key *key, const cs_json *value)
{
    switch (key->rule) {
    case OFF:
        return value->type == CS_JSON_BOOL && !value->boolean;
    case ABSENT:
        return value->type == CS_JSON_OBJECT && value->count == 0;
    case WORD:
        return value->type == CS_JSON_STRING && strcmp(value->string, key->word) == 0;
    default:
        return true;
    }
}

static const struct key *find_key(const struct key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static void refuse_key(cs_config_reader *reader, const struct key *key, const cs_json *value)
{
    if (value->type == CS_JSON_STRING)
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, key->name,
                       "\"%.100s\" is a kind of model that is not read; plain CLIP has %s here", value->string,
                       key->rule == WORD ? key->word : "nothing");
    else
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, key->name,
                       "this makes a kind of model that is not read; plain CLIP has %s here",
                       key->rule == WORD  ? key->word
                       : key->rule == OFF ? "false"
                                          : "nothing");
}

static void check_keys(cs_config_reader *reader, const struct key *keys, size_t count)
{
    for (const cs_json *member = reader->object->first; member; member = member->next) {
        const struct key *key = find_key(keys, count, member->key);
        if (!key)
            key = find_key(block_keys, sizeof block_keys / sizeof *block_keys, member->key);
        if (!key)
            cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, member->key, "unknown key, which may change the model");
        else if (member->type != CS_JSON_NULL && !is_neutral(key, member))
            refuse_key(reader, key, member);
    }
}

/* int(width * mlp_ratio), as the reference computes it. */
static size_t read_mlp(cs_config_reader *reader, size_t width)
{
    double mlp = (double)width * cs_config_number(reader, "mlp_ratio", 4);
    if (mlp >= 1 && mlp <= CS_MAX_MLP)
        return (size_t)mlp;
    cs_config_fail(reader, CLIPSEARCH_E_MODEL, "mlp_ratio", "makes an MLP of width %g, expected 1 to %d", mlp,
                   CS_MAX_MLP);
    return 0;
}

/* "layers": [3, 4, 6, 3] makes the image tower OpenAI's modified ResNet. */
static void read_resnet(cs_config_reader *reader, const cs_json *layers, cs_clip_config *config)
{
    size_t stage = 0;
    config->resnet = true;
    for (const cs_json *blocks = layers->first; blocks; blocks = blocks->next, stage++)
        if (stage < CS_RESNET_STAGES && blocks->type == CS_JSON_NUMBER && blocks->is_integer && blocks->integer >= 1 &&
            blocks->integer <= CS_MAX_LAYERS)
            config->resnet_stages[stage] = (size_t)blocks->integer;
    if (stage != CS_RESNET_STAGES)
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, "layers",
                       "a list makes a ResNet image tower, and of that %d numbers are expected, not %zu",
                       CS_RESNET_STAGES, stage);
    config->vision.width = cs_config_size(reader, "width", 64, CS_MAX_WIDTH / CS_RESNET_SHRINK);
    size_t head_width = cs_config_size(reader, "head_width", 64, CS_MAX_WIDTH);
    config->vision.heads = CS_RESNET_SHRINK * config->vision.width / head_width;
    config->image_size = cs_config_square(reader, "image_size", 224, CS_MAX_IMAGE);
    config->patch_size = CS_RESNET_SHRINK;
}

static void read_vision(cs_config_reader *reader, cs_clip_config *config)
{
    cs_tower_config *tower = &config->vision;
    const cs_json *layers = cs_config_get(reader, "layers");
    check_keys(reader, vision_keys, sizeof vision_keys / sizeof *vision_keys);
    if (layers && layers->type == CS_JSON_ARRAY) {
        read_resnet(reader, layers, config);
        return;
    }
    tower->width = cs_config_size(reader, "width", 768, CS_MAX_WIDTH);
    tower->layers = cs_config_size(reader, "layers", 12, CS_MAX_LAYERS);
    size_t head_width = cs_config_size(reader, "head_width", 64, CS_MAX_WIDTH);
    if (head_width > tower->width)
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, "head_width", "%zu is more than the width %zu", head_width,
                       tower->width);
    tower->heads = tower->width / head_width;
    tower->mlp = read_mlp(reader, tower->width);
    config->image_size = cs_config_square(reader, "image_size", 224, CS_MAX_IMAGE);
    config->patch_size = cs_config_square(reader, "patch_size", 16, CS_MAX_IMAGE);
}

static void read_text(cs_config_reader *reader, cs_clip_config *config)
{
    cs_tower_config *tower = &config->text;
    check_keys(reader, text_keys, sizeof text_keys / sizeof *text_keys);
    tower->width = cs_config_size(reader, "width", 512, CS_MAX_WIDTH);
    tower->layers = cs_config_size(reader, "layers", 12, CS_MAX_LAYERS);
    tower->heads = cs_config_size(reader, "heads", 8, CS_MAX_HEADS);
    tower->mlp = read_mlp(reader, tower->width);
    config->context_length = cs_config_size(reader, "context_length", 77, CS_MAX_CONTEXT);
    config->vocabulary = cs_config_size(reader, "vocab_size", 49408, CS_MAX_VOCABULARY);
}

/* A size in this object is ignored, as by the reference: the model's own image_size is used. */
static void read_preprocess(cs_config_reader *reader, cs_clip_config *config)
{
    config->preprocess = cs_clip_preprocess(config->image_size);
    cs_config_triple(reader, "mean", true, config->preprocess.mean);
    cs_config_triple(reader, "std", true, config->preprocess.std);
    const char *interpolation = cs_config_string(reader, "interpolation", "bicubic");
    if (strcmp(interpolation, "bilinear") == 0)
        config->preprocess.resample = CS_BILINEAR;
    else if (strcmp(interpolation, "bicubic") != 0 && strcmp(interpolation, "random") != 0)
        /* "random" is for training only; otherwise the reference uses bicubic */
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "interpolation",
                       "\"%.50s\" is not supported, only \"bicubic\" and \"bilinear\" are", interpolation);
    const char *mode = cs_config_string(reader, "resize_mode", "shortest");
    if (strcmp(mode, "shortest") != 0)
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "resize_mode",
                       "\"%.50s\" is not supported, only \"shortest\" is", mode);
    const char *colours = cs_config_string(reader, "mode", "RGB");
    if (strcmp(colours, "RGB") != 0)
        cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "mode", "\"%.50s\" is not supported, only \"RGB\" is",
                       colours);
}

/* The object `key` of `outer`, which must be there. */
static cs_config_reader inner_reader(cs_config_reader *outer, const char *key)
{
    const cs_json *object = cs_config_object(outer, key);
    if (!object)
        cs_config_fail(outer, CLIPSEARCH_E_MODEL, key, "is missing");
    return cs_config_reader_make(outer->file, key, object, outer->err);
}

clipsearch_status cs_open_clip_config_read(const cs_json *root, const char *file, cs_clip_config *config,
                                           clipsearch_error *err)
{
    cs_config_reader top = cs_config_reader_make(file, "", root, err);
    const cs_json *model_cfg = cs_config_object(&top, "model_cfg");
    cs_config_reader model =
        cs_config_reader_make(file, model_cfg ? "model_cfg" : "", model_cfg ? model_cfg : root, err);
    if (cs_config_get(&model, "multimodal_cfg"))
        cs_config_fail(&model, CLIPSEARCH_E_UNSUPPORTED, "multimodal_cfg", "a CoCa model, which is not read");
    config->dim = cs_config_size(&model, "embed_dim", 0, CS_MAX_DIM);
    bool quick_gelu = cs_config_bool(&model, "quick_gelu", false);
    cs_config_reader vision = inner_reader(&model, "vision_cfg"), text = inner_reader(&model, "text_cfg");
    cs_config_reader preprocess =
        cs_config_reader_make(file, "preprocess_cfg", cs_config_object(&top, "preprocess_cfg"), err);
    if (top.status != CLIPSEARCH_OK || model.status != CLIPSEARCH_OK)
        return top.status != CLIPSEARCH_OK ? top.status : model.status;

    read_vision(&vision, config);
    if (vision.status != CLIPSEARCH_OK)
        return vision.status;
    read_text(&text, config);
    if (text.status != CLIPSEARCH_OK)
        return text.status;
    config->vision.activation = config->text.activation = quick_gelu ? CS_ACT_QUICK_GELU : CS_ACT_GELU;
    config->vision.layernorm_eps = config->text.layernorm_eps = 1e-5F; /* torch.nn.LayerNorm's default */
    read_preprocess(&preprocess, config);
    return preprocess.status;
}
