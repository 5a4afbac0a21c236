/* SPDX-License-Identifier: MIT
 * weights_walk.h - the tensors of a weight file, one call each. */
#ifndef CS_MODEL_WEIGHTS_WALK_H
#define CS_MODEL_WEIGHTS_WALK_H

#include "base/error.h"

/* As clipsearch_weights_walk says; arguments are checked; `each` and `info` may be NULL. */
clipsearch_status cs_weights_walk(const char *path, bool (*each)(void *context, const clipsearch_tensor *tensor),
                                  void *context, clipsearch_weights_info *info, clipsearch_error *err);

#endif
