/* SPDX-License-Identifier: MIT
 * weight_fixture.h - the weight files of tests/data/weights, whole and damaged. */
#ifndef TESTS_MODEL_WEIGHT_FIXTURE_H
#define TESTS_MODEL_WEIGHT_FIXTURE_H

#include "base/buf.h"
#include "model/weights.h"

/* Its path; cs_free it. */
char *fixture(const char *name);

/* Its bytes; a test point. */
cs_buf read_fixture(const char *name);

/* Open bytes as a weight file, and read every byte of its tensors. */
clipsearch_status open_bytes(const char *bytes, size_t size, clipsearch_error *err);

#endif
