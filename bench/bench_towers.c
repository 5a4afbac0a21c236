/* SPDX-License-Identifier: MIT
 * bench_towers.c - milliseconds an image and a text take: bench_towers [--images|--texts] [--form
 * mapped|packed|int8|bf16] MODEL_DIRECTORY [threads [batch...]].
 * One JSON object a line; bench/towers.py runs it beside other engines on the same model. */
#include "base/mem.h"
#include "kernels/cpu.h"
#include "text/text_tower.h"
#include "vision/tower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 101 };
static const double BUDGET_MS = 1500; /* of one measurement; at least five samples whatever they take */

typedef struct model {
    cs_model_dir dir;
    cs_weights *weights;
    cs_clip_naming naming;
    cs_pool *pool;
    unsigned threads;
} model;

typedef struct measured {
    const cs_image_tower *image; /* or */
    const cs_text_tower *tower;
    const float *pixels;
    const int32_t *ids;
    const size_t *lengths;
    size_t count;
    void *scratch;
    float *vectors;
} measured;

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *must(void *block)
{
    if (!block) {
        fprintf(stderr, "bench_towers: out of memory\n");
        exit(1);
    }
    return block;
}

static void must_be_ok(clipsearch_status status, const clipsearch_error *err)
{
    if (status != CLIPSEARCH_OK) {
        fprintf(stderr, "bench_towers: %s\n", err->message);
        exit(1);
    }
}

static void forward(const measured *m, cs_pool *pool)
{
    if (m->image)
        cs_image_tower_forward(m->image, m->pixels, m->count, m->scratch, pool, NULL, m->vectors);
    else
        cs_text_tower_forward(m->tower, m->ids, m->lengths, m->count, m->scratch, pool, NULL, m->vectors);
}

static double median(double *samples, size_t n)
{
    qsort(samples, n, sizeof *samples, ascending);
    return samples[n / 2];
}

/* Medians over single passes after one to warm up: time on the clock, and time of the processors, which says more on a
 * machine that others use too. */
static void measure(const model *mdl, const measured *m, const char *what)
{
    double wall[SAMPLES], cpu[SAMPLES];
    size_t n = 0;
    forward(m, mdl->pool);
    for (double begin = now_ms(); n < SAMPLES && (n < 5 || now_ms() - begin < BUDGET_MS); n++) {
        double start = now_ms(), cpu_start = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
        forward(m, mdl->pool);
        cpu[n] = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        wall[n] = now_ms() - start;
    }
    printf("{\"engine\": \"clipsearch %s\", \"what\": \"%s\", \"threads\": %u, \"batch\": %zu, \"ms\": %.3f, "
           "\"cpu_ms\": %.3f}\n",
           cs_cpu_name(cs_cpu_best()), what, mdl->threads, m->count, median(wall, n) / (double)m->count,
           median(cpu, n) / (double)m->count);
    fflush(stdout);
}

static const char *const forms[] = {[CS_WEIGHTS_MAPPED] = "",
                                    [CS_WEIGHTS_PACKED] = ", packed",
                                    [CS_WEIGHTS_INT8] = ", int8",
                                    [CS_WEIGHTS_BF16] = ", bf16"};

static void bench_images(const model *mdl, cs_weight_form form, const size_t *batches, size_t batch_count)
{
    clipsearch_error err;
    cs_image_tower *tower = NULL;
    double start = now_ms();
    must_be_ok(cs_image_tower_open(&mdl->dir, mdl->weights, form, mdl->pool, &tower, &err), &err);
    printf("{\"engine\": \"clipsearch\", \"what\": \"open image tower%s\", \"open_ms\": %.1f}\n", forms[form],
           now_ms() - start);
    size_t size = cs_model_preprocess(&mdl->dir)->crop, each = 3 * size * size;
    for (size_t b = 0; b < batch_count; b++) {
        size_t count = batches[b];
        float *pixels = must(cs_alloc_aligned(count * each, sizeof *pixels));
        for (size_t i = 0; i < count * each; i++)
            pixels[i] = (float)(i * 2654435761u % 1000) / 500 - 1;
        measured m = {.image = tower, .pixels = pixels, .count = count};
        m.scratch = must(cs_alloc_aligned(cs_image_tower_scratch(tower, count, mdl->threads), 1));
        m.vectors = must(cs_alloc_aligned(count * cs_model_dim(&mdl->dir), sizeof(float)));
        char what[32];
        snprintf(what, sizeof what, "image%s", forms[form]);
        measure(mdl, &m, what);
        cs_free(m.scratch);
        cs_free(m.vectors);
        cs_free(pixels);
    }
    cs_image_tower_close(&tower);
}

