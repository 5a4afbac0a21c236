/* SPDX-License-Identifier: MIT
 * test_clip_config.c - configurations of transformers and open_clip: sizes, defaults, and what is refused. */
#include "base/json.h"
#include "model/config_source.h"
#include "tap.h"

#include <string.h>

/* Reads one JSON text of a source; preprocessor texts are read for a model of 224 pixels. */
static clipsearch_status read_text(const char *source, const char *text, cs_clip_config *config, clipsearch_error *err)
{
    cs_json_document *document;
    *config = (cs_clip_config){.image_size = 224};
    clipsearch_status status = cs_json_parse(text, strlen(text), "c.json", 10000, &document, err);
    if (status != CLIPSEARCH_OK)
        return status;
    const cs_json *root = cs_json_root(document);
    if (strcmp(source, "hf") == 0) {
        status = cs_hf_config_read(root, "c.json", config, err);
        if (status == CLIPSEARCH_OK)
            status = cs_hf_preprocessor_read(NULL, "c.json", config, err);
    } else if (strcmp(source, "pre") == 0) {
        status = cs_hf_config_read(NULL, "c.json", config, err);
        if (status == CLIPSEARCH_OK)
            status = cs_hf_preprocessor_read(root, "c.json", config, err);
    } else {
        status = cs_open_clip_config_read(root, "c.json", config, err);
    }
    if (status == CLIPSEARCH_OK)
        status = cs_clip_config_finish(config, "c.json", err);
    cs_json_close(&document);
    return status;
}

/* ---------------------------------------------------------------- models people use */

#define EXTRA                                                                                                          \
    "\"_name_or_path\":\"\",\"add_cross_attention\":false,\"bad_words_ids\":null,\"chunk_size_feed_forward\":0,"       \
    "\"dropout\":0.0,\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\"},\"is_decoder\":false,\"length_penalty\":1.0,"  \
    "\"torch_dtype\":null,\"use_bfloat16\":false,"

