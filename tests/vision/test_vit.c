/* SPDX-License-Identifier: MIT
 * test_vit.c - the image tower against the reference, stage by stage, and against itself in other batches. */
#include "kernels/cpu_level.h"
#include "vision/tower.h"
#include "vision/vit.h"

#include "base/mem.h"
#include "nn/golden.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Float sums against float64: the stages' values are of order 1 to 10 (rms 2) and each passes through some ten sums of
 * up to 192 products per layer, each good to a few FLT_EPSILON of its terms; 3e-6 is seen, a wrong term gives 1e-2. */
static const double STAGE_TOLERANCE = 2e-5;
/* the same, relative to vectors of length 1 */
static const double VECTOR_TOLERANCE = 2e-6;

enum { IMAGES = 7 };

/* The fixture's three images and four more made of them. The caller frees it. */
static float *make_images(const golden *g, size_t *each)
{
    size_t count = 0;
    const float *pixels = golden_tensor(g, "vision.pixels", &count);
    float *images = cs_alloc_aligned(IMAGES * count / 3, sizeof *images);
    if (!pixels || !images)
        abort();
    *each = count / 3;
    memcpy(images, pixels, count * sizeof *images);
    for (size_t i = 3; i < IMAGES; i++)
        for (size_t p = 0; p < *each; p++)
            images[i * *each + p] = images[(i - 3) * *each + p] * -0.7f + images[(i - 2) * *each + p] * 0.5f;
    return images;
}

static cs_vit *open_vit(const golden *g, bool pack, cs_pool *pool)
{
    clipsearch_error err = {0};
    cs_vit *vit = NULL;
    TAP_OK(cs_vit_open(g->weights, g->naming, &g->dir.config, pack, pool, &vit, &err) == CLIPSEARCH_OK && vit,
           "open%s %s", pack ? ", packed" : "", err.message);
    return vit;
}

static void forward(const cs_vit *vit, const float *pixels, size_t count, cs_pool *pool, const cs_probe *probe,
                    float *vectors)
{
    size_t size = cs_vit_scratch(vit, count, cs_pool_threads(pool));
    void *scratch = golden_scratch(size);
    uint64_t before = cs_mem_count();
    cs_vit_forward(vit, pixels, count, scratch, pool, probe, vectors);
    golden_no_allocation(before);
    cs_free(scratch);
}

static void test_stages(golden *g, cs_activation activation, const char *prefix)
{
    g->dir.config.vision.activation = activation;
    cs_vit *vit = open_vit(g, false, NULL);
    if (!vit)
        return;
    size_t dim = g->dir.config.dim, each;
    float *images = make_images(g, &each), vectors[3 * 64];
    golden_probe context = {.golden = g, .prefix = prefix, .tolerance = STAGE_TOLERANCE};
    cs_probe probe = golden_probe_make(&context);
    forward(vit, images, 3, NULL, &probe, vectors);
    TAP_OK(context.stages == 1 + g->dir.config.vision.layers + 2, "%s: every stage was seen", prefix);
    char name[64];
    snprintf(name, sizeof name, "%s.vector", prefix);
    golden_compare(g, name, vectors, 3, dim, VECTOR_TOLERANCE);
    double cosine = golden_greatest_cosine(vectors, 3, dim);
    TAP_OK(cosine < 0.9, "%s: vectors of different images differ (greatest cosine %.3f)", prefix, cosine);
    cs_free(images);
    cs_vit_close(&vit);
    g->dir.config.vision.activation = CS_ACT_QUICK_GELU;
}

