/* SPDX-License-Identifier: MIT
 * fuzz_config.c - any bytes as each kind of configuration; what is accepted must be within the limits. */
#include "base/json.h"
#include "model/config_source.h"
#include "model/image_source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_tower(const cs_tower_config *tower)
{
    require(tower->width >= 1 && tower->width <= CS_MAX_WIDTH && tower->heads >= 1 && tower->heads <= CS_MAX_HEADS);
    require(tower->width % tower->heads == 0 && tower->layers >= 1 && tower->layers <= CS_MAX_LAYERS);
    require(tower->mlp >= 1 && tower->mlp <= CS_MAX_MLP && tower->layernorm_eps > 0);
}

static void check(cs_clip_config *config)
{
    if (cs_clip_config_finish(config, "fuzz", NULL) != CLIPSEARCH_OK)
        return;
    if (!config->resnet)
        check_tower(&config->vision);
    else
        require(config->vision.heads >= 1 && 32 * config->vision.width % config->vision.heads == 0);
    check_tower(&config->text);
    require(config->image_size >= 1 && config->image_size <= CS_MAX_IMAGE && config->patch_size >= 1);
    require(config->patch_size <= config->image_size && config->dim >= 1 && config->dim <= CS_MAX_DIM);
    require(config->vocabulary >= 2 && config->vocabulary <= CS_MAX_VOCABULARY && config->start_token >= 0);
    require(config->context_length >= 2 && config->context_length <= CS_MAX_CONTEXT);
    require(config->preprocess.crop == config->image_size && config->preprocess.resize >= config->preprocess.crop);
}

/* What is done around an image network, from each of its sources. */
static void read_image(const cs_json *root)
{
    typedef clipsearch_status reader(const cs_json *root, const char *file, cs_image_config *config,
                                     clipsearch_error *err);
    static reader *const readers[] = {cs_timm_config_read, cs_hf_resnet_read, cs_hf_resnet_preprocessor_read,
                                      cs_image_override_read};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        cs_image_config config = {.name = "resnet34",
                                  .preprocess = {.resize = 256, .crop = 224, .std = {1, 1, 1}, .mean = {0}}};
        clipsearch_error err;
        if (readers[i](root, "fuzz", &config, &err) != CLIPSEARCH_OK)
            continue;
        const cs_preprocess_config *pre = &config.preprocess;
        require(pre->crop >= 1 && pre->crop <= pre->resize && pre->resize <= CS_MAX_IMAGE);
        require(pre->resample <= CS_BICUBIC && config.metric <= CLIPSEARCH_L2);
        require(pre->std[0] > 0 && pre->std[1] > 0 && pre->std[2] > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cs_json_document *document;
    clipsearch_error err;
    if (cs_json_parse((const char *)data, size, "fuzz", 10000, &document, NULL) != CLIPSEARCH_OK)
        return 0;
    const cs_json *root = cs_json_root(document);
    cs_clip_config config = {0};
    if (cs_config_kind_of(root) == CS_CONFIG_OTHER)
        require(cs_config_refuse_other(root, "fuzz", &err) == CLIPSEARCH_E_UNSUPPORTED);
    if (cs_hf_config_read(root, "fuzz", &config, &err) == CLIPSEARCH_OK) {
        if (cs_hf_preprocessor_read(NULL, "fuzz", &config, &err) == CLIPSEARCH_OK)
            check(&config);
    }
    config = (cs_clip_config){0};
    if (cs_open_clip_config_read(root, "fuzz", &config, &err) == CLIPSEARCH_OK)
        check(&config);
    config = (cs_clip_config){0};
    if (cs_hf_config_read(NULL, "fuzz", &config, &err) == CLIPSEARCH_OK &&
        cs_hf_preprocessor_read(root, "fuzz", &config, &err) == CLIPSEARCH_OK)
        check(&config);
    read_image(root);
    cs_json_close(&document);
    return 0;
}
