/* SPDX-License-Identifier: MIT
 * gemm_lanes.h - one panel of a matrix product, in the words of lanes_<set>.h. */
#include "kernels/gemm_impl.h"
#include "kernels/gemm_tile_lanes.h"
#include "kernels/numbers_lanes.h"

/* The packed form is panels of PANEL outputs, each STRIPS strips of WIDTH outputs, [STRIPS, k, WIDTH]; the last panel
 * is filled up with zeros. GEMM_STEPS steps of a strip are gone through with every row before the next. Strips of one
 * panel share the rows of x while the second-level cache has them. */
enum { PANEL = 64, STRIPS = PANEL / WIDTH };
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

/* Steps of a row before the first register that does not cross a cache line. A model file's floats often begin 4 bytes
 * behind a line. Then every line would be read twice, and where rows lie a multiple of 4 KiB apart, which all share one
 * set of the first-level cache, it would be gone before the second time (14 in place of 6.5 ms for 283 MB of weights,
 * Zen 4). 0: there are none, or each row has another number of them. */
static size_t steps_to_line(const cs_gemm_weights *w)
{
    const size_t size = cs_dtype_size(w->dtype), line = LANES * size, past = (uintptr_t)w->rows % line;
    return past % size || w->k * size % line || !past ? 0 : (line - past) / size;
}

/* LANES outputs from j on, n <= LANES steps from kk on, to [n, WIDTH]. */
static inline __attribute__((always_inline)) void pack_block(const cs_gemm_weights *w, cs_dtype dtype, size_t j,
                                                             size_t kk, size_t n, float *to)
{
    const size_t size = cs_dtype_size(dtype), rows = j >= w->n ? 0 : w->n - j < LANES ? w->n - j : LANES;
    const uint8_t *from = (const uint8_t *)w->rows + (j * w->k + kk) * size;
    lanes r[LANES];
    if (rows == LANES && n == LANES) {
        for (size_t i = 0; i < LANES; i++)
            r[i] = load_numbers(dtype, from + i * w->k * size);
        lanes_transpose(r);
        for (size_t i = 0; i < LANES; i++)
            lanes_store(to + i * WIDTH, r[i]);
        return;
    }
    for (size_t i = 0; i < LANES; i++)
        r[i] = i < rows ? load_numbers_first(dtype, from + i * w->k * size, n) : lanes_zero();
    lanes_transpose(r);
    for (size_t i = 0; i < n; i++)
        lanes_store(to + i * WIDTH, r[i]);
}

/* `count` outputs from j on, whole strips, `steps` steps from kk on, to [strips, steps, WIDTH]. The first `lead` steps
 * (0: LANES) are read by themselves. */
static inline __attribute__((always_inline)) void pack_type(const cs_gemm_weights *w, cs_dtype dtype, size_t j,
                                                            size_t count, size_t kk, size_t steps, size_t lead,
                                                            float *to)
{
    for (size_t o = 0; o < count; o += LANES)
        for (size_t i = 0, n = lead ? lead : LANES; i < steps; i += n, n = LANES)
            pack_block(w, dtype, j + o, kk + i, steps - i < n ? steps - i : n,
                       to + (o / WIDTH * steps + i) * WIDTH + o % WIDTH);
}

static void pack_steps(const cs_gemm_weights *w, size_t j, size_t count, size_t kk, size_t steps, float *to)
{
    const size_t lead = kk == 0 ? steps_to_line(w) : 0;
    switch (w->dtype) {
    case CS_F32:
        pack_type(w, CS_F32, j, count, kk, steps, lead, to);
        break;
    case CS_F16:
        pack_type(w, CS_F16, j, count, kk, steps, lead, to);
        break;
    default:
        pack_type(w, CS_BF16, j, count, kk, steps, lead, to);
        break;
    }
}

static void pack(const cs_gemm_weights *w, size_t first, size_t count, float *packed)
{
    pack_steps(w, first * PANEL, count * PANEL, 0, w->k, packed);
}

static void pack_columns(const float *columns, size_t ld, size_t n, size_t k, size_t panel, float *packed)
{
    for (size_t j = 0; j < PANEL; j += LANES) {
        const size_t output = panel * PANEL + j, outputs = output < n ? n - output : 0;
        float *to = packed + j / WIDTH * WIDTH * k + j % WIDTH;
        for (size_t i = 0; i < k; i++)
            lanes_store(to + i * WIDTH, outputs ? lanes_load_first(columns + i * ld + output, outputs) : lanes_zero());
    }
}

static void multiply(const float *x, size_t ldx, size_t m, size_t k, const float *packed, size_t outputs,
                     cs_gemm_ahead ahead, float *y, size_t ldy)
{
    spread_ahead(&ahead, m, (outputs + WIDTH - 1) / WIDTH, k);
    for (size_t j = 0; j < outputs; j += WIDTH) {
        const strip_outputs to = choose_outputs(outputs - j);
        for (size_t kk = 0; kk == 0 || kk < k; kk += GEMM_STEPS)
            multiply_steps(x + kk, ldx, m, k - kk < GEMM_STEPS ? k - kk : GEMM_STEPS, packed + j * k + kk * WIDTH,
                           kk > 0, &to, &ahead, 1, y + j, ldy);
    }
}

/* How many of the k steps of a sum are packed from kk on: GEMM_STEPS, at first up to the first line, at last a few more
 * rather than a few by themselves. */
static size_t steps_from(const cs_gemm_weights *w, size_t kk)
{
    const size_t lead = kk == 0 ? steps_to_line(w) : 0, steps = lead ? GEMM_STEPS - LANES + lead : GEMM_STEPS;
    return w->k - kk <= steps + LANES ? w->k - kk : steps;
}

/* What is packed when the steps before kk of a panel are done: the next steps of its rows, or the first of the next
 * panel's. */
static cs_gemm_ahead rows_after(const cs_gemm_weights *w, size_t panel, size_t kk)
{
    const size_t size = cs_dtype_size(w->dtype), first = (kk < w->k ? panel : panel + 1) * PANEL;
    const size_t from = kk < w->k ? kk : 0;
    if (first + PANEL > w->n)
        return (cs_gemm_ahead){0};
    const char *at = (const char *)w->rows + (first * w->k + from) * size;
    const size_t past = (uintptr_t)at % AHEAD_LINE, bytes = past + steps_from(w, from) * size;
    return (cs_gemm_ahead){
        .at = at - past, .bytes = (bytes + AHEAD_LINE - 1) / AHEAD_LINE * AHEAD_LINE, .apart = w->k * size};
}

/* GEMM_STEPS steps of a panel are packed and met by all rows before the next, so that they stay in the cache. What is
 * packed next is called on the way; when packing waited for memory it took twice as long. */
static void multiply_stored(const cs_gemm_weights *w, size_t panel, const float *x, size_t ldx, size_t m, float *space,
                            float *y, size_t ldy)
{
    const size_t outputs = w->n - panel * PANEL < PANEL ? w->n - panel * PANEL : PANEL;
    for (size_t kk = 0, steps; kk < w->k; kk += steps) {
        steps = steps_from(w, kk);
        cs_gemm_ahead ahead = rows_after(w, panel, kk + steps);
        pack_steps(w, panel * PANEL, PANEL, kk, steps, space);
        for (size_t j = 0; j < outputs; j += WIDTH) {
            const strip_outputs to = choose_outputs(outputs - j);
            multiply_steps(x + kk, ldx, m, steps, space + j * steps, kk > 0, &to, &ahead, GEMM_STEPS / PANEL, y + j,
                           ldy);
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
