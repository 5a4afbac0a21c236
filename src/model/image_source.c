/* SPDX-License-Identifier: MIT
 * image_source.c - config.json of timm and of transformers' ResNet, and our own clipsearch.json. */
#include "model/image_source.h"

#include "model/config_read.h"

#include <math.h>
#include <string.h>

/* The index of a string among `words` (NULL at the end), or `fallback` when the key is missing. */
static size_t read_word(cs_config_reader *reader, const char *key, const char *const *words, size_t fallback)
{
    const char *word = cs_config_string(reader, key, words[fallback]);
    for (size_t i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, key, "\"%.50s\" is not supported, only \"%s\", \"%s\"%s%s%s are",
                   word, words[0], words[1] ? words[1] : words[0], words[1] && words[2] ? ", \"" : "",
                   words[1] && words[2] ? words[2] : "", words[1] && words[2] ? "\"" : "");
    return fallback;
}

static const char *const resample_words[] = {
    [CS_NEAREST] = "nearest", [CS_BILINEAR] = "bilinear", [CS_BICUBIC] = "bicubic", NULL};

/* ---------------------------------------------------------------- timm */

/* timm's names, and what the tensors of such a network are recognised as. */
static const struct {
    const char *architecture, *name;
} timm_networks[] = {{"resnet18", "resnet18"},
                     {"resnet34", "resnet34"},
                     {"resnet50", "resnet50"},
                     {"resnet101", "resnet101"},
                     {"resnet152", "resnet152"},
                     {"tv_resnet34", "resnet34"},
                     {"tv_resnet50", "resnet50"},
                     {"tv_resnet101", "resnet101"},
                     {"tv_resnet152", "resnet152"},
                     {"wide_resnet50_2", "resnet50"},
                     {"wide_resnet101_2", "resnet101"},
                     {"vgg11", "vgg11"},
                     {"vgg13", "vgg13"},
                     {"vgg16", "vgg16"},
                     {"vgg19", "vgg19"},
                     {"tf_efficientnet_lite0", "efficientnet-lite0"},
                     {"tf_efficientnet_lite1", "efficientnet-lite1"},
                     {"tf_efficientnet_lite2", "efficientnet-lite2"},
                     {"tf_efficientnet_lite3", "efficientnet-lite3"},
                     {"tf_efficientnet_lite4", "efficientnet-lite4"}};

static const char *timm_name(const char *architecture)
{
    for (size_t i = 0; i < sizeof timm_networks / sizeof *timm_networks; i++)
        if (strcmp(architecture, timm_networks[i].architecture) == 0)
            return timm_networks[i].name;
    return NULL;
}

bool cs_timm_architecture_known(const char *architecture)
{
    return timm_name(architecture) != NULL;
}

static void check_architecture(cs_config_reader *top, const cs_image_config *config)
{
    const char *architecture = cs_config_string(top, "architecture", "");
    const char *name = timm_name(architecture);
    if (!name || strcmp(name, config->name) != 0)
        cs_config_fail(top, CLIPSEARCH_E_MODEL, "architecture",
                       "\"%.50s\", but the tensors are those of %s; the configuration and the weights are of "
                       "different models",
                       architecture, config->name);
}

/* [3, 224, 224] */
static size_t read_input_size(cs_config_reader *reader)
{
    const cs_json *value = cs_config_get(reader, "input_size");
    if (!value)
        return 224;
    double side[3] = {0};
    size_t n = 0;
    for (const cs_json *item = value->type == CS_JSON_ARRAY ? value->first : NULL; item; item = item->next, n++)
        if (n < 3 && item->type == CS_JSON_NUMBER)
            side[n] = item->number;
    if (n == 3 && side[0] == 3 && side[1] == side[2] && side[1] >= 1 && side[1] <= CS_MAX_IMAGE &&
        side[1] == floor(side[1]))
        return (size_t)side[1];
    cs_config_fail(reader, CLIPSEARCH_E_UNSUPPORTED, "input_size",
                   "expected [3, size, size] with a size from 1 to %d: images are squares of three channels",
                   CS_MAX_IMAGE);
    return 224;
}

