/* SPDX-License-Identifier: MIT
 * random_tensors.h - a safetensors file of seeded random f16 tensors, for models of true size. */
#ifndef TESTS_REAL_RANDOM_TENSORS_H
#define TESTS_REAL_RANDOM_TENSORS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Numbers close to normal, of this mean and standard deviation. */
typedef struct random_tensor {
    char name[192];
    size_t shape[4], rank;
    float mean, deviation;
} random_tensor;

/* The tensors of one file; for programs that make one model and end. */
typedef struct random_tensors {
    random_tensor items[2048];
    size_t count;
} random_tensors;

/* One more, called "<prefix><name>". */
void random_add(random_tensors *tensors, const char *prefix, const char *name, size_t rank, const size_t *shape,
                float mean, float deviation);

/* Draw and write all of them to `path`. The same tensors are the same file. */
bool random_write(const random_tensors *tensors, const char *path, clipsearch_error *err);

#endif
