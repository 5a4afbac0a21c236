/* SPDX-License-Identifier: MIT
 * golden.h - compares a tower's stages with tensors that the reference implementation made. */
#ifndef TESTS_NN_GOLDEN_H
#define TESTS_NN_GOLDEN_H

#include "model/clip_tensors.h"
#include "model/model_dir.h"
#include "nn/probe.h"

/* One model directory, opened, and the tensors that go with it. */
typedef struct golden {
    cs_model_dir dir;
    cs_weights *weights;
    cs_weights *expected;
    cs_clip_naming naming; /* of a CLIP model */
} golden;

/* Open `model` and the file `expected`, both below `root`. false, with a failed test, when they cannot be had. */
bool golden_open(golden *g, const char *root, const char *model, const char *expected);
void golden_close(golden *g);

/* The directory tests/data/clip-tiny of the source tree. */
const char *golden_tiny_root(void);

/* The expected tensor `name` as floats; a failed test and NULL when there is none. */
const float *golden_tensor(const golden *g, const char *name, size_t *count);

/* One test: max |got - want| <= tolerance over [rows, columns], sizes equal and nothing non-finite. The relative L2
 * error and the number of non-finite values are printed. */
bool golden_compare(const golden *g, const char *name, const float *got, size_t rows, size_t columns, double tolerance);

/* A probe that compares every stage with "<prefix>.<stage>" or "<prefix>.block.<layer>". */
typedef struct golden_probe {
    const golden *golden;
    const char *prefix;
    double tolerance;
    size_t stages; /* seen so far */
} golden_probe;

cs_probe golden_probe_make(golden_probe *context);

/* Whether the products of this run give a row the same bits whatever other rows there are (OpenBLAS does not promise
 * it). */
bool golden_bits_are_equal(void);

/* One test: `got` and `want` are the same bits, or where the products go through OpenBLAS within 1e-6: unit vectors,
 * sums of other order (a relative FLT_EPSILON a sum, over some ten layers). */
bool golden_same(const float *got, const float *want, size_t count, const char *what);

/* Scratch of exactly `size` bytes, so that a sanitizer sees a write behind it, all NaNs, so that what is read before it
 * is written shows. Freed by cs_free. Ends the program when there is none. */
void *golden_scratch(size_t size);

/* A failed test when anything was allocated since cs_mem_count() was `before`. */
void golden_no_allocation(uint64_t before);

/* The greatest cosine between two of the `count` unit vectors [count, dim]. */
double golden_greatest_cosine(const float *vectors, size_t count, size_t dim);

#endif
