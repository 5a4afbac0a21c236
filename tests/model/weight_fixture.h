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

/* Open bytes as a weight file, and read every byte of its tensors. */
clipsearch_status open_bytes(const char *bytes, size_t size, clipsearch_error *err);

#endif
