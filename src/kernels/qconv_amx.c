/* SPDX-License-Identifier: MIT
 * qconv_amx.c - the inner loop of a convolution in 8 bits with AMX; all else with AVX-512. */
#include "kernels/dots_avx512vnni.h"
#include "kernels/lanes_avx512.h"

#define AMX_DOT "tdpbusd"
#include "kernels/tile_amx.h"

#include "kernels/qconv_lanes.h"

_Static_assert((int)BESIDE_OUTPUTS == (int)CS_PANEL, "all sums of a row lie together");

static void multiply(const cs_qconv_call *call)
{
    const size_t groups = call->runs * call->run / CS_QCONV_GROUP;
    _Alignas(64) partial_sums sums;
    const cs_panel_ahead ahead = {.weights = call->ahead};
    add_products(call->together, call->apart, call->rows, groups, (const uint8_t *)call->codes, call->outputs, ahead,
                 sums);
    finish(call, 0, 0, call->rows, (call->outputs + CS_QCONV_STRIP - 1) / CS_QCONV_STRIP, sums);
}

const cs_qconv_ops cs_qconv_ops_amx = {
    .name = "qconv amx", .together = true, .multiply = multiply, .meet = meet, .quantize = quantize};
