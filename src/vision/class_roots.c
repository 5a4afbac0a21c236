/* SPDX-License-Identifier: MIT
 * class_roots.c - softened class probabilities of an image and of its places, as square roots. */
#include "vision/class_roots.h"

#include "kernels/act.h"
#include "kernels/vec.h"

#include <math.h>

static const float whole_temperature = 2, place_temperature = 4;

/* x without its mean, of length 1. */
static void centre(float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] - sum / (double)n);
    cs_vec_normalise(x, n);
}

/* The mean of the rows of x [rows, n], divided by `divisor`. */
static void mean_of_rows(const float *x, size_t rows, size_t n, float divisor, float *mean)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t row = 0; row < rows; row++)
            sum += (double)x[row * n + i];
        mean[i] = (float)(sum / (double)rows / (double)divisor);
    }
}

static void root(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = sqrtf(x[i]);
    centre(x, n);
}

void cs_class_roots(float *logits, size_t places, size_t classes, float *roots)
{
    mean_of_rows(logits, places, classes, whole_temperature, roots);
    cs_act()->softmax(roots, classes);
    root(roots, classes);
    for (size_t place = 0; place < places; place++) {
        float *row = logits + place * classes;
        for (size_t i = 0; i < classes; i++)
            row[i] /= place_temperature;
        cs_act()->softmax(row, classes);
    }
    mean_of_rows(logits, places, classes, 1, logits); /* each number is written after it was read for the last time */
    root(logits, classes);
    for (size_t i = 0; i < classes; i++)
        roots[i] += logits[i];
    cs_vec_normalise(roots, classes);
}
