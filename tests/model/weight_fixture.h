/* SPDX-License-Identifier: MIT
 * weight_fixture.h - the weight files of tests/data/weights, whole and damaged. */
#ifndef TESTS_MODEL_WEIGHT_FIXTURE_H
#define TESTS_MODEL_WEIGHT_FIXTURE_H

#include "base/buf.h"
#include "model/weights.h"

#include <stdbool.h>

/* Its path; cs_free it. */
char *fixture(const char *name);

/* Its bytes; a test point. */
cs_buf read_fixture(const char *name);

/* Open one; a test point. NULL when it does not open. */
cs_weights *open_fixture(const char *name);

/* The file below refused/ must not open, with this status and a message that begins with its path; a test point. */
void refuse_fixture(const char *file, clipsearch_status status, const char *message);

/* The same name, type, shape and bytes. */
bool same_tensor(const cs_tensor *a, const cs_tensor *b);

/* The open file holds the `count` tensors of `expected`, and has the same fingerprint; two test points. */
void expect_same_tensors(const char *file, const cs_weights *weights, const cs_weights *expected, size_t count);

/* One bit of each byte is flipped in turn: some files are refused, others are as good as before, and nothing reads
 * beyond the end; a test point. Bytes of 0 are left out unless `zeros`: HDF5 files are mostly padding. The bytes are
 * unchanged at the end. */
void flip_bits(const char *name, cs_buf *bytes, bool zeros);

/* Open the file once for each of its allocations, which fails; there are at least `least`; a test point. */
void fail_allocations(const char *name, int least);

/* Open bytes as a weight file, and read every byte of its tensors. */
clipsearch_status open_bytes(const char *bytes, size_t size, clipsearch_error *err);

#endif
