/* SPDX-License-Identifier: MIT
 * lite_head.c - binds the head's tensors and computes it. */
#include "vision/lite_head.h"

#include "base/mem.h"
#include "kernels/vec.h"
#include "model/byte_rows.h"
#include "nn/floats.h"
#include "nn/pooling.h"
#include "vision/class_roots.h"

#include <string.h>

static const float feature_weight = 1.4F; /* of the features, beside 1 for the classes */

/* ---------------------------------------------------------------- binding */

struct binder {
    const cs_weights *weights;
    bool pack;
    cs_pool *pool;
    clipsearch_error *err;
};

/* How many rows a matrix of the file has: a width that only the file says. */
static clipsearch_status rows_of(const struct binder *in, const char *name, size_t most, size_t *rows)
{
    const cs_tensor *tensor = cs_weights_find(in->weights, name);
    if (tensor && tensor->rank == 2 && tensor->shape[0] >= 1 && tensor->shape[0] <= most) {
        *rows = tensor->shape[0];
        return CLIPSEARCH_OK;
    }
    return cs_fail(in->err, CLIPSEARCH_E_MODEL,
                   tensor ? "%s: the tensor \"%s\" of the image tower's head must be a matrix of 1 to %zu rows"
                          : "%s: the tensor \"%s\" of the image tower's head, a matrix of at most %zu rows, is missing",
                   cs_weights_path(in->weights), name, most);
}

/* The tensor as a matrix; a vector when `rows` is 0. */
static clipsearch_status find(const struct binder *in, const char *name, size_t rows, size_t columns, cs_matrix *matrix)
{
    if (rows)
        return cs_byte_rows_get(in->weights, name, rows, columns, matrix, in->err);
    const cs_tensor *tensor;
    clipsearch_status status = cs_weights_get(in->weights, name, 1, &columns, &tensor, in->err);
    if (status == CLIPSEARCH_OK)
        *matrix = (cs_matrix){.dtype = tensor->dtype, .data = tensor->data, .rows = 1, .columns = columns};
    return status;
}

static clipsearch_status bind_floats(const struct binder *in, const char *name, size_t rows, size_t columns,
                                     float **out)
{
    cs_matrix matrix;
    clipsearch_status status = find(in, name, rows, columns, &matrix);
    return status == CLIPSEARCH_OK ? cs_floats_copy(&matrix, out, in->err) : status;
}

/* `bias` NULL: none. */
static clipsearch_status bind_linear(const struct binder *in, const char *weight, const char *bias, size_t rows,
                                     size_t columns, cs_linear *linear)
{
    cs_matrix matrix, vector;
    clipsearch_status status = find(in, weight, rows, columns, &matrix);
    if (status == CLIPSEARCH_OK && bias)
        status = find(in, bias, 0, rows, &vector);
    return status == CLIPSEARCH_OK ? cs_linear_open(linear, &matrix, bias ? &vector : NULL, in->pack, in->pool, in->err)
                                   : status;
}

static clipsearch_status bind_all(const struct binder *in, cs_lite_head *head)
{
    clipsearch_status status = bind_linear(in, "_fc.weight", "_fc.bias", head->classes, head->channels, &head->fc);
    if (status == CLIPSEARCH_OK)
        status = bind_floats(in, "visual_head.feature_mean", 0, head->channels, &head->mean);
    if (status == CLIPSEARCH_OK)
        status = bind_linear(in, "visual_head.classes.weight", NULL, head->dim, head->classes + head->channels,
                             &head->known);
    if (status == CLIPSEARCH_OK)
        status = bind_linear(in, "visual_head.places.weight", NULL, head->wide, head->seen, &head->first);
    if (status == CLIPSEARCH_OK)
        status = bind_floats(in, "visual_head.positions", head->places, head->wide, &head->positions);
    if (status == CLIPSEARCH_OK)
        status = bind_linear(in, "visual_head.hidden.weight", "visual_head.hidden.bias", head->hidden, head->wide,
                             &head->second);
    if (status == CLIPSEARCH_OK)
        status = bind_linear(in, "visual_head.drawn.weight", "visual_head.drawn.bias", head->dim, 2 * head->hidden,
                             &head->drawn);
    return status;
}

clipsearch_status cs_lite_head_open(cs_lite_head *head, const cs_weights *weights, const cs_clip_config *config,
                                    size_t channels, size_t seen, bool pack, cs_pool *pool, clipsearch_error *err)
{
    const struct binder in = {.weights = weights, .pack = pack, .pool = pool, .err = err};
    const size_t side = config->image_size / CS_LITE_SHRINK;
    *head = (cs_lite_head){.places = side * side, .channels = channels, .seen = seen, .dim = config->dim};
    clipsearch_status status = rows_of(&in, "_fc.weight", CS_MAX_WIDTH, &head->classes);
    if (status == CLIPSEARCH_OK)
        status = rows_of(&in, "visual_head.places.weight", CS_MAX_WIDTH, &head->wide);
    if (status == CLIPSEARCH_OK)
        status = rows_of(&in, "visual_head.hidden.weight", CS_MAX_WIDTH, &head->hidden);
    return status == CLIPSEARCH_OK ? bind_all(&in, head) : status;
}

