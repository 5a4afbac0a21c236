/* SPDX-License-Identifier: MIT
 * winograd_bound.h - how far rounding may take a convolution by F(4x4, 3x3) from the exact one. */
#ifndef TESTS_WINOGRAD_BOUND_H
#define TESTS_WINOGRAD_BOUND_H

/* Add one channel of a tile, `inputs` [6, 6] and `weights` [3, 3], to the 36 sums of |G| |g| |G|^T o |B^T| |d| |B|. */
void winograd_bound_add(const double inputs[36], const double weights[9], double sums[36]);

/* Those sums through |A^T| and |A|: times (channels + 18) * 2^-24, what kernels/winograd.h allows each output. */
void winograd_bound_outputs(const double sums[36], double outputs[16]);

#endif
