/* SPDX-License-Identifier: MIT
 * gemm_avx2.c - one panel of a matrix product in 256-bit registers; the same bits as gemm_avx512.c. */
#include "kernels/gemm_impl.h"
#include "kernels/load_avx2.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* The packed form is panels of PANEL outputs, each STRIPS strips of WIDTH outputs, [STRIPS, k, WIDTH]; the last panel
 * is filled up with zeros. A tile of TILE rows by WIDTH outputs is 12 accumulators; with 2 registers of weights and one
 * broadcast that leaves one of the 16 free. K_BLOCK steps of a strip (16 KiB) are gone through with every row before
 * the next. Strips of one panel share the rows of x while the second-level cache has them. */
enum { VECTORS = 2, LANES = 8, WIDTH = VECTORS * LANES, STRIPS = 4, PANEL = STRIPS * WIDTH, TILE = 6, K_BLOCK = 256 };
/* multiply_rows: weight rows at a time, inputs of each at a time, and the most rows of x. */
enum { ROWS = 8, CHUNK = 128, FEW = 16 };

static size_t scratch(size_t k)
{
    return k * PANEL;
}

static size_t packed_size(size_t n, size_t k)
{
    return (n + PANEL - 1) / PANEL * PANEL * k;
}

/* The first n numbers, zeros behind. */
static inline __m256 load_first(cs_dtype dtype, const uint8_t *p, size_t n)
{
    if (n >= LANES)
        return load_numbers(dtype, p);
    uint8_t copy[LANES * sizeof(float)] = {0};
    for (size_t i = 0; i < n * cs_dtype_size(dtype); i++)
        copy[i] = p[i];
    return load_numbers(dtype, copy);
}

/* r[i] lane j becomes r[j] lane i. */
static inline __attribute__((always_inline)) void transpose(__m256 r[LANES])
{
    __m256 s[LANES];
    for (int i = 0; i < LANES; i += 4) {
        __m256 a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
        __m256 c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
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

static void pack(const cs_gemm_weights *w, size_t first, size_t count, float *packed)
{
    const size_t k = w->k, size = cs_dtype_size(w->dtype);
    for (size_t j = first * PANEL; j < (first + count) * PANEL; j += LANES) {
        float *to = packed + (j / WIDTH - first * STRIPS) * WIDTH * k + j % WIDTH;
        const uint8_t *from = (const uint8_t *)w->rows + j * k * size;
        size_t rows = j >= w->n ? 0 : w->n - j < LANES ? w->n - j : LANES;
        for (size_t kk = 0; kk < k; kk += LANES) {
            size_t n = k - kk < LANES ? k - kk : LANES;
            __m256 r[LANES];
            /* the next LANES rows, in the order they lie in memory */
            for (size_t i = 0, at = (j + LANES) * k * size + kk * LANES * size; i < LANES * LANES * size; i += 64)
                if (at + i < w->n * k * size)
                    _mm_prefetch((const char *)w->rows + at + i, _MM_HINT_T1);
            for (size_t i = 0; i < LANES; i++)
                r[i] = i < rows ? load_first(w->dtype, from + (i * k + kk) * size, n) : _mm256_setzero_ps();
            transpose(r);
            for (size_t i = 0; i < n; i++)
                _mm256_storeu_ps(to + (kk + i) * WIDTH, r[i]);
        }
    }
}

/* All bits set in those lanes of vector v that belong to one of `outputs`. */
static inline __m256i output_lanes(size_t v, size_t outputs)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)outputs - (int)v * LANES), lane);
}

/* Whole strips go without a mask: masked stores are slow on AMD processors (see act_avx2.c). */
static inline __m256 load_sums(const float *y, size_t v, size_t outputs)
{
    return outputs >= WIDTH ? _mm256_loadu_ps(y + v * LANES)
                            : _mm256_maskload_ps(y + v * LANES, output_lanes(v, outputs));
}

static inline void store_sums(float *y, size_t v, size_t outputs, __m256 sums)
{
    if (outputs >= WIDTH)
        _mm256_storeu_ps(y + v * LANES, sums);
    else
        _mm256_maskstore_ps(y + v * LANES, output_lanes(v, outputs), sums);
}

