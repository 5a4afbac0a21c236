/* SPDX-License-Identifier: MIT
 * test_cvt.c - every half and every bfloat16 there is, at every level; with --bench, the speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/cvt.h"
#include "tap.h"

#include <math.h>
#include <string.h>

enum { ALL = 65536 };

/* From the definitions, in arithmetic rather than bits: IEEE 754 binary16; bfloat16 has 8 exponent and 7 fraction
 * bits. */
static float meaning(cs_dtype dtype, unsigned bits)
{
    const unsigned fraction_bits = dtype == CS_F16 ? 10 : 7, exponent_bits = 15 - fraction_bits;
    const int bias = (1 << (exponent_bits - 1)) - 1;
    unsigned fraction = bits & ((1u << fraction_bits) - 1),
             exponent = bits >> fraction_bits & ((1u << exponent_bits) - 1);
    double size;
    if (exponent == (1u << exponent_bits) - 1)
        size = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        size = ldexp(fraction, 1 - bias - (int)fraction_bits);
    else
        size = ldexp(fraction + (1u << fraction_bits), (int)exponent - bias - (int)fraction_bits);
    return (float)(bits >> 15 ? -size : size);
}

static void check_all(const cs_cvt_ops *ops, cs_dtype dtype)
{
    static float got[ALL], want[ALL];
    kt_block src = kt_exact(ALL * 2, 1);
    for (unsigned i = 0; i < ALL; i++) {
        unsigned char *p = (unsigned char *)src.at + 2 * i;
        p[0] = (unsigned char)i;
        p[1] = (unsigned char)(i >> 8);
        want[i] = meaning(dtype, i);
    }
    ops->to_f32(dtype, src.at, ALL, got);
    TAP_OK(kt_same(got, want, ALL), "%s: all 65,536 values of %s", ops->name, cs_dtype_name(dtype));
    kt_free(&src);
}

static void check_lengths(const cs_cvt_ops *ops, cs_dtype dtype)
{
    bool right = true, alive = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (size_t offset = 0; offset < 5; offset++) {
            const size_t n = kt_lengths[l], size = cs_dtype_size(dtype);
            kt_block src = kt_exact(n * size, offset), dst = kt_canary(n * 4, offset % 4 * 4);
            unsigned char *p = src.at;
            for (size_t i = 0; i < n * size; i++)
                p[i] = (unsigned char)kt_random();
            ops->to_f32(dtype, p, n, dst.at);
            for (size_t i = 0; i < n; i++) {
                float want, got = ((float *)dst.at)[i];
                if (dtype == CS_F32)
                    memcpy(&want, p + i * 4, 4); /* the test's machine is little-endian, like the files */
                else
                    want = meaning(dtype, p[2 * i] | (unsigned)p[2 * i + 1] << 8);
                right &= kt_same(&want, &got, 1);
            }
            alive &= kt_canary_lives(&dst, n * 4);
            kt_free(&src);
            kt_free(&dst);
        }
    TAP_OK(right && alive, "%s: %s at every length and alignment", ops->name, cs_dtype_name(dtype));
}

typedef struct bench {
    const cs_cvt_ops *ops;
    cs_dtype dtype;
    const void *src;
    float *dst;
} bench;

static void bench_call(void *context)
{
    bench *b = context;
    b->ops->to_f32(b->dtype, b->src, ALL, b->dst);
}

static void run_bench(void)
{
    static float dst[ALL];
    static unsigned char src[ALL * 4];
    for (cs_dtype dtype = CS_F32; dtype <= CS_BF16; dtype++) {
        double plain = 0;
        for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
            bench b = {cs_cvt_ops_for(level), dtype, src, dst};
            double took = kt_time(bench_call, &b);
            plain = level == CS_CPU_C ? took : plain;
            tap_note("%-10s %-4s 65,536 numbers: %8.0f ns (%.1f x c)", b.ops->name, cs_dtype_name(dtype), took,
                     plain / took);
        }
    }
}

int main(int argc, char **argv)
{
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        check_all(cs_cvt_ops_for(level), CS_F16);
        check_all(cs_cvt_ops_for(level), CS_BF16);
        for (cs_dtype dtype = CS_F32; dtype <= CS_BF16; dtype++)
            check_lengths(cs_cvt_ops_for(level), dtype);
    }
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
