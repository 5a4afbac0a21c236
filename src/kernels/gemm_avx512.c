/* SPDX-License-Identifier: MIT
 * gemm_avx512.c - one panel of a matrix product in 512-bit registers. */
#include "kernels/gemm_impl.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* The packed form is panels of PANEL outputs, each [k, PANEL], the last one filled up with zeros. A tile of TILE rows
 * by PANEL outputs is 24 accumulators; with 4 registers of weights and one broadcast that fills the 32 there are.
 * K_BLOCK steps of a panel (32 KiB) are gone through with every row before the next. */
enum { VECTORS = 4, LANES = 16, PANEL = VECTORS * LANES, TILE = 6, K_BLOCK = 128 };
/* multiply_rows: weight rows at a time, inputs of each at a time, and the most rows of x. */
enum { ROWS = 8, CHUNK = 128, FEW = 32 };

static size_t scratch(size_t k)
{
    return k * PANEL;
}

static size_t packed_size(size_t n, size_t k)
{
    return (n + PANEL - 1) / PANEL * PANEL * k;
}

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)(n >= LANES ? 0xffff : (1u << n) - 1);
}

/* The first n <= 16 numbers of `dtype` at `p`, as floats, zeros behind. */
static inline __m512 load_numbers(cs_dtype dtype, const uint8_t *p, size_t n)
{
    __mmask16 mask = first_lanes(n);
    if (dtype == CS_F32)
        return _mm512_maskz_loadu_ps(mask, p);
    __m256i half = _mm256_maskz_loadu_epi16(mask, p);
    if (dtype == CS_F16)
        return _mm512_cvtph_ps(half);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* r[i] lane j becomes r[j] lane i. */
static inline __attribute__((always_inline)) void transpose(__m512 r[LANES])
{
    __m512 s[LANES], t[LANES];
    for (int i = 0; i < LANES; i += 4) {
        __m512 a = _mm512_unpacklo_ps(r[i], r[i + 1]), b = _mm512_unpackhi_ps(r[i], r[i + 1]);
        __m512 c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
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

static void pack(const cs_gemm_weights *w, size_t first, size_t count, float *packed)
{
    const size_t k = w->k, size = cs_dtype_size(w->dtype);
    for (size_t j = first * PANEL; j < (first + count) * PANEL; j += LANES) {
        float *to = packed + (j / PANEL - first) * PANEL * k + j % PANEL;
        const uint8_t *from = (const uint8_t *)w->rows + j * k * size;
        size_t rows = j >= w->n ? 0 : w->n - j < LANES ? w->n - j : LANES;
        for (size_t kk = 0; kk < k; kk += LANES) {
            size_t n = k - kk < LANES ? k - kk : LANES;
            __m512 r[LANES];
            /* the next LANES rows, in the order they lie in memory */
            for (size_t i = 0, at = (j + LANES) * k * size + kk * LANES * size; i < LANES * LANES * size; i += 64)
                if (at + i < w->n * k * size)
                    _mm_prefetch((const char *)w->rows + at + i, _MM_HINT_T1);
            for (size_t i = 0; i < LANES; i++)
                r[i] = i < rows ? load_numbers(w->dtype, from + (i * k + kk) * size, n) : _mm512_setzero_ps();
            transpose(r);
            for (size_t i = 0; i < n; i++)
                _mm512_storeu_ps(to + (kk + i) * PANEL, r[i]);
        }
    }
}

/* `rows` by PANEL sums over k steps; `more` goes on from the sums that lie in y. */
static inline __attribute__((always_inline)) void tile(size_t rows, const float *x, size_t ldx, size_t k,
                                                       const float *packed, int more, const __mmask16 *masks, float *y,
                                                       size_t ldy)
{
    __m512 sums[TILE][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            sums[i][v] = more ? _mm512_maskz_loadu_ps(masks[v], y + i * ldy + v * LANES) : _mm512_setzero_ps();
    for (size_t kk = 0; kk < k; kk++, packed += PANEL) {
        __m512 w[VECTORS];
        for (size_t v = 0; v < VECTORS; v++)
            w[v] = _mm512_loadu_ps(packed + v * LANES);
        for (size_t i = 0; i < rows; i++) {
            __m512 one = _mm512_set1_ps(x[i * ldx + kk]);
            for (size_t v = 0; v < VECTORS; v++)
                sums[i][v] = _mm512_fmadd_ps(one, w[v], sums[i][v]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            _mm512_mask_storeu_ps(y + i * ldy + v * LANES, masks[v], sums[i][v]);
}

static void multiply(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs, float *y,
                     size_t ldy)
{
    __mmask16 masks[VECTORS];
    for (size_t v = 0; v < VECTORS; v++)
        masks[v] = outputs > v * LANES ? first_lanes(outputs - v * LANES) : 0;
    for (size_t kk = 0; kk == 0 || kk < k; kk += K_BLOCK) {
        const size_t steps = k - kk < K_BLOCK ? k - kk : K_BLOCK;
        const int more = kk > 0;
        /* tiles of nearly equal height: a last one of a single row would wait on its four sums alone */
        for (size_t i = 0, tiles = (m + TILE - 1) / TILE; tiles; tiles--) {
            const size_t rows = (m - i + tiles - 1) / tiles;
            const float *from = x + i * ldx + kk, *panel = packed + kk * PANEL;
            float *to = y + i * ldy;
            switch (rows) {
            case 6:
                tile(6, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            case 5:
                tile(5, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            case 4:
                tile(4, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            case 3:
                tile(3, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            case 2:
                tile(2, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            default:
                tile(1, from, ldx, steps, panel, more, masks, to, ldy);
                break;
            }
            i += rows;
        }
    }
}

/* ROWS weight rows' next n <= CHUNK numbers as floats, in one block that no two rows' cache lines can collide in. */
static void gather(const cs_gemm_weights *w, const uint8_t *const rows[ROWS], size_t k, size_t n,
                   float chunk[ROWS][CHUNK])
{
    const size_t size = cs_dtype_size(w->dtype);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < n; i += LANES)
            _mm512_storeu_ps(&chunk[r][i], load_numbers(w->dtype, rows[r] + (k + i) * size, n - i));
}

/* Add n steps to the ROWS by 8 sums; on the way, call the next rows' `step` bytes a step into the second-level cache:
 * the processor's own prefetching follows the rows one by one and comes late (28 against 13 ms for 151 MB of
 * weights, Zen 4). */
static void sum_8(size_t n, float chunk[ROWS][CHUNK], const float *xt, const uint8_t *ahead, size_t step,
                  float sums[ROWS][16])
{
    __m256 s[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        s[r] = _mm256_loadu_ps(sums[r]);
    for (size_t i = 0; i < n; i++) {
        _mm_prefetch((const char *)(ahead + i * step), _MM_HINT_T1);
        __m256 x = _mm256_loadu_ps(xt + i * 8);
        for (size_t r = 0; r < ROWS; r++)
            s[r] = _mm256_fmadd_ps(x, _mm256_set1_ps(chunk[r][i]), s[r]);
    }
    for (size_t r = 0; r < ROWS; r++)
        _mm256_storeu_ps(sums[r], s[r]);
}

static void sum_16(size_t n, float chunk[ROWS][CHUNK], const float *xt, const uint8_t *ahead, size_t step,
                   float sums[ROWS][16])
{
    __m512 s[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        s[r] = _mm512_loadu_ps(sums[r]);
    for (size_t i = 0; i < n; i++) {
        _mm_prefetch((const char *)(ahead + i * step), _MM_HINT_T1);
        __m512 x = _mm512_loadu_ps(xt + i * 16);
        for (size_t r = 0; r < ROWS; r++)
            s[r] = _mm512_fmadd_ps(x, _mm512_set1_ps(chunk[r][i]), s[r]);
    }
    for (size_t r = 0; r < ROWS; r++)
        _mm512_storeu_ps(sums[r], s[r]);
}

static void multiply_rows(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m, float *y,
                          size_t ldy)
{
    const size_t k = w->k, size = cs_dtype_size(w->dtype), step = ROWS * size;
    for (size_t j = 0; j < outputs; j += ROWS) {
        _Alignas(64) float chunk[ROWS][CHUNK], sums[FEW / 16][ROWS][16] = {0};
        const uint8_t *rows[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            rows[r] = (const uint8_t *)w->rows + (first + (j + r < outputs ? j + r : outputs - 1)) * k * size;
        for (size_t kk = 0; kk < k; kk += CHUNK) {
            const size_t n = k - kk < CHUNK ? k - kk : CHUNK, at = (first + j + ROWS) * k * size + kk * step;
            const uint8_t *ahead = (const uint8_t *)w->rows + (at + n * step <= w->n * k * size ? at : 0);
            gather(w, rows, kk, n, chunk);
            if (m <= 8)
                sum_8(n, chunk, xt + kk * 8, ahead, step, sums[0]);
            else
                for (size_t b = 0; b * 16 < m; b++)
                    sum_16(n, chunk, xt + (b * k + kk) * 16, ahead, step, sums[b]);
        }
        for (size_t i = 0; i < m; i++)
            for (size_t r = 0; r < ROWS && j + r < outputs; r++)
                y[i * ldy + j + r] = sums[i / 16][r][i % 16];
    }
}

const cs_gemm_ops cs_gemm_ops_avx512 = {.name = "gemm avx512",
                                        .panel = PANEL,
                                        .scratch = scratch,
                                        .packed_size = packed_size,
                                        .pack = pack,
                                        .multiply = multiply,
                                        .few = FEW,
                                        .multiply_rows = multiply_rows};
