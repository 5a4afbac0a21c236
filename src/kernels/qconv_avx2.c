/* SPDX-License-Identifier: MIT
 * qconv_avx2.c - the inner loop of a convolution in 8 bits with AVX2. */
#include "kernels/dots_avx2.h"
#include "kernels/lanes_avx2.h"
#include "kernels/qconv_dots.h"

const cs_qconv_ops cs_qconv_ops_avx2 = {.name = "qconv avx2", .multiply = multiply, .meet = meet, .quantize = quantize};
