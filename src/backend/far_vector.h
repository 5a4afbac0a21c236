/* SPDX-License-Identifier: MIT
 * far_vector.h - a vector for an item that has none. */
#ifndef CS_BACKEND_FAR_VECTOR_H
#define CS_BACKEND_FAR_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* Fill in a vector [dim] of length 1 in a direction that depends on the id alone: it is near nothing, and no two are
 * near each other, so that an index is not the worse for them. */
void cs_far_vector(int64_t id, size_t dim, float *vector);

#endif
