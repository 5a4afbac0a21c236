/* SPDX-License-Identifier: MIT
 * far_vector.c - a direction made of an id. */
#include "backend/far_vector.h"

#include <math.h>

void cs_far_vector(int64_t id, size_t dim, float *vector)
{
    uint64_t state = (uint64_t)id;
    double squares = 0;
    for (size_t i = 0; i < dim; i++) {
        state += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea, Flood 2014) */
        uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        vector[i] = (float)((double)(z >> 11) * 0x1p-53 - 0.5);
        squares += (double)vector[i] * vector[i];
    }
    for (size_t i = 0; i < dim && squares > 0; i++)
        vector[i] = (float)(vector[i] / sqrt(squares));
}
