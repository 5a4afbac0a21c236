/* SPDX-License-Identifier: MIT
 * keras_names.h - one name for a Keras weight, whichever version wrote the file. */
#ifndef CS_MODEL_KERAS_NAMES_H
#define CS_MODEL_KERAS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Write the tensor's name for the data set at `path` ("block1_conv1/block1_conv1/kernel:0") to out[size]; false when
 * the data set is not one of the model's weights (but an optimizer's) or the name does not fit.
 *   Keras 1: LAYER/LAYER_W_1:0, LAYER_b_1:0           -> LAYER/kernel, LAYER/bias
 *   Keras 2: LAYER/LAYER/kernel:0                     -> LAYER/kernel
 *   Keras 3: layers/CLASS_N/vars/0, whose group is called LAYER -> LAYER/kernel
 * A leading model_weights/ (of a whole saved model) is dropped. */
bool cs_keras_name(const char *path, char *out, size_t size);

/* The last part of the path for variable `index` of `count` of a Keras 3 layer, whose first has `first_rank` dimensions
 * and itself `rank`: kernel, bias; gamma, beta, moving_mean, moving_variance; NULL: it keeps its number. */
const char *cs_keras_variable(size_t index, size_t count, int first_rank, int rank);

#endif
