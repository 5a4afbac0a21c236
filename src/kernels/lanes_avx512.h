/* SPDX-License-Identifier: MIT
 * lanes_avx512.h - the words of lanes_avx2.h, which says what they mean, for 512-bit registers: 16 floats each. */
#ifndef CS_KERNELS_LANES_H
#define CS_KERNELS_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512 lanes;
typedef __mmask16 lanes_mask;

enum {
    LANES = 16,
    LANES_REGISTERS = 32,
    VEC_ROWS = 4,     /* sixteen accumulators, which leave as many registers */
    GEMM_STEPS = 128, /* 32 KiB of weights */
    CONV_STEPS = 768, /* 192 KiB of weights */
    GEMM_FEW = 32
};

static inline lanes lanes_zero(void)
{
    return _mm512_setzero_ps();
}

static inline lanes lanes_set(float x)
{
    return _mm512_set1_ps(x);
}

static inline lanes_mask lanes_first(size_t n)
{
    return (lanes_mask)(n >= LANES ? 0xffff : (1u << n) - 1);
}

static inline lanes lanes_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes x)
{
    _mm512_storeu_ps(to, x);
}

static inline lanes lanes_load_masked(const float *from, lanes_mask mask)
{
    return _mm512_maskz_loadu_ps(mask, from);
}

static inline void lanes_store_masked(float *to, lanes_mask mask, lanes x)
{
    _mm512_mask_storeu_ps(to, mask, x);
}

/* A mask costs nothing here. */
static inline lanes lanes_load_first(const float *from, size_t n)
{
    return lanes_load_masked(from, lanes_first(n));
}

static inline void lanes_store_first(float *to, size_t n, lanes x)
{
    lanes_store_masked(to, lanes_first(n), x);
}

static inline lanes lanes_load_f16(const void *from)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
}

static inline lanes lanes_load_bf16(const void *from)
{
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline lanes lanes_load_f16_first(const void *from, size_t n)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes_first(n), from));
}

static inline lanes lanes_load_bf16_first(const void *from, size_t n)
{
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes_first(n), from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm512_add_ps(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm512_sub_ps(a, b);
}

static inline lanes lanes_mul(lanes a, lanes b)
{
    return _mm512_mul_ps(a, b);
}

static inline lanes lanes_div(lanes a, lanes b)
{
    return _mm512_div_ps(a, b);
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm512_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm512_max_ps(a, b);
}

static inline lanes lanes_abs(lanes x)
{
    return _mm512_abs_ps(x);
}

static inline lanes lanes_round(lanes x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT);
}

static inline lanes lanes_scale(lanes x, lanes n)
{
    return _mm512_scalef_ps(x, n);
}

static inline lanes_mask lanes_greater(lanes a, lanes b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}

static inline int lanes_any(lanes_mask mask)
{
    return mask != 0;
}

static inline lanes lanes_select(lanes_mask mask, lanes a, lanes b)
{
    return _mm512_mask_mov_ps(b, mask, a);
}

static inline lanes lanes_keep(lanes_mask mask, lanes x)
{
    return _mm512_maskz_mov_ps(mask, x);
}

static inline __attribute__((always_inline)) void lanes_transpose(lanes r[LANES])
{
    lanes s[LANES], t[LANES];
    for (int i = 0; i < LANES; i += 4) {
        const lanes a = _mm512_unpacklo_ps(r[i], r[i + 1]), b = _mm512_unpackhi_ps(r[i], r[i + 1]);
        const lanes c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
        s[i] = _mm512_shuffle_ps(a, c, 0x44);
        s[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        s[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
        s[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    /* s[4g + c] holds columns c, c+4, c+8, c+12 of rows 4g .. 4g+3, a quarter each */
    for (int c = 0; c < 4; c++) {
        t[c] = _mm512_shuffle_f32x4(s[c], s[4 + c], 0x88);
        t[4 + c] = _mm512_shuffle_f32x4(s[c], s[4 + c], 0xdd);
        t[8 + c] = _mm512_shuffle_f32x4(s[8 + c], s[12 + c], 0x88);
        t[12 + c] = _mm512_shuffle_f32x4(s[8 + c], s[12 + c], 0xdd);
    }
    for (int c = 0; c < 4; c++) {
        r[c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0x88);
        r[8 + c] = _mm512_shuffle_f32x4(t[c], t[8 + c], 0xdd);
        r[4 + c] = _mm512_shuffle_f32x4(t[4 + c], t[12 + c], 0x88);
        r[12 + c] = _mm512_shuffle_f32x4(t[4 + c], t[12 + c], 0xdd);
    }
}

static inline float lanes_most(lanes x)
{
    return _mm512_reduce_max_ps(x);
}

static inline float lanes_root(float x)
{
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

static inline float lanes_total(const lanes s[16 / LANES])
{
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(s[0]), _mm512_extractf32x8_ps(s[0], 1));
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

typedef __m512i lanes_codes;
typedef __m512i lanes_counts;
enum { CODES = 2 * LANES };

static inline lanes_codes lanes_load_signed(const int8_t *from)
{
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)from));
}

static inline lanes_codes lanes_load_unsigned(const uint8_t *from)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)from));
}

static inline lanes_counts lanes_no_counts(void)
{
    return _mm512_setzero_si512();
}

static inline void lanes_store_bytes(uint8_t *to, size_t n, lanes x, int32_t zero)
{
    const __m512i whole = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(zero));
    const __m128i bytes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(whole, _mm512_setzero_si512()));
    if (n >= LANES)
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
    else
        _mm_mask_storeu_epi8(to, lanes_first(n), bytes);
}

static inline void lanes_store_bytes_4(uint8_t *to, const lanes x[4], int32_t zero)
{
    __m512i whole[4];
    for (size_t v = 0; v < 4; v++)
        whole[v] = _mm512_add_epi32(_mm512_cvtps_epi32(x[v]), _mm512_set1_epi32(zero));
    /* packing goes by quarters of registers: 4 bytes of each vector, four times */
    const __m512i bytes =
        _mm512_packus_epi16(_mm512_packs_epi32(whole[0], whole[1]), _mm512_packs_epi32(whole[2], whole[3]));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512((__m512i *)(void *)to, _mm512_permutexvar_epi32(order, bytes));
}

static inline lanes_counts lanes_count(lanes_counts sum, lanes_codes a, lanes_codes b)
{
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
}

static inline int32_t lanes_counts_total(lanes_counts a, lanes_counts b)
{
    return _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
}

#endif
