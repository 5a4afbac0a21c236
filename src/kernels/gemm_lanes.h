/* SPDX-License-Identifier: MIT
 * gemm_lanes.h - one panel of a matrix product, in the words of lanes_<set>.h. */
#include "kernels/gemm_impl.h"
#include "kernels/numbers_lanes.h"

/* The packed form is panels of PANEL outputs, each STRIPS strips of WIDTH outputs, [STRIPS, k, WIDTH]; the last panel
 * is filled up with zeros. A tile of TILE rows by WIDTH outputs is 12 accumulators of 16 registers, or 24 of 32; with
 * VECTORS registers of weights and one broadcast that leaves one free, or three. GEMM_STEPS steps of a strip are gone
 * through with every row before the next. Strips of one panel share the rows of x while the second-level cache has
 * them. */
enum { VECTORS = LANES_REGISTERS / 8, WIDTH = VECTORS * LANES, PANEL = 64, STRIPS = PANEL / WIDTH, TILE = 6 };
/* multiply_rows: weight rows at a time, inputs of each at a time. */
enum { ROWS = 8, CHUNK = 128 };

static size_t scratch(size_t k)
{
    return k * PANEL;
}

static size_t packed_size(size_t n, size_t k)
{
    return (n + PANEL - 1) / PANEL * PANEL * k;
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
            lanes r[LANES];
            /* the next LANES rows, in the order they lie in memory */
            for (size_t i = 0, at = (j + LANES) * k * size + kk * LANES * size; i < LANES * LANES * size; i += 64)
                if (at + i < w->n * k * size)
                    __builtin_prefetch((const char *)w->rows + at + i, 0, 2);
            for (size_t i = 0; i < LANES; i++)
                r[i] = i < rows ? load_numbers_first(w->dtype, from + (i * k + kk) * size, n) : lanes_zero();
            lanes_transpose(r);
            for (size_t i = 0; i < n; i++)
                lanes_store(to + (kk + i) * WIDTH, r[i]);
        }
    }
}

/* The places of a strip's vectors that are outputs; `whole`: all of them are, and no mask is needed. */
typedef struct strip_outputs {
    int whole;
    lanes_mask masks[VECTORS];
} strip_outputs;

static inline lanes load_sums(const float *y, size_t v, const strip_outputs *to)
{
    return to->whole ? lanes_load(y + v * LANES) : lanes_load_masked(y + v * LANES, to->masks[v]);
}

static inline void store_sums(float *y, size_t v, const strip_outputs *to, lanes sums)
{
    if (to->whole)
        lanes_store(y + v * LANES, sums);
    else
        lanes_store_masked(y + v * LANES, to->masks[v], sums);
}