/* `rows` by WIDTH sums over k steps; `more` goes on from the sums that lie in y. */
static inline __attribute__((always_inline)) void tile(size_t rows, const float *x, size_t ldx, size_t k,
                                                       const float *packed, int more, size_t outputs, float *y,
                                                       size_t ldy)
{
    __m256 sums[TILE][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            sums[i][v] = more ? load_sums(y + i * ldy, v, outputs) : _mm256_setzero_ps();
    for (size_t kk = 0; kk < k; kk++, packed += WIDTH) {
        __m256 w[VECTORS];
        for (size_t v = 0; v < VECTORS; v++)
            w[v] = _mm256_loadu_ps(packed + v * LANES);
        for (size_t i = 0; i < rows; i++) {
            __m256 one = _mm256_broadcast_ss(x + i * ldx + kk);
            for (size_t v = 0; v < VECTORS; v++)
                sums[i][v] = _mm256_fmadd_ps(one, w[v], sums[i][v]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            store_sums(y + i * ldy, v, outputs, sums[i][v]);
}

static void multiply_strip(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                           float *y, size_t ldy)
{
    for (size_t kk = 0; kk == 0 || kk < k; kk += K_BLOCK) {
        const size_t steps = k - kk < K_BLOCK ? k - kk : K_BLOCK;
        const int more = kk > 0;
        /* tiles of nearly equal height: a last one of a single row would wait on its two sums alone */
        for (size_t i = 0, tiles = (m + TILE - 1) / TILE; tiles; tiles--) {
            const size_t rows = (m - i + tiles - 1) / tiles;
            const float *from = x + i * ldx + kk, *strip = packed + kk * WIDTH;
            float *to = y + i * ldy;
            switch (rows) {
            case 6:
                tile(6, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            case 5:
                tile(5, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            case 4:
                tile(4, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            case 3:
                tile(3, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            case 2:
                tile(2, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            default:
                tile(1, from, ldx, steps, strip, more, outputs, to, ldy);
                break;
            }
            i += rows;
        }
    }
}

static void multiply(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs, float *y,
                     size_t ldy)
{
    for (size_t j = 0; j < outputs; j += WIDTH)
        multiply_strip(x, ldx, m, k, packed + j * k, outputs - j, y + j, ldy);
}

/* ROWS weight rows' next n <= CHUNK numbers as floats, in one block that no two rows' cache lines can collide in. */
static void gather(const cs_gemm_weights *w, const uint8_t *const rows[ROWS], size_t k, size_t n,
                   float chunk[ROWS][CHUNK])
{
    const size_t size = cs_dtype_size(w->dtype);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < n; i += LANES)
            _mm256_storeu_ps(&chunk[r][i], load_first(w->dtype, rows[r] + (k + i) * size, n - i));
}

/* Add n steps to ROWS by 8 sums; the steps of xt lie `lanes` apart. On the way, call the next rows' `step` bytes a step
 * into the second-level cache: the processor's own prefetching follows the rows one by one and comes late. */
static void sum_8(size_t n, float chunk[ROWS][CHUNK], const float *xt, size_t lanes, const uint8_t *ahead, size_t step,
                  float sums[ROWS][LANES])
{
    __m256 s[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        s[r] = _mm256_loadu_ps(sums[r]);
    for (size_t i = 0; i < n; i++) {
        _mm_prefetch((const char *)(ahead + i * step), _MM_HINT_T1);
        __m256 x = _mm256_loadu_ps(xt + i * lanes);
        for (size_t r = 0; r < ROWS; r++)
            s[r] = _mm256_fmadd_ps(x, _mm256_broadcast_ss(&chunk[r][i]), s[r]);
    }
    for (size_t r = 0; r < ROWS; r++)
        _mm256_storeu_ps(sums[r], s[r]);
}

static void multiply_rows(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m, float *y,
                          size_t ldy)
{
    const size_t k = w->k, size = cs_dtype_size(w->dtype), step = ROWS * size, lanes = m <= 8 ? 8 : 16;
    for (size_t j = 0; j < outputs; j += ROWS) {
        _Alignas(32) float chunk[ROWS][CHUNK], sums[FEW / LANES][ROWS][LANES] = {0};
        const uint8_t *rows[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            rows[r] = (const uint8_t *)w->rows + (first + (j + r < outputs ? j + r : outputs - 1)) * k * size;
        for (size_t kk = 0; kk < k; kk += CHUNK) {
            const size_t n = k - kk < CHUNK ? k - kk : CHUNK, at = (first + j + ROWS) * k * size + kk * step;
            const uint8_t *ahead = (const uint8_t *)w->rows + (at + n * step <= w->n * k * size ? at : 0);
            gather(w, rows, kk, n, chunk);
            for (size_t i = 0; i < m; i += LANES) /* rows i .. i + 7 are part of the block of `lanes` that i is in */
                sum_8(n, chunk, xt + (i / lanes * k + kk) * lanes + i % lanes, lanes, ahead, step, sums[i / LANES]);
        }
        for (size_t i = 0; i < m; i++)
            for (size_t r = 0; r < ROWS && j + r < outputs; r++)
                y[i * ldy + j + r] = sums[i / LANES][r][i % LANES];
    }
}

const cs_gemm_ops cs_gemm_ops_avx2 = {.name = "gemm avx2",
                                      .panel = PANEL,
                                      .scratch = scratch,
                                      .packed_size = packed_size,
                                      .pack = pack,
                                      .multiply = multiply,
                                      .few = FEW,
                                      .multiply_rows = multiply_rows};