static const struct {
    const char *name, *source, *text;
    size_t dim, image, patch;
    size_t vision_width, vision_layers, vision_heads, vision_mlp;
    size_t text_width, text_layers, text_heads, text_mlp;
    cs_activation activation;
} models[] = {
    {"ViT-B/32, transformers, with the many keys of old files", "hf",
     "{\"_commit_hash\":null,\"architectures\":[\"CLIPModel\"],\"initializer_factor\":1.0,\"logit_scale_init_value\":2."
     "6592,"
     "\"model_type\":\"clip\",\"projection_dim\":512,\"text_config\":{" EXTRA "\"attention_dropout\":0.0,"
     "\"bos_token_id\":0,\"eos_token_id\":2,\"hidden_act\":\"quick_gelu\",\"hidden_size\":512,\"intermediate_size\":"
     "2048,"
     "\"layer_norm_eps\":1e-05,\"max_position_embeddings\":77,\"model_type\":\"clip_text_model\",\"num_attention_"
     "heads\":8,"
     "\"num_hidden_layers\":12,\"pad_token_id\":1,\"projection_dim\":512,\"vocab_size\":49408},\"text_config_dict\":"
     "null,"
     "\"vision_config\":{" EXTRA "\"hidden_act\":\"quick_gelu\",\"hidden_size\":768,\"image_size\":224,"
     "\"intermediate_size\":3072,\"layer_norm_eps\":1e-05,\"model_type\":\"clip_vision_model\",\"num_attention_heads\":"
     "12,"
     "\"num_hidden_layers\":12,\"patch_size\":32,\"projection_dim\":512},\"vision_config_dict\":null}",
     512, 224, 32, 768, 12, 12, 3072, 512, 12, 8, 2048, CS_ACT_QUICK_GELU},
    {"ViT-B/32, transformers, all by default", "hf", "{\"model_type\":\"clip\"}", 512, 224, 32, 768, 12, 12, 3072, 512,
     12, 8, 2048, CS_ACT_QUICK_GELU},
    {"ViT-B/16, transformers", "hf",
     "{\"model_type\":\"clip\",\"projection_dim\":512,\"text_config\":{\"model_type\":\"clip_text_model\"},\"vision_"
     "config\":"
     "{\"model_type\":\"clip_vision_model\",\"patch_size\":16}}",
     512, 224, 16, 768, 12, 12, 3072, 512, 12, 8, 2048, CS_ACT_QUICK_GELU},
    {"ViT-L/14, transformers, with *_config_dict", "hf",
     "{\"architectures\":[\"CLIPModel\"],\"model_type\":\"clip\",\"projection_dim\":768,\"text_config\":{\"hidden_"
     "size\":1,"
     "\"num_hidden_layers\":99},\"text_config_dict\":{\"hidden_size\":768,\"intermediate_size\":3072,\"num_attention_"
     "heads\":12,"
     "\"num_hidden_layers\":12,\"projection_dim\":768},\"vision_config\":{\"image_size\":336},\"vision_config_dict\":{"
     "\"hidden_size\":1024,\"intermediate_size\":4096,\"num_attention_heads\":16,\"num_hidden_layers\":24,\"patch_"
     "size\":14,"
     "\"projection_dim\":768}}",
     768, 224, 14, 1024, 24, 16, 4096, 768, 12, 12, 3072, CS_ACT_QUICK_GELU},
    {"ViT-L/14 at 336, transformers", "hf",
     "{\"architectures\":[\"CLIPModel\"],\"model_type\":\"clip\",\"projection_dim\":768,\"text_config\":{\"hidden_"
     "size\":768,"
     "\"intermediate_size\":3072,\"num_attention_heads\":12,\"eos_token_id\":49407},\"vision_config\":{\"hidden_size\":"
     "1024,"
     "\"image_size\":336,\"intermediate_size\":4096,\"num_attention_heads\":16,\"num_hidden_layers\":24,\"patch_size\":"
     "14}}",
     768, 336, 14, 1024, 24, 16, 4096, 768, 12, 12, 3072, CS_ACT_QUICK_GELU},
    {"ViT-H/14 of LAION, transformers", "hf",
     "{\"architectures\":[\"CLIPModel\"],\"model_type\":\"clip\",\"projection_dim\":1024,\"text_config\":{\"hidden_"
     "act\":\"gelu\","
     "\"hidden_size\":1024,\"intermediate_size\":4096,\"num_attention_heads\":16,\"num_hidden_layers\":24},\"vision_"
     "config\":{"
     "\"hidden_act\":\"gelu\",\"hidden_size\":1280,\"intermediate_size\":5120,\"num_attention_heads\":16,"
     "\"num_hidden_layers\":32,\"patch_size\":14}}",
     1024, 224, 14, 1280, 32, 16, 5120, 1024, 24, 16, 4096, CS_ACT_GELU},
    {"ViT-B/32, open_clip", "open_clip",
     "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{\"image_size\":224,\"layers\":12,\"width\":768,\"patch_size\":"
     "32},"
     "\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,\"width\":512,\"heads\":8,\"layers\":12}},\"preprocess_"
     "cfg\":{"
     "\"mean\":[0.48145466,0.4578275,0.40821073],\"std\":[0.26862954,0.26130258,0.27577711]}}",
     512, 224, 32, 768, 12, 12, 3072, 512, 12, 8, 2048, CS_ACT_GELU},
    {"ViT-B/16, open_clip, all by default", "open_clip", "{\"embed_dim\":512,\"vision_cfg\":{},\"text_cfg\":{}}", 512,
     224, 16, 768, 12, 12, 3072, 512, 12, 8, 2048, CS_ACT_GELU},
    {"ViT-L/14 quickgelu, open_clip without the outer object", "open_clip",
     "{\"embed_dim\":768,\"quick_gelu\":true,\"vision_cfg\":{\"image_size\":224,\"layers\":24,\"width\":1024,\"patch_"
     "size\":14},"
     "\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,\"width\":768,\"heads\":12,\"layers\":12}}",
     768, 224, 14, 1024, 24, 16, 4096, 768, 12, 12, 3072, CS_ACT_QUICK_GELU},
    {"ViT-bigG/14, open_clip: head_width and an odd mlp_ratio", "open_clip",
     "{\"model_cfg\":{\"embed_dim\":1280,\"vision_cfg\":{\"image_size\":224,\"layers\":48,\"width\":1664,\"head_"
     "width\":104,"
     "\"mlp_ratio\":4.9231,\"patch_size\":14},\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,\"width\":1280,"
     "\"heads\":20,\"layers\":32}}}",
     1280, 224, 14, 1664, 48, 16, 8192, 1280, 32, 20, 5120, CS_ACT_GELU},
    {"open_clip: keys that say what plain CLIP has", "open_clip",
     "{\"model_cfg\":{\"embed_dim\":512,\"custom_text\":true,\"init_logit_scale\":2.6,\"vision_cfg\":{\"image_size\":["
     "224,224],"
     "\"layers\":12,\"width\":768,\"patch_size\":[32,32],\"ls_init_value\":null,\"patch_dropout\":0.5,\"attentional_"
     "pool\":false,"
     "\"pool_type\":\"tok\",\"pos_embed_type\":\"learnable\",\"act_kwargs\":{},\"qk_norm\":false,\"timm_model_name\":"
     "null,"
     "\"timm_pool\":\"avg\",\"block_type\":\"default\"},\"text_cfg\":{\"pool_type\":\"argmax\",\"proj_type\":"
     "\"linear\","
     "\"proj_bias\":false,\"hf_model_name\":null,\"pad_id\":0,\"eos_id\":2,\"tokenizer_kwargs\":{}}},\"preprocess_"
     "cfg\":null}",
     512, 224, 32, 768, 12, 12, 3072, 512, 12, 8, 2048, CS_ACT_GELU},
};