/* `rows` by WIDTH sums over k steps; `more` goes on from the sums that lie in y. */
static inline __attribute__((always_inline)) void tile(size_t rows, const float *x, size_t ldx, size_t k,
                                                       const float *packed, int more, const strip_outputs *outputs,
                                                       float *y, size_t ldy)
{
    lanes sums[TILE][VECTORS];
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            sums[i][v] = more ? load_sums(y + i * ldy, v, outputs) : lanes_zero();
    for (size_t kk = 0; kk < k; kk++, packed += WIDTH) {
        lanes w[VECTORS];
        for (size_t v = 0; v < VECTORS; v++)
            w[v] = lanes_load(packed + v * LANES);
        for (size_t i = 0; i < rows; i++) {
            lanes one = lanes_set(x[i * ldx + kk]);
            for (size_t v = 0; v < VECTORS; v++)
                sums[i][v] = lanes_fma(one, w[v], sums[i][v]);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < VECTORS; v++)
            store_sums(y + i * ldy, v, outputs, sums[i][v]);
}

static void multiply_strip(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                           float *y, size_t ldy)
{
    strip_outputs strip_to = {.whole = outputs >= WIDTH};
    for (size_t v = 0; v < VECTORS; v++)
        strip_to.masks[v] = lanes_first(outputs > v * LANES ? outputs - v * LANES : 0);
    for (size_t kk = 0; kk == 0 || kk < k; kk += GEMM_STEPS) {
        const size_t steps = k - kk < GEMM_STEPS ? k - kk : GEMM_STEPS;
        const int more = kk > 0;
        /* tiles of nearly equal height: a last one of a single row would wait on its two sums alone */
        for (size_t i = 0, tiles = (m + TILE - 1) / TILE; tiles; tiles--) {
            const size_t rows = (m - i + tiles - 1) / tiles;
            const float *from = x + i * ldx + kk, *strip = packed + kk * WIDTH;
            float *to = y + i * ldy;
            switch (rows) {
            case 6:
                tile(6, from, ldx, steps, strip, more, &strip_to, to, ldy);
                break;
            case 5:
                tile(5, from, ldx, steps, strip, more, &strip_to, to, ldy);
                break;
            case 4:
                tile(4, from, ldx, steps, strip, more, &strip_to, to, ldy);
                break;
            case 3:
                tile(3, from, ldx, steps, strip, more, &strip_to, to, ldy);
                break;
            case 2:
                tile(2, from, ldx, steps, strip, more, &strip_to, to, ldy);
                break;
            default:
                tile(1, from, ldx, steps, strip, more, &strip_to, to, ldy);
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
            lanes_store(&chunk[r][i], load_numbers_first(w->dtype, rows[r] + (k + i) * size, n - i));
}

/* Add n steps to ROWS by LANES sums; the steps of xt lie `apart` floats apart. On the way, call the next rows' `step`
 * bytes a step into the second-level cache: the processor's own prefetching follows the rows one by one and comes late
 * (28 against 13 ms for 151 MB of weights, Zen 4). */
static void sum_rows(size_t n, float chunk[ROWS][CHUNK], const float *xt, size_t apart, const uint8_t *ahead,
                     size_t step, float sums[ROWS][LANES])
{
    lanes s[ROWS];
    for (size_t r = 0; r < ROWS; r++)
        s[r] = lanes_load(sums[r]);
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(ahead + i * step, 0, 2);
        lanes x = lanes_load(xt + i * apart);
        for (size_t r = 0; r < ROWS; r++)
            s[r] = lanes_fma(x, lanes_set(chunk[r][i]), s[r]);
    }
    for (size_t r = 0; r < ROWS; r++)
        lanes_store(sums[r], s[r]);
}

static void multiply_rows(const cs_gemm_weights *w, size_t first, size_t outputs, const float *xt, size_t m, float *y,
                          size_t ldy)
{
    const size_t k = w->k, size = cs_dtype_size(w->dtype), step = ROWS * size, apart = m <= 8 ? 8 : 16;
    for (size_t j = 0; j < outputs; j += ROWS) {
        _Alignas(64) float chunk[ROWS][CHUNK], sums[GEMM_FEW / LANES][ROWS][LANES] = {0};
        const uint8_t *rows[ROWS];
        for (size_t r = 0; r < ROWS; r++)
            rows[r] = (const uint8_t *)w->rows + (first + (j + r < outputs ? j + r : outputs - 1)) * k * size;
        for (size_t kk = 0; kk < k; kk += CHUNK) {
            const size_t n = k - kk < CHUNK ? k - kk : CHUNK, at = (first + j + ROWS) * k * size + kk * step;
            const uint8_t *ahead = (const uint8_t *)w->rows + (at + n * step <= w->n * k * size ? at : 0);
            gather(w, rows, kk, n, chunk);
            for (size_t i = 0; i < m; i += LANES) /* they are part of the block of `apart` rows that i is in */
                sum_rows(n, chunk, xt + (i / apart * k + kk) * apart + i % apart, apart, ahead, step, sums[i / LANES]);
        }
        for (size_t i = 0; i < m; i++)
            for (size_t r = 0; r < ROWS && j + r < outputs; r++)
                y[i * ldy + j + r] = sums[i / LANES][r][i % LANES];
    }
}
