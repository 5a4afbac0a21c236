/* SPDX-License-Identifier: MIT
 * test_act.c - layer norm, softmax and activations at every level against double; with --bench, their speed. */
#include "cpu_level.h"
#include "kernel_test.h"
#include "kernels/act.h"
#include "tap.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_layernorm(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    const float eps = 1e-5f;
    bool right = true, alive = true, in_place = true;
    for (size_t l = 1; l < kt_length_count; l++)
        for (size_t offset = 0; offset < 4; offset++) {
            const size_t n = kt_lengths[l];
            kt_block x = kt_exact(n * 4, offset * 4), gamma = kt_exact(n * 4, 4), beta = kt_exact(n * 4, 8);
            kt_block y = kt_canary(n * 4, 12);
            float *in = x.at, *g = gamma.at, *b = beta.at, *out = y.at;
            kt_fill(in, n, KT_PLAIN);
            kt_fill(g, n, KT_PLAIN);
            kt_fill(b, n, KT_PLAIN);
            double mean = 0, size = 0, variance = 0;
            for (size_t i = 0; i < n; i++) {
                in[i] = in[i] * 3 + 1;
                mean += in[i] / (double)n;
                size += fabsf(in[i]) / (double)n;
            }
            for (size_t i = 0; i < n; i++)
                variance += (in[i] - mean) * (in[i] - mean) / (double)n;
            const double scale = 1 / sqrt(variance + eps);
            /* roundings of a term in a sum (all additions in C; a 64th of them and 6 elsewhere), twice, and a few */
            const double k = (level == CS_CPU_C ? (double)n : (double)n / 64 + 6) * 2 + 8;
            ops->layernorm(in, g, b, eps, n, out);
            for (size_t i = 0; i < n; i++) {
                double want = (in[i] - mean) * scale * g[i] + b[i];
                double bound = k * FLT_EPSILON * ((fabs(in[i] - mean) + size) * scale * fabsf(g[i]) + fabsf(b[i]));
                right &= fabs(out[i] - want) <= bound;
            }
            alive &= kt_canary_lives(&y, n * 4);
            ops->layernorm(in, g, b, eps, n, in);
            in_place &= memcmp(in, out, n * 4) == 0;
            kt_free(&x);
            kt_free(&gamma);
            kt_free(&beta);
            kt_free(&y);
        }
    TAP_OK(right && alive, "%s: layernorm within the bound at every length", ops->name);
    TAP_OK(in_place, "%s: layernorm in place is the same", ops->name);
}

static void check_add(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    bool right = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (int three = 0; three < 2; three++) {
            const size_t n = kt_lengths[l];
            kt_block x = kt_exact(n * 4, 4), y = kt_exact(n * 4, 8), z = kt_exact(n * 4, 12), out = kt_canary(n * 4, 4);
            float *a = x.at, *b = y.at, *c = z.at, *sum = out.at;
            kt_fill(a, n, KT_PLAIN);
            kt_fill(b, n, KT_PLAIN);
            kt_fill(c, n, KT_PLAIN);
            ops->add(a, b, three ? c : NULL, n, sum);
            for (size_t i = 0; i < n; i++) {
                const float two = a[i] + b[i], want = three ? two + c[i] : two;
                right &= kt_same(&sum[i], &want, 1);
            }
            ops->add(a, b, three ? c : NULL, n, b);
            right &= kt_same(b, sum, n) && kt_canary_lives(&out, n * 4);
            kt_free(&x);
            kt_free(&y);
            kt_free(&z);
            kt_free(&out);
        }
    TAP_OK(right, "%s: sums of two and three rows, in place too", ops->name);
}

