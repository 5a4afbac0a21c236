/* SPDX-License-Identifier: MIT
 * classifier.c - builds the family's network, and pools what comes out of it. */
#include "vision/classifier.h"

#include "base/mem.h"

#include <assert.h>

struct cs_classifier {
    cs_convnet net;
    bool max; /* the greatest number of each channel, else the mean */
};

/* What a file may hold besides the network: the layers after the features. */
static const char *const behind[] = {"fc.", "_fc.", "classifier.", "head.", "pre_logits.", NULL};
static const char *const behind_keras[] = {"", NULL}; /* of optimizers and others: anything */

/* A file with more convolutions than were asked for holds another network; its first ones alone would give vectors that
 * look well and mean nothing. */
static clipsearch_status refuse_rest(const cs_conv_source *source, const cs_image_config *config, clipsearch_error *err)
{
    const cs_tensor *rest = cs_conv_source_rest(source, config->naming == CS_IMAGE_KERAS ? behind_keras : behind);
    if (!rest)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED,
                   "%s: the tensor \"%s\" has no place in %s, as which the others were recognised: a network that is "
                   "not read",
                   cs_weights_path(source->weights), rest->name, config->name);
}

static clipsearch_status build(cs_classifier *classifier, cs_conv_source *source, const cs_image_config *config,
                               clipsearch_error *err)
{
    cs_net_builder builder = {.net = &classifier->net, .source = source, .err = err};
    cs_convnet_init(&classifier->net, config->preprocess.crop);
    switch (config->family) {
    case CS_FAMILY_RESNET:
        cs_resnet_build(&builder, config);
        break;
    case CS_FAMILY_VGG:
        cs_vgg_build(&builder, config);
        break;
    case CS_FAMILY_MOBILENET_V2:
        cs_mobilenet_build(&builder);
        break;
    case CS_FAMILY_EFFICIENTNET_LITE:
        cs_efficientnet_build(&builder, config);
        break;
    }
    classifier->max = config->family == CS_FAMILY_VGG;
    if (builder.status != CLIPSEARCH_OK)
        return builder.status;
    size_t channels = cs_convnet_result(&classifier->net)->channels;
    if (channels != config->dim)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the network makes %zu channels, expected %zu",
                       cs_weights_path(source->weights), channels, config->dim);
    return refuse_rest(source, config, err);
}

clipsearch_status cs_classifier_open(const cs_weights *weights, const cs_image_config *config, cs_weight_form form,
                                     cs_pool *pool, cs_classifier **out, clipsearch_error *err)
{
    cs_conv_source source;
    *out = NULL;
    cs_classifier *classifier = cs_zalloc_array(1, sizeof *classifier);
    if (!classifier)
        return cs_fail_memory(err, "the image tower");
    clipsearch_status status = cs_conv_source_open(&source, weights, "", (double)config->batchnorm_eps, pool, err);
    source.coded = form == CS_WEIGHTS_INT8;
    if (status == CLIPSEARCH_OK)
        status = build(classifier, &source, config, err);
    cs_conv_source_close(&source);
    if (status != CLIPSEARCH_OK)
        cs_classifier_close(&classifier);
    *out = classifier;
    return status;
}

void cs_classifier_close(cs_classifier **classifier)
{
    if (!*classifier)
        return;
    cs_convnet_close(&(*classifier)->net);
    cs_free(*classifier);
    *classifier = NULL;
}

size_t cs_classifier_packed_bytes(const cs_classifier *classifier)
{
    return cs_convnet_packed_bytes(&classifier->net);
}

size_t cs_classifier_scratch(const cs_classifier *classifier, size_t max_images, unsigned threads)
{
    cs_workspace workspace = {0};
    cs_net_scratch scratch;
    cs_convnet_carve(&classifier->net, &scratch, cs_convnet_group(&classifier->net, max_images), threads, &workspace);
    return cs_workspace_size(&workspace);
}

void cs_classifier_forward(const cs_classifier *classifier, const float *pixels, size_t count, void *scratch,
                           cs_pool *pool, const cs_probe *probe, float *vectors)
{
    assert((uintptr_t)scratch % CS_WORKSPACE_ALIGNMENT == 0);
    const cs_convnet *net = &classifier->net;
    const cs_map_shape *map = cs_convnet_result(net);
    size_t group = cs_convnet_group(net, count), each = 3 * net->image_size * net->image_size;
    cs_workspace workspace = {.base = scratch};
    cs_net_scratch s;
    cs_convnet_carve(net, &s, group, cs_pool_threads(pool), &workspace);
    for (size_t done = 0, n; done < count; done += n) {
        n = group < count - done ? group : count - done;
        const float *maps = cs_convnet_forward(net, pixels + done * each, n, &s, pool, probe);
        float *out = vectors + done * map->channels;
        if (classifier->max)
            cs_global_max_pool(maps, n, map->height * map->width, map->channels, out, pool);
        else
            cs_global_average_pool(maps, n, map->height * map->width, map->channels, out, pool);
        cs_probe_see(probe, "project", 0, out, n, map->channels);
    }
}
