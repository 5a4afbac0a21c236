/* SPDX-License-Identifier: MIT
 * winograd_lanes.h - the transforms of F(4x4, 3x3), in the words of lanes_<set>.h. Every product of a fused
 * multiply-add is exact (a power of two), so the bits are those of winograd_c.c. */
#include "kernels/masked_lanes.h"
#include "kernels/winograd_impl.h"

enum { TILE = CS_WINOGRAD_TILE, SIDE = CS_WINOGRAD_SIDE, TAPS = 9 };

static inline __attribute__((always_inline)) void transform_weights(lanes g0, lanes g1, lanes g2, lanes u[SIDE])
{
    const lanes two = lanes_set(2), ends = lanes_add(g0, g2), wide = lanes_fma(lanes_set(4), g2, g0);
    u[0] = g0;
    u[1] = lanes_add(ends, g1);
    u[2] = lanes_sub(ends, g1);
    u[3] = lanes_fma(two, g1, wide);
    u[4] = lanes_fnma(two, g1, wide);
    u[5] = g2;
}

static inline __attribute__((always_inline)) void transform_input(const lanes d[SIDE], lanes v[SIDE])
{
    const lanes two = lanes_set(2), four = lanes_set(4), even = lanes_sub(d[4], d[2]), odd = lanes_sub(d[3], d[1]);
    const lanes even4 = lanes_fnma(four, d[2], d[4]), odd4 = lanes_fnma(four, d[1], d[3]);
    v[0] = lanes_fma(four, lanes_sub(d[0], d[2]), even);
    v[1] = lanes_add(even4, odd4);
    v[2] = lanes_sub(even4, odd4);
    v[3] = lanes_fma(two, odd, even);
    v[4] = lanes_fnma(two, odd, even);
    v[5] = lanes_fnma(four, odd, lanes_sub(d[5], d[3]));
}

static inline __attribute__((always_inline)) void transform_output(const lanes m[SIDE], lanes y[TILE])
{
    const lanes sum1 = lanes_add(m[1], m[2]), sum2 = lanes_add(m[3], m[4]);
    const lanes rest1 = lanes_sub(m[1], m[2]), rest2 = lanes_sub(m[3], m[4]);
    y[0] = lanes_add(lanes_add(m[0], sum1), sum2);
    y[1] = lanes_fma(lanes_set(2), rest2, rest1);
    y[2] = lanes_fma(lanes_set(4), sum2, sum1);
    y[3] = lanes_add(lanes_fma(lanes_set(8), rest2, rest1), m[5]);
}

/* One channel's weights, a vector of outputs for each tap. */
static inline void weights_channel(const float *taps, float *to, size_t apart)
{
    lanes columns[SIDE][3], line[SIDE];
    for (size_t kx = 0; kx < 3; kx++) {
        transform_weights(lanes_load(taps + kx * LANES), lanes_load(taps + (3 + kx) * LANES),
                          lanes_load(taps + (6 + kx) * LANES), line);
        for (size_t i = 0; i < SIDE; i++)
            columns[i][kx] = line[i];
    }
    for (size_t i = 0; i < SIDE; i++) {
        transform_weights(columns[i][0], columns[i][1], columns[i][2], line);
        for (size_t j = 0; j < SIDE; j++, to += apart)
            lanes_store(to, lanes_mul(lanes_set(cs_winograd_scales[i * SIDE + j]), line[j]));
    }
}

static void weights(const float *w, size_t outputs, size_t channels, float *to, size_t width, size_t apart)
{
    _Alignas(64) float taps[LANES * TAPS * LANES]; /* LANES channels' taps, LANES outputs of each */
    for (size_t c = 0; c < channels; c += LANES) {
        const size_t left = channels - c < LANES ? channels - c : LANES;
        for (size_t t = 0; t < left * TAPS; t += LANES) {
            lanes r[LANES];
            for (size_t o = 0; o < LANES; o++)
                r[o] =
                    o < outputs ? lanes_load_first(w + (o * channels + c) * TAPS + t, left * TAPS - t) : lanes_zero();
            lanes_transpose(r);
            for (size_t i = 0; i < LANES; i++)
                lanes_store(taps + (t + i) * LANES, r[i]);
        }
        for (size_t i = 0; i < left; i++)
            weights_channel(taps + i * TAPS * LANES, to + (c + i) * width, apart);
    }
}

/* A vector of channels. `inside`: nothing of the tile is padding. */
static inline __attribute__((always_inline)) void input_lanes(const cs_winograd_input *tile, size_t c, int inside,
                                                              int whole, lanes_mask mask)
{
    const size_t channels = tile->channels, apart = tile->apart;
    lanes columns[SIDE][SIDE], d[SIDE], v[SIDE];
    for (size_t j = 0; j < SIDE; j++) {
        const int there = inside || (j >= tile->first && j < tile->first + tile->count);
        const size_t at = (inside ? j : j - tile->first) * channels + c;
        for (size_t i = 0; i < SIDE; i++)
            d[i] = there && (inside || tile->rows[i]) ? load(tile->rows[i] + at, whole, mask) : lanes_zero();
        transform_input(d, v);
        for (size_t i = 0; i < SIDE; i++)
            columns[i][j] = v[i];
    }
    float *to = tile->to + c;
    for (size_t i = 0; i < SIDE; i++) {
        transform_input(columns[i], v);
        for (size_t j = 0; j < SIDE; j++, to += apart)
            store(to, whole, mask, v[j]);
    }
}

static void input(const cs_winograd_input *tile)
{
    int inside = tile->count == SIDE;
    for (size_t i = 0; i < SIDE; i++)
        inside = inside && tile->rows[i];
    size_t c = 0;
    for (; c + LANES <= tile->channels; c += LANES)
        if (inside)
            input_lanes(tile, c, 1, 1, lanes_first(LANES));
        else
            input_lanes(tile, c, 0, 1, lanes_first(LANES));
    if (c < tile->channels)
        input_lanes(tile, c, 0, 0, lanes_first(tile->channels - c));
}

/* A vector of outputs. */
static inline __attribute__((always_inline)) void output_lanes(const cs_winograd_output *tile, size_t o, int whole,
                                                               lanes_mask mask)
{
    const float *sums = tile->sums + o;
    lanes columns[TILE][SIDE], m[SIDE], y[TILE];
    for (size_t j = 0; j < SIDE; j++) {
        for (size_t i = 0; i < SIDE; i++)
            m[i] = load(sums + (i * SIDE + j) * tile->apart, whole, mask);
        transform_output(m, y);
        for (size_t i = 0; i < TILE; i++)
            columns[i][j] = y[i];
    }
    const lanes bias = load(tile->bias + o, whole, mask), low = lanes_set(tile->low), high = lanes_set(tile->high);
    for (size_t i = 0; i < tile->height; i++) {
        transform_output(columns[i], y);
        for (size_t j = 0; j < TILE; j++) {
            if (j == tile->width)
                break;
            const size_t at = i * tile->row + j * tile->outputs + o;
            lanes sum = lanes_add(y[j], bias);
            if (tile->residual)
                sum = lanes_add(sum, load(tile->residual + at, whole, mask));
            /* the second operand comes out when one is NaN */
            store(tile->y + at, whole, mask, lanes_min(high, lanes_max(low, sum)));
        }
    }
}

static void output(const cs_winograd_output *tile)
{
    size_t o = 0;
    for (; o + LANES <= tile->outputs; o += LANES)
        output_lanes(tile, o, 1, lanes_first(LANES));
    if (o < tile->outputs)
        output_lanes(tile, o, 0, lanes_first(tile->outputs - o));
}
