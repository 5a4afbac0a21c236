/* SPDX-License-Identifier: MIT
 * test_text_tower.c - the text tower against the reference, stage by stage, and against itself in other batches. */
#include "kernels/cpu_level.h"
#include "text/text_tower.h"

#include "base/mem.h"
#include "nn/golden.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As for the image tower (tests/vision/test_vit.c): float sums against float64, values of order 1 to 10. */
static const double STAGE_TOLERANCE = 2e-5;
static const double VECTOR_TOLERANCE = 2e-6;

/* The fixture's texts. */
typedef struct texts {
    int32_t ids[64];
    size_t lengths[8], count, tokens;
} texts;

static texts read_texts(const golden *g)
{
    texts t = {0};
    const float *ids = golden_tensor(g, "text.ids", &t.tokens), *lengths = golden_tensor(g, "text.lengths", &t.count);
    if (!ids || !lengths || t.tokens > 64 || t.count > 8)
        abort();
    for (size_t i = 0; i < t.tokens; i++)
        t.ids[i] = (int32_t)ids[i];
    for (size_t i = 0; i < t.count; i++)
        t.lengths[i] = (size_t)lengths[i];
    return t;
}

static cs_text_tower *open_tower(const golden *g)
{
    clipsearch_error err = {0};
    cs_text_tower *tower = NULL;
    TAP_OK(cs_text_tower_open(g->weights, g->naming, &g->dir.config, CS_WEIGHTS_MAPPED, NULL, &tower, &err) ==
                   CLIPSEARCH_OK &&
               tower,
           "open %s", err.message);
    return tower;
}

static void forward(const cs_text_tower *tower, const int32_t *ids, const size_t *lengths, size_t count, cs_pool *pool,
                    const cs_probe *probe, float *vectors)
{
    size_t tokens = 0;
    for (size_t i = 0; i < count; i++)
        tokens += lengths[i];
    size_t size = cs_text_tower_scratch(tower, count, tokens, cs_pool_threads(pool));
    void *scratch = golden_scratch(size);
    uint64_t before = cs_mem_count();
    cs_text_tower_forward(tower, ids, lengths, count, scratch, pool, probe, vectors);
    golden_no_allocation(before);
    cs_free(scratch);
}

/* The reference pads every text to the whole context; ours has no padding at all. */
static void test_stages(golden *g, cs_activation activation, const char *prefix)
{
    g->dir.config.text.activation = activation;
    cs_text_tower *tower = open_tower(g);
    if (!tower)
        return;
    texts t = read_texts(g);
    size_t dim = g->dir.config.dim;
    float vectors[8 * 64];
    golden_probe context = {.golden = g, .prefix = prefix, .tolerance = STAGE_TOLERANCE};
    cs_probe probe = golden_probe_make(&context);
    forward(tower, t.ids, t.lengths, t.count, NULL, &probe, vectors);
    TAP_OK(context.stages == 1 + g->dir.config.text.layers + 2, "%s: every stage was seen", prefix);
    char name[64];
    snprintf(name, sizeof name, "%s.vector", prefix);
    golden_compare(g, name, vectors, t.count, dim, VECTOR_TOLERANCE);
    double cosine = golden_greatest_cosine(vectors, t.count, dim);
    TAP_OK(cosine < 0.9, "%s: vectors of different texts differ (greatest cosine %.3f)", prefix, cosine);
    cs_text_tower_close(&tower);
    g->dir.config.text.activation = CS_ACT_QUICK_GELU;
}

/* Every text alone, two by two, and on several threads: one and the same vector. */
static void test_invariance(const golden *g)
{
    texts t = read_texts(g);
    size_t dim = g->dir.config.dim;
    float want[8 * 64], got[8 * 64];
    clipsearch_error err;
    cs_text_tower *tower = open_tower(g);
    forward(tower, t.ids, t.lengths, t.count, NULL, NULL, want);
    for (unsigned threads = 1; threads <= 3; threads++) {
        cs_pool *pool = NULL;
        if (cs_pool_open(threads, &pool, &err) != CLIPSEARCH_OK)
            abort();
        for (size_t batch = 1; batch <= t.count; batch++) {
            char what[64];
            snprintf(what, sizeof what, "batch %zu, %u threads", batch, threads);
            memset(got, 0, sizeof got);
            const int32_t *ids = t.ids;
            for (size_t i = 0; i < t.count; i += batch) {
                size_t count = t.count - i < batch ? t.count - i : batch;
                forward(tower, ids, t.lengths + i, count, pool, NULL, got + i * dim);
                for (size_t j = 0; j < count; j++)
                    ids += t.lengths[i + j];
            }
            golden_same(got, want, t.count * dim, what);
        }
        cs_pool_close(&pool);
    }
    cs_text_tower_close(&tower);
}

