/* SPDX-License-Identifier: MIT
 * lanes_avx2.h - the words that the bodies (*_lanes.h) are written in, for 256-bit registers: 8 floats each.
 *
 * lanes_avx512.h and lanes_neon.h have the same words with the same meaning to the bit, so that a body gives the same
 * bits with each. A file <family>_<set>.c includes one of them, then the body, then fills in its table. */
#ifndef CS_KERNELS_LANES_H
#define CS_KERNELS_LANES_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* Floats side by side, and a choice among their places. */
typedef __m256 lanes;
typedef __m256i lanes_mask;

enum {
    LANES = 8,
    LANES_REGISTERS = 16, /* how many of them the processor has */
    VEC_ROWS = 1,         /* rows that vec_lanes.h scores at a time: eight accumulators a row fill half the registers */
    GEMM_STEPS = 256,  /* of a sum that gemm_lanes.h goes through with every row before the next: 16 KiB of weights */
    CONV_STEPS = 1024, /* the same for conv_lanes.h: 64 KiB */
    GEMM_FEW = 16      /* most rows of x for which it reads the weights as they are stored */
};

static inline lanes lanes_zero(void)
{
    return _mm256_setzero_ps();
}

static inline lanes lanes_set(float x)
{
    return _mm256_set1_ps(x);
}

/* The first n places; all of them from n = LANES on. */
static inline lanes_mask lanes_first(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Loads and stores are at any alignment. With a mask, places outside it are neither read nor written; they load as
 * zero. */
static inline lanes lanes_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes x)
{
    _mm256_storeu_ps(to, x);
}

static inline lanes lanes_load_masked(const float *from, lanes_mask mask)
{
    return _mm256_maskload_ps(from, mask);
}

static inline void lanes_store_masked(float *to, lanes_mask mask, lanes x)
{
    _mm256_maskstore_ps(to, mask, x);
}

/* The first n, or all. Whole vectors go without a mask: masked stores are slow on AMD processors (layernorm of 768: 675
 * against 202 ns, Zen 4). */
static inline lanes lanes_load_first(const float *from, size_t n)
{
    return n >= LANES ? lanes_load(from) : lanes_load_masked(from, lanes_first(n));
}

static inline void lanes_store_first(float *to, size_t n, lanes x)
{
    if (n >= LANES)
        lanes_store(to, x);
    else
        lanes_store_masked(to, lanes_first(n), x);
}

/* Halves (IEEE, or the upper halves of floats) as floats; widening, so exact. */
static inline lanes lanes_load_f16(const void *from)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
}

static inline lanes lanes_load_bf16(const void *from)
{
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

static inline lanes lanes_load_f16_first(const void *from, size_t n)
{
    uint16_t copy[LANES] = {0};
    if (n >= LANES)
        return lanes_load_f16(from);
    for (size_t i = 0; i < 2 * n; i++) /* bytes: at any alignment */
        ((uint8_t *)copy)[i] = ((const uint8_t *)from)[i];
    return lanes_load_f16(copy);
}

static inline lanes lanes_load_bf16_first(const void *from, size_t n)
{
    uint16_t copy[LANES] = {0};
    if (n >= LANES)
        return lanes_load_bf16(from);
    for (size_t i = 0; i < 2 * n; i++)
        ((uint8_t *)copy)[i] = ((const uint8_t *)from)[i];
    return lanes_load_bf16(copy);
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_ps(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return _mm256_sub_ps(a, b);
}

static inline lanes lanes_mul(lanes a, lanes b)
{
    return _mm256_mul_ps(a, b);
}

static inline lanes lanes_div(lanes a, lanes b)
{
    return _mm256_div_ps(a, b);
}

/* a * b + c, and c - a * b, rounded once. */
static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

/* b comes out when one of the two is NaN, and when they are equal. */
static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm256_min_ps(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm256_max_ps(a, b);
}

static inline lanes lanes_abs(lanes x)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
}

/* To the nearest whole number; of two the even one. */
static inline lanes lanes_round(lanes x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT);
}

/* x * 2^n, rounded once; n whole numbers, -252 to 254. As two factors that both are numbers: the first product is exact
 * unless the result is 0 or infinity. */
