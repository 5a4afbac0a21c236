/* SPDX-License-Identifier: MIT
 * winograd_bound.c - the transforms of F(4x4, 3x3) with absolute values. */
#include "kernels/winograd_bound.h"

#include <math.h>
#include <stddef.h>

/* |G|, |B^T| and |A^T|, written out. */
static const double WEIGHTS[6][3] = {{1 / 4.0, 0, 0},
                                     {1 / 6.0, 1 / 6.0, 1 / 6.0},
                                     {1 / 6.0, 1 / 6.0, 1 / 6.0},
                                     {1 / 24.0, 1 / 12.0, 1 / 6.0},
                                     {1 / 24.0, 1 / 12.0, 1 / 6.0},
                                     {0, 0, 1}};
static const double INPUTS[6][6] = {{4, 0, 5, 0, 1, 0}, {0, 4, 4, 1, 1, 0}, {0, 4, 4, 1, 1, 0},
                                    {0, 2, 1, 2, 1, 0}, {0, 2, 1, 2, 1, 0}, {0, 4, 0, 5, 0, 1}};
static const double OUTPUTS[4][6] = {{1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}};

/* left |x| left^T of x [n, n] with left [rows, n]; to [rows, rows] */
static void sandwich(const double *left, size_t rows, size_t n, const double *x, double *to)
{
    double half[6][6];
    for (size_t i = 0; i < rows; i++)
        for (size_t l = 0; l < n; l++) {
            half[i][l] = 0;
            for (size_t k = 0; k < n; k++)
                half[i][l] += left[i * n + k] * fabs(x[k * n + l]);
        }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < rows; j++) {
            to[i * rows + j] = 0;
            for (size_t l = 0; l < n; l++)
                to[i * rows + j] += half[i][l] * left[j * n + l];
        }
}

void winograd_bound_add(const double inputs[36], const double weights[9], double sums[36])
{
    double d[36], g[36];
    sandwich(&INPUTS[0][0], 6, 6, inputs, d);
    sandwich(&WEIGHTS[0][0], 6, 3, weights, g);
    for (size_t i = 0; i < 36; i++)
        sums[i] += d[i] * g[i];
}

void winograd_bound_outputs(const double sums[36], double outputs[16])
{
    sandwich(&OUTPUTS[0][0], 4, 6, sums, outputs);
}
