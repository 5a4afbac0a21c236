/* SPDX-License-Identifier: MIT
 * tower.c - which tower a model has, and what all of them share. */
#include "vision/tower.h"

#include "base/mem.h"
#include "kernels/vec.h"
#include "vision/classifier.h"
#include "vision/clip_resnet.h"
#include "vision/lite_clip.h"
#include "vision/vit.h"

struct cs_image_tower {
    /* one of them */
    cs_vit *vit;
    cs_clip_resnet *clip_resnet;
    cs_lite_clip *lite_clip;
    cs_classifier *classifier;
    size_t dim;
    cs_weight_form form; /* of a network of convolutions */
    bool normalise;      /* the network's vectors must be normalised here */
};

static clipsearch_status open_clip(cs_image_tower *tower, const cs_model_dir *dir, const cs_weights *weights,
                                   cs_weight_form form, cs_pool *pool, clipsearch_error *err)
{
    cs_clip_naming naming;
    clipsearch_status status = cs_clip_naming_detect(weights, &naming, err);
    if (status != CLIPSEARCH_OK)
        return status;
    tower->normalise = dir->config.resnet || dir->config.lite; /* a vision transformer normalises by itself */
    if (dir->config.lite)
        return cs_lite_clip_open(weights, &dir->config, &dir->image, form, pool, &tower->lite_clip, err);
    return dir->config.resnet ? cs_clip_resnet_open(weights, &dir->config, form, pool, &tower->clip_resnet, err)
                              : cs_vit_open(weights, naming, &dir->config, form, pool, &tower->vit, err);
}

clipsearch_status cs_image_tower_open(const cs_model_dir *dir, const cs_weights *weights, cs_weight_form form,
                                      cs_pool *pool, cs_image_tower **out, clipsearch_error *err)
{
    *out = NULL;
    cs_image_tower *tower = cs_zalloc_array(1, sizeof *tower);
    if (!tower)
        return cs_fail_memory(err, "the image tower");
    tower->dim = cs_model_dim(dir);
    tower->form = form;
    tower->normalise = dir->image_only && dir->image.normalise;
    clipsearch_status status = dir->image_only
                                   ? cs_classifier_open(weights, &dir->image, form, pool, &tower->classifier, err)
                                   : open_clip(tower, dir, weights, form, pool, err);
    if (status != CLIPSEARCH_OK)
        cs_image_tower_close(&tower);
    *out = tower;
    return status;
}

void cs_image_tower_close(cs_image_tower **handle)
{
    cs_image_tower *tower = *handle;
    if (!tower)
        return;
    cs_vit_close(&tower->vit);
    cs_clip_resnet_close(&tower->clip_resnet);
    cs_lite_clip_close(&tower->lite_clip);
    cs_classifier_close(&tower->classifier);
    cs_free(tower);
    *handle = NULL;
}

cs_weight_form cs_image_tower_form(const cs_image_tower *tower)
{
    return tower->vit ? cs_vit_form(tower->vit) : tower->form;
}

size_t cs_image_tower_packed_bytes(const cs_image_tower *tower)
{
    if (tower->vit)
        return cs_vit_packed_bytes(tower->vit);
    if (tower->lite_clip)
        return cs_lite_clip_packed_bytes(tower->lite_clip);
    return tower->clip_resnet ? cs_clip_resnet_packed_bytes(tower->clip_resnet)
                              : cs_classifier_packed_bytes(tower->classifier);
}

size_t cs_image_tower_scratch(const cs_image_tower *tower, size_t max_images, unsigned threads)
{
    if (tower->vit)
        return cs_vit_scratch(tower->vit, max_images, threads);
    if (tower->lite_clip)
        return cs_lite_clip_scratch(tower->lite_clip, max_images, threads);
    return tower->clip_resnet ? cs_clip_resnet_scratch(tower->clip_resnet, max_images, threads)
                              : cs_classifier_scratch(tower->classifier, max_images, threads);
}

void cs_image_tower_forward(const cs_image_tower *tower, const float *pixels, size_t count, void *scratch,
                            cs_pool *pool, const cs_probe *probe, float *vectors)
{
    if (tower->vit)
        cs_vit_forward(tower->vit, pixels, count, scratch, pool, probe, vectors);
    else if (tower->lite_clip)
        cs_lite_clip_forward(tower->lite_clip, pixels, count, scratch, pool, probe, vectors);
    else if (tower->clip_resnet)
        cs_clip_resnet_forward(tower->clip_resnet, pixels, count, scratch, pool, probe, vectors);
    else
        cs_classifier_forward(tower->classifier, pixels, count, scratch, pool, probe, vectors);
    for (size_t i = 0; tower->normalise && i < count; i++)
        cs_vec_normalise(vectors + i * tower->dim, tower->dim);
}