clipsearch_status cs_timm_config_read(const cs_json *root, const char *file, cs_image_config *config,
                                      clipsearch_error *err)
{
    static const char *const modes[] = {"center", "squash", NULL};
    cs_config_reader top = cs_config_reader_make(file, "", root, err);
    check_architecture(&top, config);
    const cs_json *inner = cs_config_object(&top, "pretrained_cfg");
    const char *pool = cs_config_string(&top, "global_pool", "avg");
    if (strcmp(pool, "avg") != 0 && config->family == CS_FAMILY_RESNET)
        cs_config_fail(&top, CLIPSEARCH_E_UNSUPPORTED, "global_pool", "\"%.50s\" is not supported, only \"avg\" is",
                       pool);
    if (top.status != CLIPSEARCH_OK)
        return top.status;
    cs_config_reader reader = cs_config_reader_make(file, inner ? "pretrained_cfg" : "", inner ? inner : root, err);
    cs_preprocess_config *pre = &config->preprocess;
    pre->crop = read_input_size(&reader);
    double crop_pct = cs_config_number(&reader, "crop_pct", 0.875); /* timm's DEFAULT_CROP_PCT */
    if (!(crop_pct > 0 && crop_pct <= 1))
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "crop_pct", "%g is not supported, only above 0 to 1 is",
                       crop_pct);
    if (reader.status != CLIPSEARCH_OK)
        return reader.status;
    double resize = floor((double)pre->crop / crop_pct); /* timm.data.transforms_factory.transforms_imagenet_eval */
    pre->resize = resize <= CS_MAX_IMAGE ? (size_t)resize : CS_MAX_IMAGE + 1;
    pre->resample = (cs_resample)read_word(&reader, "interpolation", resample_words, CS_BICUBIC);
    if (read_word(&reader, "crop_mode", modes, 0) == 1) {
        if (crop_pct < 1)
            cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "crop_mode",
                           "\"squash\" with a crop_pct of %g is not supported", crop_pct);
        pre->squash = true;
    }
    if (pre->unscaled) { /* EfficientNet-Lite: the published files' numbers are of 0 to 255, timm's of 0 to 1 */
        pre->unscaled = false;
        for (size_t i = 0; i < 3; i++)
            pre->mean[i] = pre->std[i] = 0.5F;
    }
    cs_config_triple(&reader, "mean", true, pre->mean);
    cs_config_triple(&reader, "std", true, pre->std);
    config->normalise = true;
    config->metric = CLIPSEARCH_COSINE;
    return reader.status == CLIPSEARCH_OK ? cs_preprocess_check(pre, file, err) : reader.status;
}

/* ---------------------------------------------------------------- transformers */

clipsearch_status cs_hf_resnet_read(const cs_json *root, const char *file, cs_image_config *config,
                                    clipsearch_error *err)
{
    cs_config_reader reader = cs_config_reader_make(file, "", root, err);
    const char *activation = cs_config_string(&reader, "hidden_act", "relu");
    if (strcmp(activation, "relu") != 0)
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "hidden_act", "\"%.50s\" is not supported, only \"relu\" is",
                       activation);
    const char *const flags[] = {"downsample_in_first_stage", "downsample_in_bottleneck"};
    for (size_t i = 0; i < 2; i++)
        if (cs_config_bool(&reader, flags[i], false))
            cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, flags[i], "true is not supported, only false is");
    if (cs_config_size(&reader, "num_channels", 3, SIZE_MAX) != 3)
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "num_channels", "only 3 (red, green, blue) are read");
    config->normalise = true;
    config->metric = CLIPSEARCH_COSINE;
    return reader.status;
}

/* ConvNextImageProcessor: below 384 pixels the short side becomes int(size / crop_pct), and the middle is cut out. */
clipsearch_status cs_hf_resnet_preprocessor_read(const cs_json *root, const char *file, cs_image_config *config,
                                                 clipsearch_error *err)
{
    cs_preprocess_config *pre = &config->preprocess;
    cs_config_reader reader = cs_config_reader_make(file, "", root, err);
    const cs_json *value = cs_config_get(&reader, "size");
    cs_config_reader size = cs_config_reader_make(file, "size", value, err);
    if (!root) /* the published ResNets' */
        return CLIPSEARCH_OK;
    pre->crop = value && value->type == CS_JSON_OBJECT ? cs_config_size(&size, "shortest_edge", 0, CS_MAX_IMAGE)
                                                       : cs_config_size(&reader, "size", 384, CS_MAX_IMAGE);
    if (size.status != CLIPSEARCH_OK)
        return size.status;
    double crop_pct = cs_config_number(&reader, "crop_pct", 224.0 / 256);
    double resample = cs_config_number(&reader, "resample", 3); /* Pillow's numbers */
    if (!(crop_pct > 0 && crop_pct <= 1))
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "crop_pct", "%g is not supported, only above 0 to 1 is",
                       crop_pct);
    if (resample != 2 && resample != 3)
        cs_config_fail(&reader, CLIPSEARCH_E_UNSUPPORTED, "resample",
                       "%g is not supported, only 2 (bilinear) and 3 (bicubic) are", resample);
    if (reader.status != CLIPSEARCH_OK)
        return reader.status;
    pre->resample = resample == 2 ? CS_BILINEAR : CS_BICUBIC;
    pre->squash = pre->crop >= 384; /* from there on it resizes both sides to it, and does not crop */
    double resize = pre->squash ? (double)pre->crop : floor((double)pre->crop / crop_pct);
    pre->resize = resize <= CS_MAX_IMAGE ? (size_t)resize : CS_MAX_IMAGE + 1;
    cs_config_triple(&reader, "image_mean", false, pre->mean);
    cs_config_triple(&reader, "image_std", false, pre->std);
    return reader.status == CLIPSEARCH_OK ? cs_preprocess_check(pre, file, err) : reader.status;
}

