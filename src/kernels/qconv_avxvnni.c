/* SPDX-License-Identifier: MIT
 * qconv_avxvnni.c - the inner loop of a convolution in 8 bits with AVX-VNNI. */
#include "kernels/dots_avxvnni.h"
#include "kernels/lanes_avx2.h"
#include "kernels/qconv_dots.h"

const cs_qconv_ops cs_qconv_ops_avxvnni = {
    .name = "qconv avxvnni", .multiply = multiply, .meet = meet, .quantize = quantize};
