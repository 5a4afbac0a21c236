/* SPDX-License-Identifier: MIT
 * test_towers_full.c - both towers at true size against the reference. CLIPSEARCH_FULL_MODEL names a directory made by
 * tools/golden/clip_towers.py --full; without it there is nothing to test. */
#include "kernels/cpu_level.h"
#include "text/text_tower.h"
#include "vision/vit.h"

#include "base/mem.h"
#include "nn/golden.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* The claim: no component of a unit vector is off by more. */
static const double VECTOR_TOLERANCE = 1e-5;
/* Stages: values of rms 3 to 4, sums of up to 4,096 products in each of some ten steps of each of 12 to 24 layers,
 * whose errors the residual stream adds up. 2e-5 is seen; a wrong term gives 1e-2. */
static const double STAGE_TOLERANCE = 1e-4;

static void test_vision(const golden *g, cs_pool *pool)
{
    clipsearch_error err = {0};
    cs_vit *vit = NULL;
    size_t pixel_count = 0, dim = g->dir.config.dim, size = g->dir.config.image_size;
    const float *pixels = golden_tensor(g, "vision.pixels", &pixel_count);
    if (!pixels)
        return;
    size_t count = pixel_count / (3 * size * size);
    for (int pack = 0; pack < 2; pack++) {
        if (!TAP_OK(cs_vit_open(g->weights, g->naming, &g->dir.config, pack, pool, &vit, &err) == CLIPSEARCH_OK,
                    "open the image tower%s %s", pack ? ", packed" : "", err.message))
            return;
        void *scratch = cs_alloc_aligned(cs_vit_scratch(vit, count, cs_pool_threads(pool)), 1);
        float *vectors = cs_alloc_aligned(count * dim, sizeof *vectors);
        if (!scratch || !vectors)
            abort();
        golden_probe context = {.golden = g, .prefix = "quick_gelu.vision", .tolerance = STAGE_TOLERANCE};
        cs_probe probe = golden_probe_make(&context);
        cs_vit_forward(vit, pixels, count, scratch, pool, pack ? NULL : &probe, vectors);
        golden_compare(g, "quick_gelu.vision.vector", vectors, count, dim, VECTOR_TOLERANCE);
        double cosine = golden_greatest_cosine(vectors, count, dim);
        TAP_OK(cosine < 0.9, "vectors of different images differ (greatest cosine %.3f)", cosine);
        cs_free(vectors);
        cs_free(scratch);
        cs_vit_close(&vit);
    }
}

static void test_text(const golden *g, cs_pool *pool)
{
    clipsearch_error err = {0};
    cs_text_tower *tower = NULL;
    size_t tokens = 0, count = 0, dim = g->dir.config.dim;
    const float *given = golden_tensor(g, "text.ids", &tokens), *length = golden_tensor(g, "text.lengths", &count);
    if (!given || !length ||
        !TAP_OK(cs_text_tower_open(g->weights, g->naming, &g->dir.config, CS_WEIGHTS_MAPPED, NULL, &tower, &err) ==
                    CLIPSEARCH_OK,
                "open the text tower %s", err.message))
        return;
    int32_t *ids = cs_alloc_array(tokens, sizeof *ids);
    size_t *lengths = cs_alloc_array(count, sizeof *lengths);
    void *scratch = cs_alloc_aligned(cs_text_tower_scratch(tower, count, tokens, cs_pool_threads(pool)), 1);
    float *vectors = cs_alloc_aligned(count * dim, sizeof *vectors);
    if (!ids || !lengths || !scratch || !vectors)
        abort();
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)given[i];
    for (size_t i = 0; i < count; i++)
        lengths[i] = (size_t)length[i];
    golden_probe context = {.golden = g, .prefix = "quick_gelu.text", .tolerance = STAGE_TOLERANCE};
    cs_probe probe = golden_probe_make(&context);
    cs_text_tower_forward(tower, ids, lengths, count, scratch, pool, &probe, vectors);
    golden_compare(g, "quick_gelu.text.vector", vectors, count, dim, VECTOR_TOLERANCE);
    double cosine = golden_greatest_cosine(vectors, count, dim);
    TAP_OK(cosine < 0.9, "vectors of different texts differ (greatest cosine %.3f)", cosine);
    cs_free(ids);
    cs_free(lengths);
    cs_free(scratch);
    cs_free(vectors);
    cs_text_tower_close(&tower);
}

int main(void)
{
    const char *directory = getenv("CLIPSEARCH_FULL_MODEL");
    clipsearch_error err;
    golden g;
    cs_pool *pool = NULL;
    if (!cpu_level_runs())
        return tap_done();
    if (!directory) {
        tap_skip("towers of true size", "CLIPSEARCH_FULL_MODEL is not set");
        return tap_done();
    }
    if (cs_pool_open(0, &pool, &err) != CLIPSEARCH_OK)
        abort();
    if (golden_open(&g, directory, ".", "expected/expected.safetensors")) {
        test_vision(&g, pool);
        test_text(&g, pool);
        golden_close(&g);
    }
    cs_pool_close(&pool);
    return tap_done();
}