/* ---------------------------------------------------------------- clipsearch.json */

static void check_keys(cs_config_reader *reader, const char *const *keys, size_t count)
{
    for (const cs_json *member = reader->object ? reader->object->first : NULL; member; member = member->next) {
        size_t i = 0;
        while (i < count && strcmp(member->key, keys[i]) != 0)
            i++;
        if (i == count)
            cs_config_fail(reader, CLIPSEARCH_E_MODEL, member->key, "unknown key");
    }
}

static void read_preprocess(cs_config_reader *reader, cs_preprocess_config *pre)
{
    static const char *const keys[] = {"resize", "crop", "interpolation", "mean", "std", "squash", "channels", "scale"};
    static const char *const channels[] = {"RGB", "BGR", NULL};
    check_keys(reader, keys, sizeof keys / sizeof *keys);
    pre->crop = cs_config_size(reader, "crop", pre->crop, CS_MAX_IMAGE);
    pre->squash = cs_config_bool(reader, "squash", pre->squash);
    pre->resize = cs_config_size(reader, "resize", pre->squash ? pre->crop : pre->resize, CS_MAX_IMAGE);
    if (pre->squash && pre->resize != pre->crop)
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, "resize", "%zu is not the crop %zu, which squash goes to at once",
                       pre->resize, pre->crop);
    pre->resample = (cs_resample)read_word(reader, "interpolation", resample_words, pre->resample);
    pre->bgr = read_word(reader, "channels", channels, pre->bgr) == 1;
    double scale = cs_config_number(reader, "scale", pre->unscaled ? 255 : 1);
    if (scale != 1 && scale != 255)
        cs_config_fail(reader, CLIPSEARCH_E_MODEL, "scale", "%g; expected 1 (values from 0 to 1) or 255", scale);
    pre->unscaled = scale == 255;
    cs_config_triple(reader, "mean", true, pre->mean);
    cs_config_triple(reader, "std", true, pre->std);
}

clipsearch_status cs_image_override_read(const cs_json *root, const char *file, cs_image_config *config,
                                         clipsearch_error *err)
{
    static const char *const keys[] = {"normalize", "metric", "preprocess"};
    static const char *const metrics[] = {
        [CLIPSEARCH_COSINE] = "cosine", [CLIPSEARCH_IP] = "ip", [CLIPSEARCH_L2] = "l2", NULL};
    if (root->type != CS_JSON_OBJECT)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: expected a JSON object", file);
    cs_config_reader top = cs_config_reader_make(file, "", root, err);
    check_keys(&top, keys, sizeof keys / sizeof *keys);
    config->normalise = cs_config_bool(&top, "normalize", config->normalise);
    config->metric = (clipsearch_metric)read_word(&top, "metric", metrics, config->metric);
    if (config->metric == CLIPSEARCH_COSINE && !config->normalise)
        cs_config_fail(&top, CLIPSEARCH_E_MODEL, "metric",
                       "\"cosine\" takes normalised vectors; set normalize to true");
    cs_config_reader preprocess = cs_config_reader_make(file, "preprocess", cs_config_object(&top, "preprocess"), err);
    if (top.status != CLIPSEARCH_OK)
        return top.status;
    read_preprocess(&preprocess, &config->preprocess);
    return preprocess.status == CLIPSEARCH_OK ? cs_preprocess_check(&config->preprocess, file, err) : preprocess.status;
}