static void check_softmax(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    bool right = true, alive = true;
    for (size_t l = 1; l < kt_length_count; l++)
        for (size_t offset = 0; offset < 4; offset++) {
            const size_t n = kt_lengths[l];
            kt_block x = kt_canary(n * 4, offset * 4), copy = kt_exact(n * 4, 0);
            float *out = x.at, *in = copy.at;
            double max = -INFINITY, sum = 0;
            for (size_t i = 0; i < n; i++) {
                in[i] = kt_random() % 16 ? kt_float() * 20 : -INFINITY; /* -inf: what a mask puts there */
                if (i == n / 2)
                    in[i] = kt_float();
                max = in[i] > max ? in[i] : max;
            }
            memcpy(out, in, n * 4);
            for (size_t i = 0; i < n; i++)
                sum += exp(in[i] - max);
            ops->softmax(out, n);
            for (size_t i = 0; i < n; i++) {
                double want = exp(in[i] - max) / sum;
                /* 2 for the exponential, 1 for the quotient, the sum's own, and the argument's rounding */
                double k = 8 + (level == CS_CPU_C ? (double)n : (double)n / 16 + 4) + (in[i] > -100 ? max - in[i] : 0);
                right &= fabs(out[i] - want) <= k * FLT_EPSILON * want + FLT_TRUE_MIN;
            }
            alive &= kt_canary_lives(&x, n * 4);
            kt_free(&x);
            kt_free(&copy);
        }
    TAP_OK(right && alive, "%s: softmax within the bound at every length", ops->name);
    float odd[3] = {1, NAN, 2}, empty[2] = {-INFINITY, -INFINITY};
    ops->softmax(odd, 3);
    ops->softmax(empty, 2);
    TAP_OK(isnan(odd[0]) && isnan(odd[1]) && isnan(empty[0]), "%s: softmax of NaN, or of nothing, is NaN", ops->name);
}

/* Beside a zero, exp(t) with t below -17.4 adds nothing to the sum of 1, so softmax gives the exponential itself. */
static void check_exponential(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    double worst = 0, worst_tiny = 0;
    for (float t = -18; t > -110; t -= 0.00013f) {
        float pair[2] = {0, t};
        ops->softmax(pair, 2);
        double want = exp((double)t);
        if (want >= FLT_MIN) {
            int exponent;
            frexp(want, &exponent);
            worst = fmax(worst, fabs(pair[1] - want) / ldexp(1, exponent - FLT_MANT_DIG));
        } else {
            worst_tiny = fmax(worst_tiny, fabs(pair[1] - want) / FLT_TRUE_MIN);
        }
    }
    TAP_OK(worst <= 2, "%s: the exponential is off by %.2f of the last place at most", ops->name, worst);
    TAP_OK(worst_tiny <= 1.5, "%s: and by %.2f where it is subnormal", ops->name, worst_tiny);
}

static double exact_quick_gelu(double x)
{
    return x / (1 + exp(-1.702f * x));
}

static double exact_gelu(double x)
{
    return x * erfc(-x * sqrt(0.5)) / 2;
}

static void check_sweep(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    enum { N = 400001 };
    static float quick[N], full[N], in[N];
    double worst_quick = 0, worst_full = 0;
    for (size_t i = 0; i < N; i++)
        quick[i] = full[i] = in[i] = -20 + 40 * (float)i / (N - 1);
    ops->quick_gelu(quick, N);
    ops->gelu(full, N);
    for (size_t i = 0; i < N; i++) {
        double q = exact_quick_gelu(in[i]), size = fmax(1, fabsf(in[i]));
        /* the product 1.702 x is rounded, and the exponential makes a relative error of it */
        worst_quick = fmax(worst_quick, fabs(quick[i] - q) / (fabs(q) * FLT_EPSILON * (4 + 1.702 * size)));
        worst_full = fmax(worst_full, fabs(full[i] - exact_gelu(in[i])) / size);
    }
    TAP_OK(worst_quick <= 1, "%s: quick_gelu within the bound (%.2f of it)", ops->name, worst_quick);
    /* relative to x: half a last place (FLT_EPSILON / 2) for the factor's own rounding and for the product's, and a
     * quarter for the error of erf, or of the tail, that the factor is made of */
    TAP_OK(worst_full <= 1.25 * FLT_EPSILON, "%s: gelu is off by %.2g of x or 1 at most", ops->name, worst_full);
}

static void check_elements(cs_cpu_flags level)
{
    const cs_act_ops *ops = cs_act_ops_for(level);
    bool same = true, alive = true;
    for (size_t l = 0; l < kt_length_count; l++)
        for (size_t offset = 0; offset < 4; offset++) {
            const size_t n = kt_lengths[l];
            kt_block x = kt_canary(n * 4, offset * 4), y = kt_canary(n * 4, 4);
            float *a = x.at, *b = y.at;
            kt_fill(a, n, KT_PLAIN);
            memcpy(b, a, n * 4);
            ops->quick_gelu(a, n);
            ops->gelu(a, n);
            for (size_t i = 0; i < n; i++) {
                ops->quick_gelu(b + i, 1);
                ops->gelu(b + i, 1);
            }
            same &= kt_same(a, b, n);
            alive &= kt_canary_lives(&x, n * 4) && kt_canary_lives(&y, n * 4);
            kt_free(&x);
            kt_free(&y);
        }
    TAP_OK(same && alive, "%s: an activation depends on neither place nor length", ops->name);
    float odd[8] = {NAN, INFINITY, 0, -0.0f, 3e38f, -3e38f, 1e-42f, -1e4f}, again[8];
    memcpy(again, odd, sizeof odd);
    ops->quick_gelu(odd, 8);
    ops->gelu(again, 8);
    for (const float *v = odd; v; v = v == odd ? again : NULL)
        TAP_OK(isnan(v[0]) && v[1] == INFINITY && v[2] == 0 && v[3] == 0 && v[4] == 3e38f && v[5] == 0 && v[6] >= 0 &&
                   v[6] <= 1e-42f && v[7] == 0,
               "%s: %s of extreme numbers", ops->name, v == odd ? "quick_gelu" : "gelu");
}