static bool same_tower(const cs_tower_config *tower, size_t width, size_t layers, size_t heads, size_t mlp,
                       cs_activation activation)
{
    return tower->width == width && tower->layers == layers && tower->heads == heads && tower->mlp == mlp &&
           tower->activation == activation && tower->layernorm_eps == 1e-5F;
}

static void test_resnet(void)
{
    clipsearch_error err = {0};
    cs_clip_config c;
    TAP_OK(read_text("open_clip",
                     "{\"embed_dim\":1024,\"quick_gelu\":true,\"vision_cfg\":{\"image_size\":224,\"layers\":[3,4,6,3],"
                     "\"width\":64,\"patch_size\":null},\"text_cfg\":{\"context_length\":77,\"vocab_size\":49408,"
                     "\"width\":512,\"heads\":8,\"layers\":12}}",
                     &c, &err) == CLIPSEARCH_OK,
           "RN50 %s", err.message);
    TAP_OK(c.resnet && c.resnet_stages[0] == 3 && c.resnet_stages[1] == 4 && c.resnet_stages[2] == 6 &&
               c.resnet_stages[3] == 3 && c.vision.width == 64 && c.vision.heads == 32 && c.image_size == 224,
           "RN50: image tower");
    TAP_OK(same_tower(&c.text, 512, 12, 8, 2048, CS_ACT_QUICK_GELU) && c.dim == 1024, "RN50: text tower");
}

static void test_models(void)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        clipsearch_error err = {0};
        cs_clip_config c;
        TAP_OK(read_text(models[i].source, models[i].text, &c, &err) == CLIPSEARCH_OK, "%s %s", models[i].name,
               err.message);
        TAP_OK(c.dim == models[i].dim && c.image_size == models[i].image && c.patch_size == models[i].patch &&
                   c.context_length == 77 && c.vocabulary == 49408 && c.start_token == 49406 && c.end_token == 49407,
               "%s: sizes", models[i].name);
        TAP_OK(same_tower(&c.vision, models[i].vision_width, models[i].vision_layers, models[i].vision_heads,
                          models[i].vision_mlp, models[i].activation),
               "%s: image tower", models[i].name);
        TAP_OK(same_tower(&c.text, models[i].text_width, models[i].text_layers, models[i].text_heads,
                          models[i].text_mlp, models[i].activation),
               "%s: text tower", models[i].name);
        TAP_OK(c.preprocess.resample == CS_BICUBIC && c.preprocess.resize == models[i].image &&
                   c.preprocess.crop == models[i].image && c.preprocess.mean[0] == 0.48145466F &&
                   c.preprocess.mean[2] == 0.40821073F && c.preprocess.std[1] == 0.26130258F,
               "%s: preprocessing", models[i].name);
    }
}

