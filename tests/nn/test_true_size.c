/* SPDX-License-Identifier: MIT
 * test_true_size.c - both towers of a ViT-B/32 of true size, or of another known CLIP, against the reference's unit
 * vectors. The weights are written by the program random_model, the same bits on every machine;
 * tools/golden/clip_true_size.py had the reference compute with them. Usage: test_true_size RANDOM_MODEL [SHAPE] */
#include "kernels/cpu_level.h"
#include "text/text_tower.h"
#include "vision/vit.h"

#include "base/mem.h"
#include "nn/golden.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* No component of a unit vector is off by more: f32 arithmetic against f64 through 12 layers of sums of up to 3,072
 * products. 3e-7 is seen. */
static const double TOLERANCE = 2e-6;

enum { IMAGES = 2, SQUARE = 28 };

static float fraction(uint32_t number, uint32_t factor, float unit)
{
    return ((float)(number * factor >> 24) - 128) / unit;
}

/* [IMAGES, 3, size, size]: make_pixels of tools/golden/clip_true_size.py. */
static float *make_pixels(size_t size)
{
    float *pixels = cs_alloc_array(IMAGES * 3 * size * size, sizeof *pixels), *at = pixels;
    if (!pixels)
        abort();
    for (uint32_t n = 0; n < IMAGES; n++)
        for (uint32_t c = 0; c < 3; c++)
            for (uint32_t y = 0; y < size; y++)
                for (uint32_t x = 0; x < size; x++)
                    *at++ = fraction(n * 1013 + c * 331 + y / SQUARE * 57 + x / SQUARE * 91 + 1, 2654435761u, 64) +
                            fraction(n * 7 + c * 3 + y * 13 + x * 29 + 7, 2246822519u, 512);
    return pixels;
}

static void test_images(const golden *g, cs_pool *pool)
{
    clipsearch_error err = {0};
    cs_vit *vit = NULL;
    const size_t dim = g->dir.config.dim;
    for (int pack = 0; pack < 2; pack++) {
        if (!TAP_OK(cs_vit_open(g->weights, g->naming, &g->dir.config, pack, pool, &vit, &err) == CLIPSEARCH_OK,
                    "open the image tower%s %s", pack ? ", packed" : "", err.message))
            return;
        float *pixels = make_pixels(g->dir.config.image_size),
              *vectors = cs_alloc_aligned(IMAGES * dim, sizeof *vectors);
        void *scratch = golden_scratch(cs_vit_scratch(vit, IMAGES, cs_pool_threads(pool)));
        if (!vectors)
            abort();
        cs_vit_forward(vit, pixels, IMAGES, scratch, pool, NULL, vectors);
        golden_compare(g, "vision.vector", vectors, IMAGES, dim, TOLERANCE);
        cs_free(scratch);
        cs_free(vectors);
        cs_free(pixels);
        cs_vit_close(&vit);
    }
}

static void test_texts(const golden *g, cs_pool *pool)
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
    float *vectors = cs_alloc_aligned(count * dim, sizeof *vectors);
    void *scratch = golden_scratch(cs_text_tower_scratch(tower, count, tokens, cs_pool_threads(pool)));
    if (!ids || !lengths || !vectors)
        abort();
    for (size_t i = 0; i < tokens; i++)
        ids[i] = (int32_t)given[i];
    for (size_t i = 0; i < count; i++)
        lengths[i] = (size_t)length[i];
    cs_text_tower_forward(tower, ids, lengths, count, scratch, pool, NULL, vectors);
    golden_compare(g, "text.vector", vectors, count, dim, TOLERANCE);
    cs_free(scratch);
    cs_free(vectors);
    cs_free(lengths);
    cs_free(ids);
    cs_text_tower_close(&tower);
}

/* Run RANDOM_MODEL DIRECTORY DIRECTORY/..: the vocabulary it would link to is not needed. */
static bool write_model(const char *program, const char *directory, const char *folder, const char *shape)
{
    int status = -1;
    const pid_t child = fork();
    if (child == 0) {
        execl(program, program, directory, folder, shape, (char *)NULL);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void remove_model(const char *directory, const char *folder)
{
    static const char *const names[] = {"model.safetensors", "config.json", "merges.txt", "vocab.json"};
    char path[4400];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
    rmdir(folder);
}

int main(int argc, char **argv)
{
    char folder[4096], model[4200], data[4096];
    const char *base = getenv("TMPDIR"), *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    clipsearch_error err;
    golden g;
    cs_pool *pool = NULL;
    if (!cpu_level_runs())
        return tap_done();
    if (argc < 2 || argc > 3 || cs_pool_open(0, &pool, &err) != CLIPSEARCH_OK)
        return 2;
    snprintf(folder, sizeof folder, "%.3000s/clipsearch-test-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder))
        return 2;
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(data, sizeof data, "%.3000s/tests/data/clip-true-size/%s.safetensors", root ? root : ".",
             argc > 2 ? argv[2] : "expected");
    if (TAP_OK(write_model(argv[1], model, folder, argc > 2 ? argv[2] : NULL), "a model of true size") &&
        golden_open(&g, "/", model, data)) {
        test_images(&g, pool);
        test_texts(&g, pool);
        golden_close(&g);
    }
    remove_model(model, folder);
    cs_pool_close(&pool);
    return tap_done();
}
