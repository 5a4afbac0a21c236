/* SPDX-License-Identifier: MIT
 * golden.c - comparison with reference tensors, in figures. */
#include "golden.h"

#include "base/file.h"
#include "base/mem.h"
#include "kernels/cpu.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *golden_tiny_root(void)
{
    static char path[4096];
    const char *root = getenv("CLIPSEARCH_SOURCE_ROOT");
    snprintf(path, sizeof path, "%s/tests/data/clip-tiny", root ? root : ".");
    return path;
}

bool golden_open(golden *g, const char *root, const char *model, const char *expected)
{
    clipsearch_error err = {0};
    *g = (golden){0};
    char *model_path = cs_path_join(root, model), *expected_path = cs_path_join(root, expected);
    bool opened = model_path && expected_path;
    opened = opened && cs_model_dir_open(model_path, &g->dir, &g->weights, &err) == CLIPSEARCH_OK;
    if (opened && !g->weights)
        opened = cs_weights_open(g->dir.weights, &g->weights, &err) == CLIPSEARCH_OK;
    opened = opened && (g->dir.image_only || cs_clip_naming_detect(g->weights, &g->naming, &err) == CLIPSEARCH_OK);
    opened = opened && cs_weights_open(expected_path, &g->expected, &err) == CLIPSEARCH_OK;
    TAP_OK(opened, "open %s and %s %s", model, expected, err.message);
    cs_free(model_path);
    cs_free(expected_path);
    if (!opened)
        golden_close(g);
    return opened;
}

void golden_close(golden *g)
{
    cs_weights_close(&g->expected);
    cs_weights_close(&g->weights);
    cs_model_dir_free(&g->dir);
}

const float *golden_tensor(const golden *g, const char *name, size_t *count)
{
    const cs_tensor *tensor = cs_weights_find(g->expected, name);
    if (!tensor || !tensor->is_float || tensor->dtype != CS_F32) {
        TAP_OK(false, "%s holds the f32 tensor %s", cs_weights_path(g->expected), name);
        return NULL;
    }
    *count = tensor->count;
    return tensor->data;
}

bool golden_compare(const golden *g, const char *name, const float *got, size_t rows, size_t columns, double tolerance)
{
    size_t count = 0;
    const float *want = golden_tensor(g, name, &count);
    if (!want)
        return false;
    if (count != rows * columns)
        return TAP_OK(false, "%s: %zu x %zu values, expected %zu", name, rows, columns, count);
    double largest = 0, difference = 0, norm = 0;
    size_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        float expected;
        memcpy(&expected, (const char *)want + i * sizeof expected, sizeof expected); /* a file aligns nothing */
        double d = (double)got[i] - expected;
        bad += !isfinite(got[i]);
        largest = fmax(largest, fabs(d));
        difference += d * d;
        norm += (double)expected * expected;
    }
    return TAP_OK(bad == 0 && largest <= tolerance,
                  "%s [%zu, %zu]: max abs %.2e (<= %.0e), rel L2 %.2e, non-finite %zu", name, rows, columns, largest,
                  tolerance, sqrt(difference / norm), bad);
}

static void see(void *context, const char *stage, size_t layer, const float *data, size_t rows, size_t columns)
{
    golden_probe *probe = context;
    char name[128];
    if (strcmp(stage, "block") == 0)
        snprintf(name, sizeof name, "%s.block.%zu", probe->prefix, layer);
    else
        snprintf(name, sizeof name, "%s.%s", probe->prefix, stage);
    golden_compare(probe->golden, name, data, rows, columns, probe->tolerance);
    probe->stages++;
}

cs_probe golden_probe_make(golden_probe *context)
{
    return (cs_probe){.see = see, .context = context};
}

bool golden_bits_are_equal(void)
{
    return cs_cpu_best() != CS_CPU_C;
}

bool golden_same(const float *got, const float *want, size_t count, const char *what)
{
    if (golden_bits_are_equal())
        return TAP_OK(memcmp(got, want, count * sizeof *got) == 0, "%s: the same bits", what);
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)got[i] - want[i]));
    return TAP_OK(largest <= 1e-6, "%s: through BLAS within 1e-6 (%.1e)", what, largest);
}

double golden_greatest_cosine(const float *vectors, size_t count, size_t dim)
{
    double greatest = -1;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < a; b++) {
            double dot = 0;
            for (size_t c = 0; c < dim; c++)
                dot += (double)vectors[a * dim + c] * vectors[b * dim + c];
            greatest = fmax(greatest, dot);
        }
    return greatest;
}

void *golden_scratch(size_t size)
{
    void *scratch = cs_alloc_aligned(size, 1);
    if (!scratch || size == 0)
        abort();
    memset(scratch, 0xFF, size);
    return scratch;
}

void golden_no_allocation(uint64_t before)
{
    if (cs_mem_count() != before)
        TAP_OK(false, "a forward pass allocates nothing (%d)", (int)(cs_mem_count() - before));
}
