/* SPDX-License-Identifier: MIT
 * bgemm_pack.c - weights to pairs of bf16, and back. */
#include "base/half.h"
#include "kernels/bgemm_impl.h"
#include "kernels/cvt.h"

#include <string.h>

enum { PIECE = 256, LINE = CS_PANEL_STRIP * CS_BGEMM_PAIR, INFINITE = 0x7f80 };

size_t cs_bgemm_pairs_size(size_t n, size_t k)
{
    size_t size;
    if (n > SIZE_MAX - CS_PANEL_STRIP || k > SIZE_MAX / 4 ||
        __builtin_mul_overflow((n + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP * CS_PANEL_STRIP,
                               cs_bgemm_stride(k) * sizeof(uint16_t), &size))
        return 0;
    return size;
}

bool cs_bgemm_pack(cs_dtype dtype, const void *rows, size_t n, size_t k, size_t first, size_t count, uint16_t *pairs)
{
    const size_t size = cs_dtype_size(dtype), strip = cs_bgemm_stride(k) * CS_PANEL_STRIP;
    bool good = true;
    memset(pairs, 0, count * strip * sizeof *pairs);
    for (size_t o = 0; o < count * CS_PANEL_STRIP && first * CS_PANEL_STRIP + o < n; o++) {
        const uint8_t *row = (const uint8_t *)rows + (first * CS_PANEL_STRIP + o) * k * size;
        uint16_t *to = pairs + o / CS_PANEL_STRIP * strip + o % CS_PANEL_STRIP * CS_BGEMM_PAIR;
        for (size_t i = 0; i < k; i += PIECE) {
            float floats[PIECE];
            uint16_t rounded[PIECE];
            const size_t some = k - i < PIECE ? k - i : PIECE;
            cs_cvt()->to_f32(dtype, row + i * size, some, floats);
            cs_bgemm_ops_c.round(floats, some, rounded);
            for (size_t j = 0; j < some; j++) {
                good &= (rounded[j] & INFINITE) != INFINITE;
                to[(i + j) / CS_BGEMM_PAIR * LINE + (i + j) % CS_BGEMM_PAIR] = rounded[j];
            }
        }
    }
    return good;
}

void cs_bgemm_unpack(const cs_bgemm_weights *w, float *rows)
{
    const size_t strip = cs_bgemm_stride(w->k) * CS_PANEL_STRIP;
    for (size_t o = 0; o < w->n; o++) {
        const uint16_t *from = w->pairs + o / CS_PANEL_STRIP * strip + o % CS_PANEL_STRIP * CS_BGEMM_PAIR;
        for (size_t i = 0; i < w->k; i++)
            rows[o * w->k + i] = cs_float_from_bf16(from[i / CS_BGEMM_PAIR * LINE + i % CS_BGEMM_PAIR]);
    }
}