static void bench_texts(const model *mdl, cs_weight_form form, size_t length, const size_t *batches, size_t batch_count)
{
    clipsearch_error err;
    cs_text_tower *tower = NULL;
    must_be_ok(cs_text_tower_open(mdl->weights, mdl->naming, &mdl->dir.config, form, mdl->pool, &tower, &err), &err);
    for (size_t b = 0; b < batch_count; b++) {
        size_t count = batches[b];
        int32_t *ids = must(cs_alloc_array(count * length, sizeof *ids));
        size_t *lengths = must(cs_alloc_array(count, sizeof *lengths));
        for (size_t i = 0; i < count * length; i++)
            ids[i] = (int32_t)(i * 2654435761u % mdl->dir.config.vocabulary);
        for (size_t i = 0; i < count; i++)
            lengths[i] = length;
        measured m = {.tower = tower, .ids = ids, .lengths = lengths, .count = count};
        m.scratch = must(cs_alloc_aligned(cs_text_tower_scratch(tower, count, count * length, mdl->threads), 1));
        m.vectors = must(cs_alloc_aligned(count * mdl->dir.config.dim, sizeof(float)));
        char what[32];
        snprintf(what, sizeof what, "text of %zu tokens%s", length, forms[form]);
        measure(mdl, &m, what);
        cs_free(m.scratch);
        cs_free(m.vectors);
        cs_free(lengths);
        cs_free(ids);
    }
    cs_text_tower_close(&tower);
}

static bool is_wanted(int form, const char *only)
{
    static const char *const names[] = {[CS_WEIGHTS_MAPPED] = "mapped",
                                        [CS_WEIGHTS_PACKED] = "packed",
                                        [CS_WEIGHTS_INT8] = "int8",
                                        [CS_WEIGHTS_BF16] = "bf16"};
    return !only || strcmp(only, names[form]) == 0;
}

int main(int argc, char **argv)
{
    size_t batches[16] = {1, 8, 32}, batch_count = 3;
    clipsearch_error err;
    model mdl = {0};
    const bool only_images = argc > 1 && strcmp(argv[1], "--images") == 0;
    const bool only_texts = argc > 1 && strcmp(argv[1], "--texts") == 0;
    argc -= only_images || only_texts;
    argv += only_images || only_texts;
    const char *only_form = argc > 2 && strcmp(argv[1], "--form") == 0 ? argv[2] : NULL;
    argc -= only_form ? 2 : 0;
    argv += only_form ? 2 : 0;
    if (argc < 2 || argc > 18) {
        fprintf(stderr, "usage: bench_towers [--images|--texts] [--form mapped|packed|int8|bf16] MODEL_DIRECTORY "
                        "[threads [batch...]]\n");
        return 2;
    }
    mdl.threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    for (int i = 3; i < argc; i++)
        batches[i - 3] = strtoul(argv[i], NULL, 10);
    batch_count = argc > 3 ? (size_t)argc - 3 : batch_count;
    must_be_ok(cs_model_dir_open(argv[1], &mdl.dir, &mdl.weights, &err), &err);
    if (!mdl.weights)
        must_be_ok(cs_weights_open(mdl.dir.weights, &mdl.weights, &err), &err);
    const bool texts = !mdl.dir.image_only;
    if (texts)
        must_be_ok(cs_clip_naming_detect(mdl.weights, &mdl.naming, &err), &err);
    must_be_ok(cs_pool_open(mdl.threads, &mdl.pool, &err), &err);
    mdl.threads = cs_pool_threads(mdl.pool);
    const bool coded = texts && !mdl.dir.config.resnet && !mdl.dir.config.lite;
    for (int form = CS_WEIGHTS_MAPPED; !only_texts && form <= CS_WEIGHTS_BF16; form++) {
        if (!is_wanted(form, only_form) || (form == CS_WEIGHTS_MAPPED && !texts) /* convolutions are always packed */ ||
            (form == CS_WEIGHTS_BF16 && !(coded && cs_bgemm_is_fast())))
            continue;
        bench_images(&mdl, (cs_weight_form)form, batches, batch_count);
    }
    if (texts && !only_images) {
        size_t context = mdl.dir.config.context_length;
        for (int form = CS_WEIGHTS_MAPPED; form <= CS_WEIGHTS_BF16; form++) {
            if (!is_wanted(form, only_form) || form == CS_WEIGHTS_PACKED || (form == CS_WEIGHTS_INT8 && !coded) ||
                (form == CS_WEIGHTS_BF16 && !(coded && cs_bgemm_is_fast())))
                continue;
            bench_texts(&mdl, (cs_weight_form)form, 5 < context ? 5 : context, batches, batch_count);
            bench_texts(&mdl, (cs_weight_form)form, context, batches, batch_count);
        }
    }
    cs_pool_close(&mdl.pool);
    cs_weights_close(&mdl.weights);
    cs_model_dir_free(&mdl.dir);
    return 0;
}