void cs_lite_head_close(cs_lite_head *head)
{
    cs_linear *linears[] = {&head->fc, &head->known, &head->first, &head->second, &head->drawn};
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        cs_linear_close(linears[i]);
    cs_free(head->mean);
    cs_free(head->positions);
    *head = (cs_lite_head){0};
}

size_t cs_lite_head_packed_bytes(const cs_lite_head *head)
{
    const cs_linear *linears[] = {&head->fc, &head->known, &head->first, &head->second, &head->drawn};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        bytes += cs_linear_packed_bytes(linears[i]);
    return bytes;
}

/* ---------------------------------------------------------------- forward */

void cs_lite_head_carve(const cs_lite_head *head, cs_lite_scratch *s, size_t images, unsigned threads,
                        cs_workspace *workspace)
{
    const cs_linear *linears[] = {&head->fc, &head->known, &head->first, &head->second, &head->drawn};
    size_t longest = 0;
    for (size_t i = 0; i < sizeof linears / sizeof *linears; i++)
        longest = linears[i]->weights.k > longest ? linears[i]->weights.k : longest;
    s->logits = cs_workspace_floats(workspace, images * head->places, head->classes); /* a group of images: few */
    s->known = cs_workspace_floats(workspace, images, head->classes + head->channels);
    s->first = cs_workspace_floats(workspace, images * head->places, head->wide);
    s->second = cs_workspace_floats(workspace, images * head->places, head->hidden);
    s->pooled = cs_workspace_floats(workspace, images, 2 * head->hidden);
    s->gemm = cs_workspace_floats(workspace, threads, cs_gemm_scratch(longest));
}

static void relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

/* The mean features of one image without those of photographs, scaled to the length they count by. */
static void make_features(const cs_lite_head *head, const float *map, float *features)
{
    cs_global_average_pool(map, 1, head->places, head->channels, features, NULL);
    for (size_t i = 0; i < head->channels; i++)
        features[i] -= head->mean[i];
    cs_vec_normalise(features, head->channels);
    for (size_t i = 0; i < head->channels; i++)
        features[i] *= feature_weight;
}

typedef struct image_job {
    const cs_lite_head *head;
    const float *maps;
    const cs_lite_scratch *s;
} image_job;

/* What is known of one image; and its places after the first layer. */
static void finish_known(void *context, size_t image, unsigned worker)
{
    (void)worker;
    const image_job *j = context;
    const cs_lite_head *head = j->head;
    float *known = j->s->known + image * (head->classes + head->channels);
    float *first = j->s->first + image * head->places * head->wide;
    cs_class_roots(j->s->logits + image * head->places * head->classes, head->places, head->classes, known);
    make_features(head, j->maps + image * head->places * head->channels, known + head->classes);
    for (size_t i = 0; i < head->places * head->wide; i++)
        first[i] += head->positions[i];
    relu(first, head->places * head->wide);
}

/* The mean and the maximum of the places of one image. */
static void pool_places(void *context, size_t image, unsigned worker)
{
    (void)worker;
    const image_job *j = context;
    const size_t places = j->head->places, hidden = j->head->hidden;
    float *second = j->s->second + image * places * hidden, *pooled = j->s->pooled + image * 2 * hidden;
    relu(second, places * hidden);
    cs_global_average_pool(second, 1, places, hidden, pooled, NULL);
    cs_global_max_pool(second, 1, places, hidden, pooled + hidden, NULL);
}

void cs_lite_head_forward(const cs_lite_head *head, const float *maps, const float *seen, size_t count,
                          const cs_lite_scratch *s, cs_pool *pool, float *vectors)
{
    image_job job = {.head = head, .maps = maps, .s = s};
    const size_t rows = count * head->places;
    cs_linear_forward(&head->fc, maps, rows, CS_ACT_NONE, NULL, s->logits, s->gemm, pool);
    cs_linear_forward(&head->first, seen, rows, CS_ACT_NONE, NULL, s->first, s->gemm, pool);
    cs_pool_run(pool, count, finish_known, &job);
    cs_linear_forward(&head->second, s->first, rows, CS_ACT_NONE, NULL, s->second, s->gemm, pool);
    cs_pool_run(pool, count, pool_places, &job);
    cs_linear_forward(&head->known, s->known, count, CS_ACT_NONE, NULL, vectors, s->gemm, pool);
    cs_linear_forward(&head->drawn, s->pooled, count, CS_ACT_NONE, vectors, vectors, s->gemm, pool);
}
