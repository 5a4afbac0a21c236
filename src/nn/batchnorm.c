/* SPDX-License-Identifier: MIT
 * batchnorm.c - folds batch normalisation into weights and bias. */
#include "nn/batchnorm.h"

#include <math.h>

void cs_batchnorm_fold(const cs_batchnorm *norm, size_t outputs, size_t each, float *weight, float *bias)
{
    for (size_t i = 0; i < outputs; i++) {
        const double gamma = norm->gamma ? norm->gamma[i] : 1, beta = norm->beta ? norm->beta[i] : 0;
        const double scale = gamma / sqrt(norm->variance[i] + norm->eps);
        for (size_t k = 0; k < each; k++)
            weight[i * each + k] = (float)(weight[i * each + k] * scale);
        bias[i] = (float)((bias[i] - (double)norm->mean[i]) * scale + beta);
    }
}
