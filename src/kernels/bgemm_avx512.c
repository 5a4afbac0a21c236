/* SPDX-License-Identifier: MIT
 * bgemm_avx512.c - the product in bf16 by fused multiply-add of floats in 512-bit registers, for processors whose
 * vdpbf16ps is slower than that. A product of two bf16 is exact in a float, so the bits are the same. */
#include "kernels/lanes_avx512.h"

#include "kernels/bgemm_impl.h"
#include "kernels/gemm_tile_lanes.h"

/* STEPS inputs of a panel, 32 KiB, and of the rows are widened at a time, in the order in which they are added: of each
 * pair the second first. */
enum { STEPS = 128 };

static void round_numbers(const float *x, size_t n, uint16_t *rounded)
{
    const __m512i least = _mm512_set1_epi32(0x00800000), size = _mm512_set1_epi32(0x7fffffff);
    for (size_t i = 0; i < n; i += LANES) {
        const __m512i bits = _mm512_castps_si512(lanes_load_first(x + i, n - i)), sizes = _mm512_and_si512(bits, size);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
        __m512i upper = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
        upper = _mm512_srli_epi32(upper, 16);
        const __mmask16 none = _mm512_cmpgt_epi32_mask(sizes, _mm512_set1_epi32(0x7f800000)); /* no numbers */
        upper = _mm512_mask_or_epi32(upper, none, _mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
        const __mmask16 tiny = _mm512_cmplt_epi32_mask(sizes, least);
        upper = _mm512_mask_and_epi32(upper, tiny, _mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x8000));
        _mm256_mask_storeu_epi16(rounded + i, lanes_first(n - i), _mm512_cvtepi32_epi16(upper));
    }
}

/* `steps` inputs of `strips` strips, zeros for the others of the panel, to [steps, WIDTH]. */
static void widen_weights(const uint16_t *pairs, size_t strip, size_t strips, size_t steps, float *to)
{
    const __m512i upper = _mm512_set1_epi32(-65536);
    for (size_t s = 0; s < CS_PANEL / CS_PANEL_STRIP; s++)
        for (size_t i = 0; i < steps; i += CS_BGEMM_PAIR) {
            const uint16_t *from = pairs + s * strip + i * CS_PANEL_STRIP;
            const __m512i both = s < strips ? _mm512_loadu_si512(from) : _mm512_setzero_si512();
            float *first = to + i * WIDTH + s * CS_PANEL_STRIP;
            lanes_store(first, _mm512_castsi512_ps(_mm512_and_si512(both, upper)));
            lanes_store(first + WIDTH, _mm512_castsi512_ps(_mm512_slli_epi32(both, 16)));
        }
}

/* `steps` inputs of `count` rows to [count, STEPS]. */
static void widen_rows(const uint16_t *x, size_t ldx, size_t count, size_t steps, float *to)
{
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < steps; s += LANES) {
            const lanes pairs = lanes_load_bf16_first(x + i * ldx + s, steps - s);
            lanes_store(to + i * STEPS + s, _mm512_permute_ps(pairs, 0xb1));
        }
}

static void multiply(const cs_bgemm_weights *w, const uint16_t *x, size_t count, size_t first, size_t outputs,
                     size_t next, float *sums)
{
    const size_t ldx = cs_bgemm_stride(w->k), strip = ldx * CS_PANEL_STRIP;
    const size_t strips = (outputs + CS_PANEL_STRIP - 1) / CS_PANEL_STRIP;
    const uint16_t *pairs = w->pairs + first / CS_PANEL_STRIP * strip;
    _Alignas(64) float weights[STEPS * WIDTH], rows[CS_PANEL_ROWS * STEPS];
    const strip_outputs to = choose_outputs(outputs);
    cs_gemm_ahead ahead = {0};
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON); /* as vdpbf16ps always does */
    if (next + CS_PANEL <= w->n && next != first)
        ahead = (cs_gemm_ahead){.at = (const char *)(w->pairs + next / CS_PANEL_STRIP * strip),
                                .bytes = CS_PANEL * ldx * sizeof *x};
    spread_ahead(&ahead, count, 1, ldx);
    for (size_t k = 0; k < ldx; k += STEPS) {
        const size_t steps = ldx - k < STEPS ? ldx - k : STEPS;
        widen_weights(pairs + k * CS_PANEL_STRIP, strip, strips, steps, weights);
        widen_rows(x + k, ldx, count, steps, rows);
        multiply_steps(rows, STEPS, count, steps, weights, k > 0, &to, &ahead, 1, sums, CS_PANEL);
    }
    _mm_setcsr(before);
}

const cs_bgemm_ops cs_bgemm_ops_avx512 = {.name = "bgemm avx512", .round = round_numbers, .multiply = multiply};
