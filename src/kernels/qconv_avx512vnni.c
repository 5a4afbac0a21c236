/* SPDX-License-Identifier: MIT
 * qconv_avx512vnni.c - the inner loop of a convolution in 8 bits with AVX512-VNNI. */
#include "kernels/dots_avx512vnni.h"
#include "kernels/lanes_avx512.h"
#include "kernels/qconv_dots.h"

const cs_qconv_ops cs_qconv_ops_avx512vnni = {
    .name = "qconv avx512vnni", .multiply = multiply, .meet = meet, .quantize = quantize};
