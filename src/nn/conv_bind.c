/* SPDX-License-Identifier: MIT
 * conv_bind.c - copies a convolution's tensors as floats, folds BatchNorm into them and opens it. */
#include "nn/conv_bind.h"

#include "base/mem.h"
#include "kernels/cvt.h"
#include "nn/batchnorm.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 192 };

clipsearch_status cs_conv_source_open(cs_conv_source *source, const cs_weights *weights, const char *prefix, double eps,
                                      cs_pool *pool, clipsearch_error *err)
{
    *source = (cs_conv_source){.weights = weights, .prefix = prefix, .eps = eps, .pool = pool};
    source->used = cs_zalloc_array(cs_weights_count(weights), sizeof *source->used);
    return source->used ? CLIPSEARCH_OK : cs_fail_memory(err, cs_weights_path(weights));
}

void cs_conv_source_close(cs_conv_source *source)
{
    cs_free(source->used);
    source->used = NULL;
}

/* The tensors are one array in order of name (weights.h), so a tensor's place in it is its number. */
static void mark_used(cs_conv_source *source, const cs_tensor *tensor)
{
    source->used[tensor - cs_weights_at(source->weights, 0)] = true;
}

const cs_tensor *cs_conv_source_rest(const cs_conv_source *source, const char *const *ignored)
{
    size_t skip = strlen(source->prefix);
    for (size_t i = 0; i < cs_weights_count(source->weights); i++) {
        const cs_tensor *tensor = cs_weights_at(source->weights, i);
        if (source->used[i] || !tensor->is_float || strncmp(tensor->name, source->prefix, skip) != 0)
            continue;
        size_t k = 0;
        while (ignored[k] && strncmp(tensor->name + skip, ignored[k], strlen(ignored[k])) != 0)
            k++;
        if (!ignored[k])
            return tensor;
    }
    return NULL;
}

/* ---------------------------------------------------------------- tensors to floats */

/* "<prefix><layer><part>" */
static void full_name(const cs_conv_source *source, const char *layer, const char *part, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "%s%s%s", source->prefix, layer, part);
}

static const cs_tensor *find(const cs_conv_source *source, const char *layer, const char *part)
{
    char name[NAME_SIZE];
    full_name(source, layer, part, name);
    return cs_weights_find(source->weights, name);
}

/* The tensor's numbers as floats of our own; the caller frees them. */
static clipsearch_status copy(cs_conv_source *source, const char *name, int rank, const size_t *shape, float **floats,
                              clipsearch_error *err)
{
    const cs_tensor *tensor;
    clipsearch_status status = cs_weights_get(source->weights, name, rank, shape, &tensor, err);
    if (status != CLIPSEARCH_OK)
        return status;
    *floats = cs_alloc_aligned(tensor->count, sizeof **floats);
    if (!*floats)
        return cs_fail_memory(err, "a model's weights");
    cs_cvt()->to_f32(tensor->dtype, tensor->data, tensor->count, *floats);
    mark_used(source, tensor);
    return CLIPSEARCH_OK;
}

static clipsearch_status copy_vector(cs_conv_source *source, const char *layer, const char *part, size_t n,
                                     float **floats, clipsearch_error *err)
{
    char name[NAME_SIZE];
    full_name(source, layer, part, name);
    return copy(source, name, 1, &n, floats, err);
}

static clipsearch_status check_outputs(const cs_conv_source *source, const cs_tensor *tensor, size_t outputs,
                                       clipsearch_error *err)
{
    if (outputs >= 1 && outputs <= CS_MAX_CHANNELS)
        return CLIPSEARCH_OK;
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "%s: the convolution \"%s\" makes %zu channels, expected 1 to %d",
                   cs_weights_path(source->weights), tensor->name, outputs, CS_MAX_CHANNELS);
}

/* ---------------------------------------------------------------- BatchNorm */

/* Zeros for a missing bias. */
static clipsearch_status zero_bias(size_t outputs, float **bias, clipsearch_error *err)
{
    *bias = cs_zalloc_array(outputs, sizeof **bias);
    return *bias ? CLIPSEARCH_OK : cs_fail_memory(err, "a model's weights");
}

