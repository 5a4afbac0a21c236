/* SPDX-License-Identifier: MIT
 * conv_bind.h - convolutions from a weight file: tensors by name, BatchNorm folded in, kernels packed. */
#ifndef CS_NN_CONV_BIND_H
#define CS_NN_CONV_BIND_H

#include "model/weights.h"
#include "nn/conv2d.h"

/* A weight file being read tensor by tensor, and which tensors were used. */
typedef struct cs_conv_source {
    const cs_weights *weights;
    const char *prefix; /* in front of every name */
    double eps;         /* of BatchNorm */
    bool *used;         /* [cs_weights_count] */
    cs_pool *pool;      /* packing is spread over it; may be NULL */
    bool coded;         /* convolutions in 8 bits, where they can be */
} cs_conv_source;

/* CLIPSEARCH_E_MEMORY. Close in any case. */
clipsearch_status cs_conv_source_open(cs_conv_source *source, const cs_weights *weights, const char *prefix, double eps,
                                      cs_pool *pool, clipsearch_error *err);
void cs_conv_source_close(cs_conv_source *source);

/* Bind "<conv>.weight" [out, in / groups, kernel_h, kernel_w] and "<conv>.bias" [out] when it is there, with the
 * BatchNorm "<norm>.weight", ".bias", ".running_mean", ".running_var" [out] folded in: in double, rounded once. A norm
 * that is NULL, or not there where the convolution has a bias, was folded before. spec->out of 0 is taken from the
 * tensor and filled in. On failure there is nothing to close. Errors: CLIPSEARCH_E_MODEL, as cs_weights_get says,
 * _UNSUPPORTED (an output count beyond CS_MAX_CHANNELS), _MEMORY. */
clipsearch_status cs_conv_bind(cs_conv_source *source, const char *conv, const char *norm, cs_conv_spec *spec,
                               cs_conv *out, clipsearch_error *err);

/* The same of a Keras layer: `kernel` [kernel_h, kernel_w, in, out], `bias` [out], as tensors of the file. */
clipsearch_status cs_conv_bind_keras(cs_conv_source *source, const cs_tensor *kernel, const cs_tensor *bias,
                                     cs_conv_spec *spec, cs_conv *out, clipsearch_error *err);

/* The first float tensor below the prefix that was not used and whose name after the prefix begins with none of
 * `ignored` (NULL at the end), or NULL when there is none. A network with tensors left over is a different network. */
const cs_tensor *cs_conv_source_rest(const cs_conv_source *source, const char *const *ignored);

enum { CS_MAX_CHANNELS = 1 << 16 };

#endif
