/* SPDX-License-Identifier: MIT
 * tower.c - which tower a model has, and what all of them share. */
#include "vision/tower.h"

#include "base/mem.h"
#include "kernels/vec.h"
#include "nn/workspace.h"
#include "vision/classifier.h"
#include "vision/clip_resnet.h"
#include "vision/lite_clip.h"
#include "vision/vit.h"

/* The images of a batch are shared out among the threads, at most so many at a time, and each thread computes its own
 * alone: what a layer writes is in the cache of the processor that reads it. Only fewer images than threads are
 * computed by all threads together, layer by layer. (Zen 4, eight images, two threads, milliseconds an image, together
 * and shared out: ViT-B/32 in int8 16.0 and 11.7, the built-in model 12.3 and 6.3, in int8 11.0 and 4.8.) Larger shares
 * would only make threads wait longer for the last one. */
enum { SHARE = 4 };

struct cs_image_tower {
    /* one of them */
    cs_vit *vit;
    cs_clip_resnet *clip_resnet;
    cs_lite_clip *lite_clip;
    cs_classifier *classifier;
    size_t dim, pixels;  /* floats of a vector, of an image */
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
    const size_t side = cs_model_preprocess(dir)->crop;
    tower->pixels = 3 * side * side; /* side <= CS_MAX_IMAGE */
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

/* Bytes of the scratch of one network, which `threads` threads compute together. */
static size_t network_scratch(const cs_image_tower *tower, size_t max_images, unsigned threads)
{
    if (tower->vit)
        return cs_vit_scratch(tower->vit, max_images, threads);
    if (tower->lite_clip)
        return cs_lite_clip_scratch(tower->lite_clip, max_images, threads);
    return tower->clip_resnet ? cs_clip_resnet_scratch(tower->clip_resnet, max_images, threads)
                              : cs_classifier_scratch(tower->classifier, max_images, threads);
}

/* How many of `images` each of the threads computes alone, one round; 0: all threads compute them together. */
static size_t share_of(size_t images, unsigned threads)
{
    const size_t each = threads > 1 ? images / threads : 0;
    return each < SHARE ? each : SHARE;
}

/* Bytes of a thread's own scratch for a share of up to `images`, 0 on overflow. */
static size_t share_scratch(const cs_image_tower *tower, size_t images)
{
    const size_t bytes = network_scratch(tower, images, 1), more = CS_WORKSPACE_ALIGNMENT - 1;
    return bytes > SIZE_MAX - more ? 0 : (bytes + more) / CS_WORKSPACE_ALIGNMENT * CS_WORKSPACE_ALIGNMENT;
}

size_t cs_image_tower_scratch(const cs_image_tower *tower, size_t max_images, unsigned threads)
{
    const size_t together = network_scratch(tower, max_images, threads), share = share_of(max_images, threads);
    size_t all = 0, each = share ? share_scratch(tower, share) : 0;
    if (together == 0 || (share && each == 0) || __builtin_mul_overflow(each, threads, &all))
        return 0;
    return all > together ? all : together;
}

/* By all threads of the pool together. */
static void forward(const cs_image_tower *tower, const float *pixels, size_t count, void *scratch, cs_pool *pool,
                    const cs_probe *probe, float *vectors)
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

typedef struct shares {
    const cs_image_tower *tower;
    const float *pixels;
    size_t each;   /* images of a share */
    char *scratch; /* of a thread, so many bytes */
    size_t bytes;
    float *vectors;
} shares;

static void forward_share(void *context, size_t piece, unsigned worker)
{
    const shares *s = context;
    const size_t first = piece * s->each;
    forward(s->tower, s->pixels + first * s->tower->pixels, s->each, s->scratch + worker * s->bytes, NULL, NULL,
            s->vectors + first * s->tower->dim);
}

void cs_image_tower_forward(const cs_image_tower *tower, const float *pixels, size_t count, void *scratch,
                            cs_pool *pool, const cs_probe *probe, float *vectors)
{
    const unsigned threads = cs_pool_threads(pool);
    for (size_t each, images; !probe && (each = share_of(count, threads)) > 0; count -= images) {
        shares job = {.tower = tower,
                      .pixels = pixels,
                      .each = each,
                      .scratch = scratch,
                      .bytes = share_scratch(tower, each),
                      .vectors = vectors};
        const size_t pieces = count / (each * threads) * threads;
        cs_pool_run(pool, pieces, forward_share, &job);
        images = pieces * each;
        pixels += images * tower->pixels;
        vectors += images * tower->dim;
    }
    forward(tower, pixels, count, scratch, pool, probe, vectors);
}