static clipsearch_status fold(cs_conv_source *source, const char *norm, size_t outputs, size_t each, float *weight,
                              float *bias, clipsearch_error *err)
{
    static const char *const parts[] = {".weight", ".bias", ".running_mean", ".running_var"};
    float *found[4] = {NULL};
    clipsearch_status status = CLIPSEARCH_OK;
    for (size_t i = 0; i < 4 && status == CLIPSEARCH_OK; i++)
        status = copy_vector(source, norm, parts[i], outputs, &found[i], err);
    if (status == CLIPSEARCH_OK) {
        cs_batchnorm batchnorm = {
            .gamma = found[0], .beta = found[1], .mean = found[2], .variance = found[3], .eps = source->eps};
        cs_batchnorm_fold(&batchnorm, outputs, each, weight, bias);
    }
    for (size_t i = 0; i < 4; i++)
        cs_free(found[i]);
    return status;
}

/* ---------------------------------------------------------------- layers */

static clipsearch_status open_conv(const cs_conv_source *source, const cs_conv_spec *spec, const float *weight,
                                   const float *bias, cs_conv *out, clipsearch_error *err)
{
    return source->coded ? cs_conv_open_coded(out, spec, weight, bias, source->pool, err)
                         : cs_conv_open(out, spec, weight, bias, source->pool, err);
}

clipsearch_status cs_conv_bind(cs_conv_source *source, const char *conv, const char *norm, cs_conv_spec *spec,
                               cs_conv *out, clipsearch_error *err)
{
    char name[NAME_SIZE];
    float *weight = NULL, *bias = NULL;
    *out = (cs_conv){0};
    full_name(source, conv, ".weight", name);
    const cs_tensor *tensor = cs_weights_find(source->weights, name);
    if (!tensor)
        return cs_fail(err, CLIPSEARCH_E_MODEL, "%s: the tensor \"%s\", of a convolution of %zu channels, is missing",
                       cs_weights_path(source->weights), name, spec->in);
    if (tensor->rank == 4 && spec->out == 0)
        spec->out = tensor->shape[0];
    size_t groups = spec->groups ? spec->groups : 1;
    size_t each = spec->in / groups * spec->kernel_h * spec->kernel_w; /* channels are limited, kernels small */
    clipsearch_status status =
        copy(source, name, 4, (size_t[]){spec->out, spec->in / groups, spec->kernel_h, spec->kernel_w}, &weight, err);
    if (status == CLIPSEARCH_OK)
        status = check_outputs(source, tensor, spec->out, err);
    if (status != CLIPSEARCH_OK)
        goto done;
    const bool biased = find(source, conv, ".bias") != NULL;
    status = biased ? copy_vector(source, conv, ".bias", spec->out, &bias, err) : zero_bias(spec->out, &bias, err);
    if (status == CLIPSEARCH_OK && norm && (!biased || find(source, norm, ".running_mean")))
        status = fold(source, norm, spec->out, each, weight, bias, err);
    if (status == CLIPSEARCH_OK)
        status = open_conv(source, spec, weight, bias, out, err);
done:
    cs_free(weight);
    cs_free(bias);
    return status;
}

/* [taps, in, out] to [out, in, taps] */
static void keras_to_torch(const float *kernel, size_t taps, size_t in, size_t out, float *weight)
{
    for (size_t t = 0; t < taps; t++)
        for (size_t i = 0; i < in; i++)
            for (size_t o = 0; o < out; o++)
                weight[(o * in + i) * taps + t] = kernel[(t * in + i) * out + o];
}

clipsearch_status cs_conv_bind_keras(cs_conv_source *source, const cs_tensor *kernel, const cs_tensor *bias,
                                     cs_conv_spec *spec, cs_conv *out, clipsearch_error *err)
{
    float *stored = NULL, *weight = NULL, *floats = NULL;
    *out = (cs_conv){0};
    if (spec->out == 0 && kernel->rank == 4)
        spec->out = kernel->shape[3];
    clipsearch_status status =
        copy(source, kernel->name, 4, (size_t[]){spec->kernel_h, spec->kernel_w, spec->in, spec->out}, &stored, err);
    if (status == CLIPSEARCH_OK)
        status = check_outputs(source, kernel, spec->out, err);
    if (status == CLIPSEARCH_OK)
        status = copy(source, bias->name, 1, &spec->out, &floats, err);
    if (status == CLIPSEARCH_OK && !(weight = cs_alloc_aligned(kernel->count, sizeof *weight)))
        status = cs_fail_memory(err, "a model's weights");
    if (status == CLIPSEARCH_OK) {
        keras_to_torch(stored, spec->kernel_h * spec->kernel_w, spec->in, spec->out, weight);
        status = open_conv(source, spec, weight, floats, out, err);
    }
    cs_free(stored);
    cs_free(weight);
    cs_free(floats);
    return status;
}