/* Every image alone, in batches, on several threads, from packed weights: one and the same vector. */
static void test_invariance(const golden *g)
{
    static const size_t batches[] = {1, 2, 5, 7};
    size_t dim = g->dir.config.dim, each;
    float *images = make_images(g, &each), want[IMAGES * 64], got[IMAGES * 64];
    cs_vit *vits[2] = {open_vit(g, false, NULL), NULL};
    cs_pool *pools[3] = {0};
    clipsearch_error err;
    for (unsigned i = 0; i < 3; i++)
        if (cs_pool_open(i + 1, &pools[i], &err) != CLIPSEARCH_OK)
            abort();
    vits[1] = open_vit(g, true, pools[1]);
    if (!vits[0] || !vits[1])
        abort();
    forward(vits[0], images, IMAGES, NULL, NULL, want);
    for (unsigned packed = 0; packed < 2; packed++)
        for (unsigned threads = 1; threads <= 3; threads++)
            for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
                char what[64];
                snprintf(what, sizeof what, "batch %zu, %u threads%s", batches[b], threads, packed ? ", packed" : "");
                memset(got, 0, sizeof got);
                for (size_t i = 0; i < IMAGES; i += batches[b]) {
                    size_t count = IMAGES - i < batches[b] ? IMAGES - i : batches[b];
                    forward(vits[packed], images + i * each, count, pools[threads - 1], NULL, got + i * dim);
                }
                golden_same(got, want, IMAGES * dim, what);
            }
    for (unsigned i = 0; i < 3; i++)
        cs_pool_close(&pools[i]);
    cs_vit_close(&vits[0]);
    cs_vit_close(&vits[1]);
    cs_free(images);
}

/* More images than are computed together: each vector is that of the same image alone, and memory does not grow. */
static void test_many(const golden *g)
{
    enum { MANY = 1000 };
    size_t dim = g->dir.config.dim, each;
    float *images = make_images(g, &each), want[IMAGES * 64];
    float *many = cs_alloc_array(MANY, each * sizeof *many), *got = cs_alloc_array(2 * MANY, dim * sizeof *got);
    cs_vit *vit = open_vit(g, false, NULL);
    if (!many || !got || !vit)
        abort();
    forward(vit, images, IMAGES, NULL, NULL, want);
    for (size_t i = 0; i < MANY; i++)
        memcpy(many + i * each, images + i % IMAGES * each, each * sizeof *many);
    forward(vit, many, MANY, NULL, NULL, got);
    for (size_t i = 0; i < MANY; i++)
        memcpy(got + (MANY + i) * dim, want + i % IMAGES * dim, dim * sizeof *got);
    golden_same(got, got + MANY * dim, MANY * dim, "a thousand images, in groups");
    const size_t scratch = cs_vit_scratch(vit, MANY, 1);
    TAP_OK(scratch > cs_vit_scratch(vit, IMAGES, 1) && scratch == cs_vit_scratch(vit, SIZE_MAX, 1),
           "scratch for one group, %zu bytes", scratch);
    cs_free(many);
    cs_free(got);
    cs_free(images);
    cs_vit_close(&vit);
}

/* Batches whose images are shared out among threads, in rounds of equal shares with some left over or none: each vector
 * is that of the same image alone. */
static void test_shares(const golden *g)
{
    enum { MOST = 23, THREADS = 4 };
    size_t dim = g->dir.config.dim, each;
    float *images = make_images(g, &each), *many = cs_alloc_array(MOST, each * sizeof *many);
    float *alone = cs_alloc_array(MOST, dim * sizeof *alone), *got = cs_alloc_array(MOST, dim * sizeof *got);
    cs_image_tower *tower = NULL;
    clipsearch_error err;
    if (!many || !alone || !got ||
        cs_image_tower_open(&g->dir, g->weights, CS_WEIGHTS_PACKED, NULL, &tower, &err) != CLIPSEARCH_OK)
        abort();
    for (size_t i = 0; i < MOST; i++) {
        memcpy(many + i * each, images + i % IMAGES * each, each * sizeof *many);
        void *scratch = golden_scratch(cs_image_tower_scratch(tower, 1, 1));
        cs_image_tower_forward(tower, many + i * each, 1, scratch, NULL, NULL, alone + i * dim);
        cs_free(scratch);
    }
    for (unsigned threads = 1; threads <= THREADS; threads++) {
        cs_pool *pool = NULL;
        if (cs_pool_open(threads, &pool, &err) != CLIPSEARCH_OK)
            abort();
        for (size_t count = 0; count <= MOST; count++) {
            char what[64];
            snprintf(what, sizeof what, "%zu images shared out among %u threads", count, threads);
            void *scratch = golden_scratch(cs_image_tower_scratch(tower, count, threads));
            const uint64_t before = cs_mem_count();
            memset(got, 0, MOST * dim * sizeof *got);
            cs_image_tower_forward(tower, many, count, scratch, pool, NULL, got);
            golden_no_allocation(before);
            golden_same(got, alone, count * dim, what);
            cs_free(scratch);
        }
        cs_pool_close(&pool);
    }
    TAP_OK(cs_image_tower_scratch(tower, SIZE_MAX, 2) == cs_image_tower_scratch(tower, 100000, 2),
           "scratch for two shares or one group, however many images there are");
    cs_image_tower_close(&tower);
    cs_free(many);
    cs_free(alone);
    cs_free(got);
    cs_free(images);
}

