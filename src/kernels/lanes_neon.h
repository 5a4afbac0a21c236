/* SPDX-License-Identifier: MIT
 * lanes_neon.h - the words of lanes_avx2.h, which says what they mean, for AArch64: 4 floats in a register. */
#ifndef CS_KERNELS_LANES_H
#define CS_KERNELS_LANES_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

typedef float32x4_t lanes;
typedef uint32x4_t lanes_mask;

enum {
    LANES = 4,
    LANES_REGISTERS = 32,
    VEC_ROWS = 1, /* sixteen accumulators a row fill half the registers */
    GEMM_STEPS = 256,
    CONV_STEPS = 1024,
    GEMM_FEW = 16
};

static inline lanes lanes_zero(void)
{
    return vdupq_n_f32(0);
}

static inline lanes lanes_set(float x)
{
    return vdupq_n_f32(x);
}

static inline lanes_mask lanes_first(size_t n)
{
    static const uint32_t place[LANES] = {0, 1, 2, 3};
    return vcltq_u32(vld1q_u32(place), vdupq_n_u32(n < LANES ? (uint32_t)n : LANES));
}

static inline lanes lanes_load(const float *from)
{
    return vld1q_f32(from);
}

static inline void lanes_store(float *to, lanes x)
{
    vst1q_f32(to, x);
}

/* There are no loads and stores with a mask: place by place. */
static inline lanes lanes_load_masked(const float *from, lanes_mask mask)
{
    float copy[LANES] = {0};
    uint32_t chosen[LANES];
    vst1q_u32(chosen, mask);
    for (size_t i = 0; i < LANES; i++)
        if (chosen[i])
            copy[i] = from[i];
    return vld1q_f32(copy);
}

static inline void lanes_store_masked(float *to, lanes_mask mask, lanes x)
{
    float copy[LANES];
    uint32_t chosen[LANES];
    vst1q_u32(chosen, mask);
    vst1q_f32(copy, x);
    for (size_t i = 0; i < LANES; i++)
        if (chosen[i])
            to[i] = copy[i];
}

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

static inline lanes lanes_load_f16(const void *from)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from)));
}

static inline lanes lanes_load_bf16(const void *from)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(from)), 16));
}

static inline lanes lanes_load_f16_first(const void *from, size_t n)
{
    uint8_t copy[2 * LANES] = {0};
    for (size_t i = 0; i < 2 * (n < LANES ? n : LANES); i++)
        copy[i] = ((const uint8_t *)from)[i];
    return lanes_load_f16(copy);
}

static inline lanes lanes_load_bf16_first(const void *from, size_t n)
{
    uint8_t copy[2 * LANES] = {0};
    for (size_t i = 0; i < 2 * (n < LANES ? n : LANES); i++)
        copy[i] = ((const uint8_t *)from)[i];
    return lanes_load_bf16(copy);
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return vaddq_f32(a, b);
}

static inline lanes lanes_sub(lanes a, lanes b)
{
    return vsubq_f32(a, b);
}

static inline lanes lanes_mul(lanes a, lanes b)
{
    return vmulq_f32(a, b);
}

static inline lanes lanes_div(lanes a, lanes b)
{
    return vdivq_f32(a, b);
}

static inline lanes lanes_fma(lanes a, lanes b, lanes c)
{
    return vfmaq_f32(c, a, b);
}

static inline lanes lanes_fnma(lanes a, lanes b, lanes c)
{
    return vfmsq_f32(c, a, b);
}

/* Not vminq and vmaxq: a NaN would come out whichever of the two it is. */
static inline lanes lanes_min(lanes a, lanes b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline lanes lanes_abs(lanes x)
{
    return vabsq_f32(x);
}

static inline lanes lanes_round(lanes x)
{
    return vrndnq_f32(x);
}

/* As with AVX2, by two factors. */
static inline lanes lanes_scale(lanes x, lanes n)
{
    const int32x4_t power = vcvtnq_s32_f32(n), part = vshrq_n_s32(power, 1), bias = vdupq_n_s32(127);
    x = vmulq_f32(x, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(part, bias), 23)));
    return vmulq_f32(x, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vsubq_s32(power, part), bias), 23)));
}

static inline lanes_mask lanes_greater(lanes a, lanes b)
{
    return vcgtq_f32(a, b);
}

static inline lanes lanes_select(lanes_mask mask, lanes a, lanes b)
{
    return vbslq_f32(mask, a, b);
}

static inline lanes lanes_keep(lanes_mask mask, lanes x)
{
    return vreinterpretq_f32_u32(vandq_u32(mask, vreinterpretq_u32_f32(x)));
}

static inline void lanes_transpose(lanes r[LANES])
{
    const float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

static inline float lanes_most(lanes x)
{
    return vmaxvq_f32(x);
}

static inline float lanes_root(float x)
{
    return vget_lane_f32(vsqrt_f32(vdup_n_f32(x)), 0);
}

static inline float lanes_total(const lanes s[16 / LANES])
{
    const float32x4_t quarter = vaddq_f32(vaddq_f32(s[0], s[2]), vaddq_f32(s[1], s[3]));
    const float32x2_t pair = vadd_f32(vget_low_f32(quarter), vget_high_f32(quarter));
    return vget_lane_f32(pair, 0) + vget_lane_f32(pair, 1);
}

typedef int16x8_t lanes_codes;
typedef int32x4_t lanes_counts;
enum { CODES = 2 * LANES };

static inline lanes_codes lanes_load_signed(const int8_t *from)
{
    return vmovl_s8(vld1_s8(from));
}

static inline lanes_codes lanes_load_unsigned(const uint8_t *from)
{
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from)));
}

static inline lanes_counts lanes_no_counts(void)
{
    return vdupq_n_s32(0);
}

static inline lanes_counts lanes_count(lanes_counts sum, lanes_codes a, lanes_codes b)
{
    return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(a), vget_low_s16(b)), a, b);
}

static inline int32_t lanes_counts_total(lanes_counts a, lanes_counts b)
{
    return vaddvq_s32(vaddq_s32(a, b));
}

#endif