static inline lanes lanes_scale(lanes x, lanes n)
{
    const __m256i power = _mm256_cvtps_epi32(n), part = _mm256_srai_epi32(power, 1), bias = _mm256_set1_epi32(127);
    const __m256i rest = _mm256_sub_epi32(power, part);
    x = _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(part, bias), 23)));
    return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23)));
}

/* Where a > b. */
static inline lanes_mask lanes_greater(lanes a, lanes b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_GT_OQ));
}

/* Whether any place is chosen. */
static inline int lanes_any(lanes_mask mask)
{
    return _mm256_movemask_ps(_mm256_castsi256_ps(mask)) != 0;
}

/* In the chosen places a, in the others b. */
static inline lanes lanes_select(lanes_mask mask, lanes a, lanes b)
{
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask));
}

/* Zero in the places that are not chosen. */
static inline lanes lanes_keep(lanes_mask mask, lanes x)
{
    return _mm256_and_ps(x, _mm256_castsi256_ps(mask));
}

/* Place j of r[i] becomes place i of r[j]. */
static inline __attribute__((always_inline)) void lanes_transpose(lanes r[LANES])
{
    lanes s[LANES];
    for (int i = 0; i < LANES; i += 4) {
        const lanes a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
        const lanes c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
        s[i] = _mm256_shuffle_ps(a, c, 0x44);
        s[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        s[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        s[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    for (int c = 0; c < 4; c++) {
        r[c] = _mm256_permute2f128_ps(s[c], s[4 + c], 0x20);
        r[4 + c] = _mm256_permute2f128_ps(s[c], s[4 + c], 0x31);
    }
}

/* The largest; any number when one is NaN. */
static inline float lanes_most(lanes x)
{
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

static inline float lanes_root(float x)
{
    return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

/* The sum of 16 places, halves added pairwise: 0 and 8, 1 and 9, ...; of the 8 sums 0 and 4, ...; and so on. */
static inline float lanes_total(const lanes s[16 / LANES])
{
    const __m256 half = _mm256_add_ps(s[0], s[1]);
    __m128 quarter = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    quarter = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
}

/* CODES 8-bit codes widened to 16 bits, and sums of their products in 32. */
typedef __m256i lanes_codes;
typedef __m256i lanes_counts;
enum { CODES = 2 * LANES };

static inline lanes_codes lanes_load_signed(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
}

static inline lanes_codes lanes_load_unsigned(const uint8_t *from)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)from));
}

static inline lanes_counts lanes_no_counts(void)
{
    return _mm256_setzero_si256();
}

/* The first n, or all: `zero` + x, rounded to the nearest whole number, as bytes; what is outside 0 .. 255 becomes the
 * nearer end. |x| < 2^30. */
static inline void lanes_store_bytes(uint8_t *to, size_t n, lanes x, int32_t zero)
{
    const __m256i whole = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(zero));
    const __m128i halves = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    const __m128i bytes = _mm_packus_epi16(halves, halves);
    uint8_t some[LANES];
    if (n >= LANES) {
        _mm_storel_epi64((__m128i *)(void *)to, bytes);
        return;
    }
    _mm_storel_epi64((__m128i *)(void *)some, bytes);
    for (size_t i = 0; i < n; i++)
        to[i] = some[i];
}

/* The same of four vectors. */
static inline void lanes_store_bytes_4(uint8_t *to, const lanes x[4], int32_t zero)
{
    __m256i whole[4];
    for (size_t v = 0; v < 4; v++)
        whole[v] = _mm256_add_epi32(_mm256_cvtps_epi32(x[v]), _mm256_set1_epi32(zero));
    /* packing goes by halves of registers: 4 bytes of each vector, and then the other 4 */
    const __m256i bytes =
        _mm256_packus_epi16(_mm256_packs_epi32(whole[0], whole[1]), _mm256_packs_epi32(whole[2], whole[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permutevar8x32_epi32(bytes, order));
}

/* sum + a * b, of neighbours added. */
static inline lanes_counts lanes_count(lanes_counts sum, lanes_codes a, lanes_codes b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

static inline int32_t lanes_counts_total(lanes_counts a, lanes_counts b)
{
    const __m256i sum = _mm256_add_epi32(a, b);
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

#endif