/* The fixture's weights are the same numbers in every file, so the vectors are the same bits. */
static void test_other_files(const golden *g)
{
    static const char *const models[] = {"hf-f16", "hf-bf16", "open-clip"};
    size_t dim = g->dir.config.dim, each;
    float *images = make_images(g, &each), want[3 * 64], got[3 * 64];
    cs_vit *vit = open_vit(g, false, NULL);
    forward(vit, images, 3, NULL, NULL, want);
    cs_vit_close(&vit);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        golden other;
        if (!golden_open(&other, golden_tiny_root(), models[i], "expected.safetensors"))
            continue;
        for (int pack = 0; pack < 2; pack++) {
            vit = open_vit(&other, pack, NULL);
            if (!vit)
                continue;
            forward(vit, images, 3, NULL, NULL, got);
            golden_same(got, want, 3 * dim, models[i]);
            cs_vit_close(&vit);
        }
        golden_close(&other);
    }
    cs_free(images);
}

static void test_faults(golden *g)
{
    clipsearch_error err;
    cs_vit *vit = NULL;
    for (int pack = 0; pack < 2; pack++) {
        clipsearch_status status = CLIPSEARCH_E_MEMORY;
        unsigned n = 0;
        while (status == CLIPSEARCH_E_MEMORY && n < 10000) {
            cs_mem_fail_at(++n);
            status = cs_vit_open(g->weights, g->naming, &g->dir.config, pack, NULL, &vit, &err);
            cs_mem_fail_at(0);
            if ((status == CLIPSEARCH_OK) != (vit != NULL))
                break;
        }
        TAP_OK(status == CLIPSEARCH_OK && vit && n > 30, "opening survives each of %u allocations failing", n - 1);
        if (!pack)
            cs_vit_close(&vit);
    }
    float vector = 42;
    void *scratch = cs_alloc_aligned(cs_vit_scratch(vit, 0, 1), 1);
    cs_vit_forward(vit, NULL, 0, scratch, NULL, NULL, &vector);
    TAP_OK(vector == 42, "no images, no vectors");
    cs_free(scratch);
    cs_vit_close(&vit);
    cs_vit_close(&vit);
    g->dir.config.vision.mlp++;
    TAP_OK(cs_vit_open(g->weights, g->naming, &g->dir.config, false, NULL, &vit, &err) == CLIPSEARCH_E_MODEL && !vit,
           "a shape that does not fit the configuration: %s", err.message);
    g->dir.config.vision.mlp--;
    g->dir.config.vision.layers++;
    TAP_OK(cs_vit_open(g->weights, g->naming, &g->dir.config, false, NULL, &vit, &err) == CLIPSEARCH_E_MODEL && !vit,
           "a layer that is not there: %s", err.message);
    g->dir.config.vision.layers--;
}

int main(void)
{
    golden g;
    if (!cpu_level_runs())
        return tap_done();
    if (golden_open(&g, golden_tiny_root(), "hf", "expected.safetensors")) {
        test_stages(&g, CS_ACT_QUICK_GELU, "quick_gelu.vision");
        test_stages(&g, CS_ACT_GELU, "gelu.vision");
        test_invariance(&g);
        test_other_files(&g);
        test_many(&g);
        test_shares(&g);
        test_faults(&g);
        golden_close(&g);
    }
    return tap_done();
}