/* The fixture's weights are the same numbers in every file, so the vectors are the same bits. */
static void test_other_files(const golden *g)
{
    static const char *const models[] = {"hf-f16", "hf-bf16", "open-clip"};
    texts t = read_texts(g);
    size_t dim = g->dir.config.dim;
    float want[8 * 64], got[8 * 64];
    cs_text_tower *tower = open_tower(g);
    forward(tower, t.ids, t.lengths, t.count, NULL, NULL, want);
    cs_text_tower_close(&tower);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        golden other;
        if (!golden_open(&other, golden_tiny_root(), models[i], "expected.safetensors"))
            continue;
        tower = open_tower(&other);
        if (tower) {
            forward(tower, t.ids, t.lengths, t.count, NULL, NULL, got);
            golden_same(got, want, t.count * dim, models[i]);
            cs_text_tower_close(&tower);
        }
        golden_close(&other);
    }
}

static void test_faults(golden *g)
{
    clipsearch_error err;
    cs_text_tower *tower = NULL;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    unsigned n = 0;
    while (status == CLIPSEARCH_E_MEMORY && n < 10000) {
        cs_mem_fail_at(++n);
        status = cs_text_tower_open(g->weights, g->naming, &g->dir.config, CS_WEIGHTS_MAPPED, NULL, &tower, &err);
        cs_mem_fail_at(0);
        if ((status == CLIPSEARCH_OK) != (tower != NULL))
            break;
    }
    TAP_OK(status == CLIPSEARCH_OK && tower && n > 20, "opening survives each of %u allocations failing", n - 1);
    TAP_OK(cs_text_tower_scratch(tower, 1, SIZE_MAX / 8, 2) == 0 && cs_text_tower_scratch(tower, SIZE_MAX, 1, 1) == 0,
           "scratch for too many tokens is 0");
    float vector = 42;
    void *scratch = cs_alloc_aligned(cs_text_tower_scratch(tower, 0, 0, 1), 1);
    cs_text_tower_forward(tower, NULL, NULL, 0, scratch, NULL, NULL, &vector);
    TAP_OK(vector == 42, "no texts, no vectors");
    cs_free(scratch);
    cs_text_tower_close(&tower);
    cs_text_tower_close(&tower);
    g->dir.config.context_length++;
    TAP_OK(cs_text_tower_open(g->weights, g->naming, &g->dir.config, CS_WEIGHTS_MAPPED, NULL, &tower, &err) ==
                   CLIPSEARCH_E_MODEL &&
               !tower,
           "a shape that does not fit the configuration: %s", err.message);
    g->dir.config.context_length--;
}

/* The text tower beside a ResNet image tower, read by open_clip's configuration. */
static void test_beside_resnet(void)
{
    golden g;
    char path[4200];
    snprintf(path, sizeof path, "%s/../cnn-tiny", golden_tiny_root());
    if (!golden_open(&g, path, "clip-rn50", "clip-rn50/expected.sft"))
        return;
    cs_text_tower *tower = open_tower(&g);
    texts t = read_texts(&g);
    float vectors[8 * 64];
    if (tower) {
        forward(tower, t.ids, t.lengths, t.count, NULL, NULL, vectors);
        golden_compare(&g, "text.vector", vectors, t.count, g.dir.config.dim, VECTOR_TOLERANCE);
    }
    cs_text_tower_close(&tower);
    golden_close(&g);
}

int main(void)
{
    golden g;
    if (!cpu_level_runs())
        return tap_done();
    if (golden_open(&g, golden_tiny_root(), "hf", "expected.safetensors")) {
        test_stages(&g, CS_ACT_QUICK_GELU, "quick_gelu.text");
        test_stages(&g, CS_ACT_GELU, "gelu.text");
        test_invariance(&g);
        test_other_files(&g);
        test_faults(&g);
        golden_close(&g);
    }
    test_beside_resnet();
    return tap_done();
}