static void check_bits(void)
{
    static float x[4099], gamma[4099], beta[4099];
    uint64_t first = 0;
    size_t levels = 0;
    for (cs_cpu_flags level = cpu_level_after(CS_CPU_C); level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        const cs_act_ops *ops = cs_act_ops_for(level);
        uint64_t digest = 0;
        kt_random_again();
        for (size_t l = 1; l < kt_length_count; l++)
            for (int operation = 0; operation < 4; operation++) {
                const size_t n = kt_lengths[l];
                kt_fill(x, n, KT_PLAIN);
                kt_fill(gamma, n, KT_PLAIN);
                kt_fill(beta, n, KT_PLAIN);
                for (size_t i = 0; i < n; i++)
                    x[i] *= i % 7 ? 4 : 120; /* far enough for results that are subnormal, zero or clipped */
                if (operation == 0)
                    ops->layernorm(x, gamma, beta, 1e-5f, n, x);
                else if (operation == 1)
                    ops->softmax(x, n);
                else if (operation == 2)
                    ops->quick_gelu(x, n);
                else
                    ops->gelu(x, n);
                digest = kt_digest(digest, x, n);
            }
        first = levels++ ? first : digest;
        TAP_OK(digest == first, "%s: the same bits as the first level", ops->name);
    }
    kt_check_digest(first, 0x1b3ea836bb1f30b9, levels);
}

typedef struct bench {
    const cs_act_ops *ops;
    float x[3072], source[3072], y[3072], gamma[3072], beta[3072];
} bench;

static void bench_layernorm(void *context)
{
    bench *b = context;
    b->ops->layernorm(b->source, b->gamma, b->beta, 1e-5f, 768, b->y);
}

static void bench_softmax(void *context)
{
    bench *b = context;
    memcpy(b->x, b->source, 50 * sizeof(float));
    b->ops->softmax(b->x, 50);
}

static void bench_quick_gelu(void *context)
{
    bench *b = context;
    memcpy(b->x, b->source, sizeof b->x);
    b->ops->quick_gelu(b->x, 3072);
}

static void bench_gelu(void *context)
{
    bench *b = context;
    memcpy(b->x, b->source, sizeof b->x);
    b->ops->gelu(b->x, 3072);
}

static void run_bench(void)
{
    static bench b;
    static void (*const calls[4])(void *) = {bench_layernorm, bench_softmax, bench_quick_gelu, bench_gelu};
    double plain[4] = {0};
    kt_fill(b.source, 3072, KT_PLAIN);
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        double took[4];
        b.ops = cs_act_ops_for(level);
        for (int i = 0; i < 4; i++) {
            took[i] = kt_time(calls[i], &b);
            plain[i] = level == CS_CPU_C ? took[i] : plain[i];
        }
        tap_note(
            "%-10s layernorm(768) %6.0f ns (%.1f x c), softmax(50) %5.0f (%.1f x), quick_gelu(3072) %6.0f (%.1f x), "
            "gelu(3072) %6.0f (%.1f x)",
            b.ops->name, took[0], plain[0] / took[0], took[1], plain[1] / took[1], took[2], plain[2] / took[2], took[3],
            plain[3] / took[3]);
    }
}

int main(int argc, char **argv)
{
    for (cs_cpu_flags level = CS_CPU_C; level != CPU_LEVEL_END; level = cpu_level_after(level)) {
        check_layernorm(level);
        check_add(level);
        check_softmax(level);
        check_exponential(level);
        check_sweep(level);
        check_elements(level);
    }
    check_bits();
    if (kt_wants_bench(argc, argv))
        run_bench();
    cpu_level_skip_missing();
    return tap_done();
}