/* ---------------------------------------------------------------- preprocessing */

static void test_preprocessing(void)
{
    static const struct {
        const char *source, *text;
        cs_preprocess_config expected;
    } cases[] = {
        {"pre",
         "{}",
         {CS_BICUBIC,
          224,
          224,
          {0.48145466F, 0.4578275F, 0.40821073F},
          {0.26862954F, 0.26130258F, 0.27577711F},
          false,
          false,
          false}},
        {"pre",
         "{\"crop_size\":224,\"do_center_crop\":true,\"do_normalize\":true,\"do_resize\":true,\"feature_extractor_"
         "type\":"
         "\"CLIPFeatureExtractor\",\"image_mean\":[0.1,0.2,0.3],\"image_std\":[1,2,3],\"resample\":2,\"size\":256}",
         {CS_BILINEAR, 256, 224, {0.1F, 0.2F, 0.3F}, {1, 2, 3}, false, false, false}},
        {"pre",
         "{\"crop_size\":{\"height\":224,\"width\":224},\"do_convert_rgb\":true,\"do_rescale\":true,\"image_processor_"
         "type\":"
         "\"CLIPImageProcessorFast\",\"resample\":0,\"rescale_factor\":0.00392156862745098,\"size\":{\"shortest_edge\":"
         "230},"
         "\"image_mean\":[0,0,0],\"image_std\":[1,1,1],\"unknown\":[{}]}",
         {CS_NEAREST, 230, 224, {0, 0, 0}, {1, 1, 1}, false, false, false}},
        {"open_clip",
         "{\"model_cfg\":{\"embed_dim\":8,\"vision_cfg\":{\"image_size\":240},\"text_cfg\":{}},\"preprocess_cfg\":{"
         "\"mean\":0.5,"
         "\"std\":[0.25,0.5,1],\"interpolation\":\"bilinear\",\"resize_mode\":\"shortest\",\"size\":224,\"mode\":"
         "\"RGB\","
         "\"fill_color\":0}}",
         {CS_BILINEAR, 240, 240, {0.5F, 0.5F, 0.5F}, {0.25F, 0.5F, 1}, false, false, false}},
        {"open_clip",
         "{\"model_cfg\":{\"embed_dim\":8,\"vision_cfg\":{},\"text_cfg\":{}},\"preprocess_cfg\":{\"interpolation\":"
         "\"random\"}}",
         {CS_BICUBIC,
          224,
          224,
          {0.48145466F, 0.4578275F, 0.40821073F},
          {0.26862954F, 0.26130258F, 0.27577711F},
          false,
          false,
          false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clipsearch_error err = {0};
        cs_clip_config c;
        const cs_preprocess_config *p = &c.preprocess, *q = &cases[i].expected;
        bool read = read_text(cases[i].source, cases[i].text, &c, &err) == CLIPSEARCH_OK;
        TAP_OK(read && p->resample == q->resample && p->resize == q->resize && p->crop == q->crop &&
                   memcmp(p->mean, q->mean, sizeof p->mean) == 0 && memcmp(p->std, q->std, sizeof p->std) == 0,
               "preprocessing %zu %s", i, err.message);
    }
}

/* ---------------------------------------------------------------- refusals */

#define MODEL CLIPSEARCH_E_MODEL
#define UNSUPPORTED CLIPSEARCH_E_UNSUPPORTED
#define VISION(keys) "{\"model_type\":\"clip\",\"vision_config\":{" keys "}}"
#define TEXT(keys) "{\"model_type\":\"clip\",\"text_config\":{" keys "}}"
#define OC_VISION(keys) "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{" keys "},\"text_cfg\":{}}}"
#define OC_TEXT(keys) "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{},\"text_cfg\":{" keys "}}}"
#define OC_PRE(keys)                                                                                                   \
    "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{},\"text_cfg\":{}},\"preprocess_cfg\":{" keys "}}"

static const struct {
    const char *source, *text;
    clipsearch_status status;
    const char *message;
} refusals[] = {
    {"hf", "{\"projection_dim\":0}", MODEL, "c.json: projection_dim: expected a whole number from 1 to 4096, found 0"},
    {"hf", "{\"projection_dim\":4097}", MODEL, "projection_dim"},
    {"hf", "{\"projection_dim\":1e3}", MODEL, "projection_dim"},
    {"hf", "{\"vision_config\":[]}", MODEL, "vision_config: expected an object, found an array"},
    {"hf", "{\"text_config_dict\":7}", MODEL, "text_config_dict: expected an object, found a number"},
    {"hf", "{\"architectures\":[\"CLIPForImageClassification\"]}", UNSUPPORTED,
     "\"CLIPForImageClassification\", expected"},
    {"hf", VISION("\"hidden_size\":-768"), MODEL,
     "vision_config.hidden_size: expected a whole number from 1 to 8192, found -768"},
    {"hf", VISION("\"hidden_size\":12.5"), MODEL, "vision_config.hidden_size: "},
    {"hf", VISION("\"hidden_size\":\"768\""), MODEL,
     "vision_config.hidden_size: expected a whole number from 1 to 8192, found a string"},
    {"hf", VISION("\"hidden_size\":8193"), MODEL, "vision_config.hidden_size"},
    {"hf", VISION("\"hidden_size\":99999999999999999999"), MODEL, "vision_config.hidden_size"},
    {"hf", VISION("\"num_hidden_layers\":257"), MODEL, "vision_config.num_hidden_layers"},
    {"hf", VISION("\"num_hidden_layers\":0"), MODEL, "vision_config.num_hidden_layers"},
    {"hf", VISION("\"num_attention_heads\":0"), MODEL, "vision_config.num_attention_heads"},
    {"hf", VISION("\"num_attention_heads\":7"), MODEL, "the image tower's width 768 is not a multiple of its 7 heads"},
    {"hf", VISION("\"intermediate_size\":65537"), MODEL, "vision_config.intermediate_size"},
    {"hf", VISION("\"hidden_act\":\"relu\""), UNSUPPORTED, "vision_config.hidden_act: \"relu\" is not read"},
    {"hf", VISION("\"hidden_act\":\"gelu_pytorch_tanh\""), UNSUPPORTED, "vision_config.hidden_act"},
    {"hf", VISION("\"hidden_act\":1"), MODEL, "vision_config.hidden_act: expected a string"},
    {"hf", VISION("\"layer_norm_eps\":0"), MODEL, "LayerNorm epsilon"},
    {"hf", VISION("\"layer_norm_eps\":-1e-5"), MODEL, "LayerNorm epsilon"},
    {"hf", VISION("\"layer_norm_eps\":1e-60"), MODEL, "LayerNorm epsilon"},
    {"hf", VISION("\"num_channels\":1"), UNSUPPORTED, "vision_config.num_channels"},
    {"hf", VISION("\"image_size\":2049"), MODEL, "vision_config.image_size"},
    {"hf", VISION("\"image_size\":[224,336]"), UNSUPPORTED, "vision_config.image_size: 224 x 336 is no square"},
    {"hf", VISION("\"image_size\":[224,0]"), MODEL, "vision_config.image_size"},
    {"hf", VISION("\"image_size\":[224]"), MODEL, "vision_config.image_size"},
    {"hf", VISION("\"patch_size\":0"), MODEL, "vision_config.patch_size"},
    {"hf", VISION("\"patch_size\":225"), MODEL, "the patch size is 225, expected 1 to 224"},
    {"hf", TEXT("\"vocab_size\":1048577"), MODEL, "text_config.vocab_size"},
    {"hf", TEXT("\"vocab_size\":1"), MODEL, "the vocabulary is 1, expected 2 to"},
    {"hf", TEXT("\"max_position_embeddings\":4097"), MODEL, "text_config.max_position_embeddings"},
    {"hf", TEXT("\"max_position_embeddings\":1"), MODEL, "the context length is 1"},
    {"hf", TEXT("\"eos_token_id\":100"), UNSUPPORTED,
     "text_config.eos_token_id: 100 is not the vocabulary's last id 49407"},
    {"hf", TEXT("\"eos_token_id\":\"x\""), MODEL, "text_config.eos_token_id"},
    {"hf", TEXT("\"num_attention_heads\":5"), MODEL, "the text tower's width 512 is not a multiple of its 5 heads"},

    {"pre", "{\"do_resize\":false}", UNSUPPORTED, "c.json: do_resize: false"},
    {"pre", "{\"do_center_crop\":false}", UNSUPPORTED, "c.json: do_center_crop: false"},
    {"pre", "{\"do_rescale\":false}", UNSUPPORTED, "c.json: do_rescale: false"},
    {"pre", "{\"do_normalize\":false}", UNSUPPORTED, "c.json: do_normalize: false"},
    {"pre", "{\"do_convert_rgb\":false}", UNSUPPORTED, "c.json: do_convert_rgb: false"},
    {"pre", "{\"do_resize\":1}", MODEL, "do_resize: expected true or false, found a number"},
    {"pre", "{\"rescale_factor\":1}", UNSUPPORTED, "rescale_factor"},
    {"pre", "{\"resample\":1}", UNSUPPORTED, "resample: 1 is not supported"},
    {"pre", "{\"resample\":\"bicubic\"}", MODEL, "resample"},
    {"pre", "{\"size\":{\"height\":224,\"width\":224}}", UNSUPPORTED, "size.shortest_edge"},
    {"pre", "{\"size\":{\"shortest_edge\":224,\"longest_edge\":300}}", UNSUPPORTED, "size.shortest_edge"},
    {"pre", "{\"size\":{\"shortest_edge\":-1}}", MODEL, "size.shortest_edge: expected a whole number"},
    {"pre", "{\"size\":[224,224]}", MODEL, "size: expected a whole number from 1 to 2048, found an array"},
    {"pre", "{\"size\":200}", UNSUPPORTED, "resized to 200 pixels and cropped to 224"},
    {"pre", "{\"crop_size\":{\"height\":224,\"width\":225}}", UNSUPPORTED,
     "crop_size.width: 225 is not the height 224"},
    {"pre", "{\"crop_size\":{\"height\":224}}", MODEL, "crop_size.width: is missing"},
    {"pre", "{\"crop_size\":240,\"size\":240}", MODEL, "cropped to 240 pixels, but the model's image_size is 224"},
    {"pre", "{\"image_mean\":[0.5,0.5]}", MODEL, "image_mean: expected a list of three numbers"},
    {"pre", "{\"image_mean\":0.5}", MODEL, "image_mean"},
    {"pre", "{\"image_mean\":[0.5,0.5,\"0.5\"]}", MODEL, "image_mean"},
    {"pre", "{\"image_mean\":[0.5,0.5,1e39]}", MODEL, "image_mean"},
    {"pre", "{\"image_std\":[0.5,0,0.5]}", MODEL, "standard deviation is 0"},
    {"pre", "{\"image_std\":[0.5,-1,0.5]}", MODEL, "standard deviation is -1"},
    {"pre", "{\"image_processor_type\":\"SiglipImageProcessor\"}", UNSUPPORTED,
     "image_processor_type: \"SiglipImageProcessor\""},
    {"pre", "{\"feature_extractor_type\":\"ViTFeatureExtractor\"}", UNSUPPORTED, "feature_extractor_type"},
    {"pre", "{\"use_square_size\":true}", UNSUPPORTED, "use_square_size"},

    {"open_clip", "{\"model_cfg\":{\"vision_cfg\":{},\"text_cfg\":{}}}", MODEL, "model_cfg.embed_dim: is missing"},
    {"open_clip", "{\"model_cfg\":{\"embed_dim\":512,\"text_cfg\":{}}}", MODEL, "model_cfg.vision_cfg: is missing"},
    {"open_clip", "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{},\"text_cfg\":[]}}", MODEL,
     "model_cfg.text_cfg: expected an object"},
    {"open_clip", "{\"model_cfg\":{\"embed_dim\":512,\"vision_cfg\":{},\"text_cfg\":{},\"multimodal_cfg\":{}}}",
     UNSUPPORTED, "CoCa"},
    {"open_clip", OC_VISION("\"layers\":[3,4,6],\"width\":64,\"patch_size\":null"), MODEL,
     "vision_cfg.layers: a list makes a ResNet image tower, and of that 4 numbers are expected, not 3"},
    {"open_clip", OC_VISION("\"layers\":[3,4,6,0],\"width\":64"), MODEL, "stage 4 of the ResNet has 0 blocks"},
    {"open_clip", OC_VISION("\"layers\":[3,4,6,3],\"width\":64,\"image_size\":230"), UNSUPPORTED,
     "not a multiple of 32"},
    {"open_clip", OC_VISION("\"layers\":[3,4,6,3],\"width\":65"), MODEL, "expected an even one"},
    {"open_clip", OC_VISION("\"layers\":[3,4,6,3],\"width\":64,\"head_width\":4096"), MODEL,
     "the attention pooling has 0 heads for 2048 channels"},
    {"open_clip", OC_VISION("\"timm_model_name\":\"vit_base_patch16_siglip_224\",\"timm_pool\":\"map\""), UNSUPPORTED,
     "vision_cfg.timm_model_name: \"vit_base_patch16_siglip_224\""},
    {"open_clip", OC_VISION("\"ls_init_value\":1e-5"), UNSUPPORTED, "vision_cfg.ls_init_value"},
    {"open_clip", OC_VISION("\"attentional_pool\":true"), UNSUPPORTED, "vision_cfg.attentional_pool"},
    {"open_clip", OC_VISION("\"attentional_pool\":\"parallel\""), UNSUPPORTED, "vision_cfg.attentional_pool"},
    {"open_clip", OC_VISION("\"no_ln_pre\":true"), UNSUPPORTED, "vision_cfg.no_ln_pre"},
    {"open_clip", OC_VISION("\"pool_type\":\"avg\""), UNSUPPORTED,
     "vision_cfg.pool_type: \"avg\" is a kind of model that is not read; plain CLIP has tok here"},
    {"open_clip", OC_VISION("\"pos_embed_type\":\"sin_cos_2d\""), UNSUPPORTED, "vision_cfg.pos_embed_type"},
    {"open_clip", OC_VISION("\"norm_kwargs\":{\"eps\":1e-6}"), UNSUPPORTED, "vision_cfg.norm_kwargs"},
    {"open_clip", OC_VISION("\"act_kwargs\":{\"approximate\":\"tanh\"}"), UNSUPPORTED, "vision_cfg.act_kwargs"},
    {"open_clip", OC_VISION("\"qk_norm\":true"), UNSUPPORTED, "vision_cfg.qk_norm"},
    {"open_clip", OC_VISION("\"rotary\":true"), UNSUPPORTED, "vision_cfg.rotary: unknown key"},
    {"open_clip", OC_VISION("\"mlp_ratio\":1e9"), MODEL, "vision_cfg.mlp_ratio"},
    {"open_clip", OC_VISION("\"mlp_ratio\":-4"), MODEL, "vision_cfg.mlp_ratio"},
    {"open_clip", OC_VISION("\"head_width\":0"), MODEL, "vision_cfg.head_width"},
    {"open_clip", OC_VISION("\"head_width\":1024"), MODEL, "vision_cfg.head_width"},
    {"open_clip", OC_VISION("\"head_width\":100"), MODEL, "is not a multiple of its 7 heads"},
    {"open_clip", OC_VISION("\"image_size\":[240,224]"), UNSUPPORTED, "vision_cfg.image_size"},
    {"open_clip", OC_TEXT("\"hf_model_name\":\"roberta-base\",\"hf_tokenizer_name\":\"roberta-base\""), UNSUPPORTED,
     "text_cfg.hf_model_name: \"roberta-base\""},
    {"open_clip", OC_TEXT("\"hf_tokenizer_name\":\"xlm-roberta-base\""), UNSUPPORTED, "text_cfg.hf_tokenizer_name"},
    {"open_clip", OC_TEXT("\"tokenizer_kwargs\":{\"clean\":\"canonicalize\"}"), UNSUPPORTED,
     "text_cfg.tokenizer_kwargs"},
    {"open_clip", OC_TEXT("\"embed_cls\":true"), UNSUPPORTED, "text_cfg.embed_cls"},
    {"open_clip", OC_TEXT("\"no_causal_mask\":true"), UNSUPPORTED, "text_cfg.no_causal_mask"},
    {"open_clip", OC_TEXT("\"pool_type\":\"last\""), UNSUPPORTED, "text_cfg.pool_type"},
    {"open_clip", OC_TEXT("\"proj_type\":\"none\""), UNSUPPORTED, "text_cfg.proj_type"},
    {"open_clip", OC_TEXT("\"proj_bias\":true"), UNSUPPORTED, "text_cfg.proj_bias"},
    {"open_clip", OC_TEXT("\"width\":0"), MODEL, "text_cfg.width"},
    {"open_clip", OC_PRE("\"resize_mode\":\"squash\""), UNSUPPORTED, "preprocess_cfg.resize_mode: \"squash\""},
    {"open_clip", OC_PRE("\"interpolation\":\"nearest\""), UNSUPPORTED, "preprocess_cfg.interpolation"},
    {"open_clip", OC_PRE("\"mode\":\"L\""), UNSUPPORTED, "preprocess_cfg.mode"},
    {"open_clip", OC_PRE("\"mean\":[1]"), MODEL, "preprocess_cfg.mean"},
    {"open_clip", OC_PRE("\"std\":0"), MODEL, "standard deviation is 0"},
};

static void test_refusals(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        clipsearch_error err = {0};
        cs_clip_config config;
        clipsearch_status status = read_text(refusals[i].source, refusals[i].text, &config, &err);
        TAP_OK(status == refusals[i].status && err.code == status && strncmp(err.message, "c.json: ", 8) == 0 &&
                   strstr(err.message, refusals[i].message),
               "refusal %zu: %s", i, err.message);
    }
}

static void test_kinds(void)
{
    static const struct {
        const char *text;
        cs_config_kind kind;
        const char *refusal;
    } cases[] = {
        {"{\"model_type\":\"clip\"}", CS_CONFIG_HUGGING_FACE, NULL},
        {"{\"architectures\":[\"CLIPModel\"]}", CS_CONFIG_HUGGING_FACE, NULL},
        {"{\"model_cfg\":{}}", CS_CONFIG_OPEN_CLIP, NULL},
        {"{\"embed_dim\":1,\"vision_cfg\":{},\"text_cfg\":{}}", CS_CONFIG_OPEN_CLIP, NULL},
        {"{\"model_type\":\"siglip\",\"architectures\":[\"SiglipModel\"]}", CS_CONFIG_OTHER,
         "model_type is \"siglip\""},
        {"{\"model_type\":\"clip_text_model\"}", CS_CONFIG_OTHER, "model_type is \"clip_text_model\""},
        {"{\"model_type\":\"chinese_clip\",\"architectures\":[\"CLIPModel\"]}", CS_CONFIG_OTHER, "chinese_clip"},
        {"{\"architecture\":\"vit_base_patch16_clip_224\",\"num_classes\":0}", CS_CONFIG_OTHER,
         "architecture is \"vit_base_patch16"},
        {"{}", CS_CONFIG_OTHER, "neither"},
        {"[1]", CS_CONFIG_OTHER, "neither"},
        {"null", CS_CONFIG_OTHER, "neither"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_json_document *document;
        clipsearch_error err = {0};
        if (cs_json_parse(cases[i].text, strlen(cases[i].text), "c.json", 100, &document, &err) != CLIPSEARCH_OK)
            continue;
        const cs_json *root = cs_json_root(document);
        TAP_OK(cs_config_kind_of(root) == cases[i].kind, "kind of %s", cases[i].text);
        if (cases[i].refusal)
            TAP_OK(cs_config_refuse_other(root, "c.json", &err) == UNSUPPORTED && strstr(err.message, cases[i].refusal),
                   "%s", err.message);
        cs_json_close(&document);
    }
}

int main(void)
{
    test_models();
    test_resnet();
    test_preprocessing();
    test_refusals();
    test_kinds();
    return tap_done();
}
