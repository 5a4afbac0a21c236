/* SPDX-License-Identifier: MIT
 * lite_clip.c - binds network and head, and runs both over a few images at a time. */
#include "vision/lite_clip.h"

#include "base/mem.h"
#include "vision/classifier.h"

#include <assert.h>

struct cs_lite_clip {
    cs_convnet net;
    cs_lite_head head;
};

/* What the file holds besides the network. */
static const char *const others[] = {"_fc.", "visual_head.", "text_model.", "text_projection.", "logit_scale", NULL};

static clipsearch_status open_net(cs_lite_clip *tower, const cs_weights *weights, const cs_clip_config *config,
                                  const cs_image_config *image, cs_weight_form form, cs_pool *pool,
                                  clipsearch_error *err)
{
    cs_conv_source source;
    clipsearch_status status = cs_conv_source_open(&source, weights, "", (double)image->batchnorm_eps, pool, err);
    cs_net_builder builder = {.net = &tower->net, .source = &source, .status = status, .err = err};
    source.coded = form == CS_WEIGHTS_INT8;
    cs_convnet_init(&tower->net, config->image_size);
    tower->net.grid = config->image_size / CS_LITE_SHRINK;
    cs_efficientnet_build(&builder, image);
    status = builder.status;
    const cs_tensor *rest = status == CLIPSEARCH_OK ? cs_conv_source_rest(&source, others) : NULL;
    if (rest)
        status = cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\" has no place in a CLIP model on %s",
                         cs_weights_path(weights), rest->name, image->name);
    cs_conv_source_close(&source);
    return status;
}

clipsearch_status cs_lite_clip_open(const cs_weights *weights, const cs_clip_config *config,
                                    const cs_image_config *image, cs_weight_form form, cs_pool *pool,
                                    cs_lite_clip **out, clipsearch_error *err)
{
    *out = NULL;
    cs_lite_clip *tower = cs_zalloc_array(1, sizeof *tower);
    if (!tower)
        return cs_fail_memory(err, "the image tower");
    clipsearch_status status = open_net(tower, weights, config, image, form, pool, err);
    if (status == CLIPSEARCH_OK)
        status = cs_lite_head_open(&tower->head, weights, config, cs_convnet_result(&tower->net)->channels,
                                   tower->net.kept, form != CS_WEIGHTS_MAPPED, pool, err);
    if (status != CLIPSEARCH_OK)
        cs_lite_clip_close(&tower);
    *out = tower;
    return status;
}

void cs_lite_clip_close(cs_lite_clip **tower)
{
    if (!*tower)
        return;
    cs_convnet_close(&(*tower)->net);
    cs_lite_head_close(&(*tower)->head);
    cs_free(*tower);
    *tower = NULL;
}

size_t cs_lite_clip_packed_bytes(const cs_lite_clip *tower)
{
    return cs_convnet_packed_bytes(&tower->net) + cs_lite_head_packed_bytes(&tower->head);
}

typedef struct scratch {
    cs_net_scratch net;
    cs_lite_scratch head;
} scratch;

static void carve(const cs_lite_clip *tower, scratch *s, size_t images, unsigned threads, cs_workspace *workspace)
{
    cs_convnet_carve(&tower->net, &s->net, images, threads, workspace);
    cs_lite_head_carve(&tower->head, &s->head, images, threads, workspace);
}

size_t cs_lite_clip_scratch(const cs_lite_clip *tower, size_t max_images, unsigned threads)
{
    cs_workspace workspace = {0};
    scratch s;
    carve(tower, &s, cs_convnet_group(&tower->net, max_images), threads, &workspace);
    return cs_workspace_size(&workspace);
}

void cs_lite_clip_forward(const cs_lite_clip *tower, const float *pixels, size_t count, void *block, cs_pool *pool,
                          const cs_probe *probe, float *vectors)
{
    assert((uintptr_t)block % CS_WORKSPACE_ALIGNMENT == 0);
    const cs_lite_head *head = &tower->head;
    const size_t group = cs_convnet_group(&tower->net, count), each = 3 * tower->net.image_size * tower->net.image_size;
    cs_workspace workspace = {.base = block};
    scratch s;
    carve(tower, &s, group, cs_pool_threads(pool), &workspace);
    for (size_t done = 0, n; done < count; done += n) {
        n = group < count - done ? group : count - done;
        const float *maps = cs_convnet_forward(&tower->net, pixels + done * each, n, &s.net, pool, probe);
        float *out = vectors + done * head->dim;
        cs_lite_head_forward(head, maps, s.net.kept, n, &s.head, pool, out);
        cs_probe_see(probe, "seen", 0, s.net.kept, n * head->places, head->seen);
        cs_probe_see(probe, "known", 0, s.head.known, n, head->classes + head->channels);
        cs_probe_see(probe, "project", 0, out, n, head->dim);
    }
}
