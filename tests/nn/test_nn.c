/* SPDX-License-Identifier: MIT
 * test_nn.c - the parts of a transformer against plain double arithmetic. */
#include "kernels/cpu_level.h"
#include "nn/block.h"
#include "nn/floats.h"

#include "base/mem.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* xorshift64*: the same numbers everywhere; about normal by adding four uniform ones. */
static uint64_t state = 88172645463325252u;

static float random_normal(void)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        sum += (double)(state * 2685821657736338717u >> 40) / (1 << 24) - 0.5;
    }
    return (float)(sum * 1.7320508);
}

static float *random_floats(size_t count)
{
    float *x = cs_alloc_array(count, sizeof *x);
    if (!x)
        abort();
    for (size_t i = 0; i < count; i++)
        x[i] = random_normal();
    return x;
}

static void test_workspace(void)
{
    cs_workspace measure = {0};
    TAP_OK(!cs_workspace_alloc(&measure, 1, 1) && !cs_workspace_floats(&measure, 3, 7) &&
               cs_workspace_size(&measure) == 64 + 128,
           "measuring returns no buffer and counts whole lines");
    char *block = cs_alloc_aligned(cs_workspace_size(&measure), 1);
    cs_workspace carve = {.base = block};
    char *first = cs_workspace_alloc(&carve, 1, 1);
    char *second = cs_workspace_alloc(&carve, 21, 4);
    TAP_OK(first == block && second == block + 64 && carve.used == measure.used, "carving gives what was measured");
    cs_free(block);
    cs_workspace_alloc(&carve, SIZE_MAX, 2);
    TAP_OK(carve.overflow && cs_workspace_size(&carve) == 0, "count * size overflow");
    cs_workspace sums = {.used = 128};
    cs_workspace_alloc(&sums, SIZE_MAX - 130, 1);
    TAP_OK(sums.overflow, "a sum that overflows");
    cs_workspace round = {0};
    cs_workspace_alloc(&round, SIZE_MAX - 3, 1);
    TAP_OK(round.overflow, "rounding up that overflows");
    cs_workspace product = {0};
    cs_workspace_floats(&product, SIZE_MAX / 2, 3);
    TAP_OK(product.overflow && !cs_workspace_alloc(&product, 1, 1), "rows * columns overflow, which stays");
}

/* Attention as its formula says, in double: query row `query` over keys [first, end) of one head. */
static void plain_attention(const float *q, const float *k, const float *v, size_t width, size_t column, size_t head,
                            size_t query, size_t first, size_t end, double *out)
{
    double *weights = cs_alloc_array(end - first, sizeof *weights), greatest = -INFINITY, sum = 0;
    for (size_t t = first; t < end; t++) {
        double dot = 0;
        for (size_t c = 0; c < head; c++)
            dot += (double)q[query * width + column + c] * k[t * width + column + c];
        weights[t - first] = dot / sqrt((double)head);
        greatest = fmax(greatest, weights[t - first]);
    }
    for (size_t t = first; t < end; t++)
        sum += weights[t - first] = exp(weights[t - first] - greatest);
    for (size_t c = 0; c < head; c++) {
        out[c] = 0;
        for (size_t t = first; t < end; t++)
            out[c] += weights[t - first] / sum * v[t * width + column + c];
    }
    cs_free(weights);
}

typedef struct attention_case {
    size_t heads, head;
    const size_t *offsets;
    size_t count, longest;
    const float *q, *k, *v;
} attention_case;

static void run_attention(const attention_case *c, size_t first, size_t count, bool causal, bool all, cs_pool *pool,
                          float *out)
{
    size_t width = c->heads * c->head, offsets[16], longest = 0;
    for (size_t i = 0; i <= count; i++) {
        offsets[i] = c->offsets[first + i] - c->offsets[first];
        if (i && offsets[i] - offsets[i - 1] > longest)
            longest = offsets[i] - offsets[i - 1];
    }
    cs_sequences sequences = {.count = count, .offsets = offsets, .longest = longest, .causal = causal};
    cs_workspace workspace = {0};
    cs_attention_scratch scratch;
    cs_attention_carve(&scratch, c->head, longest, cs_pool_threads(pool), &workspace);
    size_t size = cs_workspace_size(&workspace);
    workspace = (cs_workspace){.base = cs_alloc_aligned(size, 1)};
    void *block = workspace.base;
    if (!block || size == 0)
        abort();
    memset(block, 0xFF, size); /* NaNs */
    cs_attention_carve(&scratch, c->head, longest, cs_pool_threads(pool), &workspace);
    size_t row = c->offsets[first], query = all ? row : first;
    cs_attention_forward(&sequences, width, c->heads, all, c->q + query * width, c->k + row * width, c->v + row * width,
                         out, &scratch, pool);
    cs_free(block);
}

/* Greatest difference from the formula, every `stride`th query row. */
static double attention_error(const attention_case *c, bool causal, bool all, size_t stride, const float *out)
{
    size_t width = c->heads * c->head;
    double worst = 0, want[64];
    for (size_t item = 0; item < c->count; item++) {
        size_t first = c->offsets[item], length = c->offsets[item + 1] - first;
        for (size_t i = 0; i < (all ? length : 1); i += stride)
            for (size_t h = 0; h < c->heads; h++) {
                size_t query = all ? first + i : item, end = causal && all ? first + i + 1 : first + length;
                plain_attention(c->q, c->k, c->v, width, h * c->head, c->head, query, first, end, want);
                for (size_t x = 0; x < c->head; x++) {
                    double d = fabs(want[x] - out[query * width + h * c->head + x]);
                    worst = d > worst || isnan(d) ? d : worst;
                }
            }
    }
    return worst;
}

static void test_attention(void)
{
    /* A score is a sum of up to 64 products whose sizes come to some 5 after scaling: 64 * 5 * FLT_EPSILON / 2 = 2e-5
     * at worst on the exponent, times values up to 3; such luck does not happen in every term at once. */
    const double tolerance = 2e-5;
    static const size_t offsets[] = {0, 1, 3, 6, 22, 85, 149, 214, 284, 414};
    static const size_t shapes[][2] = {{1, 64}, {3, 16}, {2, 20}, {5, 1}, {2, 33}};
    size_t count = sizeof offsets / sizeof *offsets - 1, rows = offsets[count];
    clipsearch_error err;
    cs_pool *pools[3] = {0};
    for (unsigned i = 0; i < 3; i++)
        if (cs_pool_open(i + 1, &pools[i], &err) != CLIPSEARCH_OK)
            abort();
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        size_t heads = shapes[s][0], head = shapes[s][1], width = heads * head;
        float *q = random_floats(rows * width), *k = random_floats(rows * width), *v = random_floats(rows * width);
        float *out = random_floats(rows * width), *other = random_floats(rows * width);
        attention_case c = {heads, head, offsets, count, 130, q, k, v};
        for (int mode = 0; mode < 3; mode++) {
            bool causal = mode == 1, all = mode != 2;
            run_attention(&c, 0, count, causal, all, NULL, out);
            double error = attention_error(&c, causal, all, 1, out);
            TAP_OK(error <= tolerance, "attention %zu x %zu%s: max abs %.1e", heads, head,
                   causal ? ", causal"
                   : all  ? ""
                          : ", one row",
                   error);
            bool same = true;
            size_t outputs = (all ? rows : count) * width;
            for (unsigned threads = 0; threads < 3; threads++) {
                memset(other, 0, outputs * sizeof *other);
                run_attention(&c, 0, count, causal, all, pools[threads], other);
                same &= memcmp(out, other, outputs * sizeof *out) == 0;
            }
            for (size_t i = 0; i < count; i++) { /* each sequence alone */
                run_attention(&c, i, 1, causal, all, pools[1], other);
                size_t at = all ? offsets[i] : i, n = all ? offsets[i + 1] - offsets[i] : 1;
                same &= memcmp(out + at * width, other, n * width * sizeof *out) == 0;
            }
            TAP_OK(same, "the same bits on any threads and alone");
        }
        cs_free(q);
        cs_free(k);
        cs_free(v);
        cs_free(out);
        cs_free(other);
    }
    /* the longest context a configuration may have */
    static const size_t one[] = {0, 4096};
    float *q = random_floats(4096 * 8), *k = random_floats(4096 * 8), *v = random_floats(4096 * 8);
    float *out = random_floats(4096 * 8);
    attention_case c = {1, 8, one, 1, 4096, q, k, v};
    for (int causal = 0; causal < 2; causal++) {
        run_attention(&c, 0, 1, causal, true, pools[1], out);
        double error = attention_error(&c, causal, true, 97, out);
        TAP_OK(error <= tolerance, "attention over 4096 rows%s: max abs %.1e", causal ? ", causal" : "", error);
    }
    cs_free(q);
    cs_free(k);
    cs_free(v);
    cs_free(out);
    for (unsigned i = 0; i < 3; i++)
        cs_pool_close(&pools[i]);
}

/* Scores far apart and far from 0: exp must neither overflow nor lose the greatest. */
static void test_attention_extremes(void)
{
    static const size_t offsets[] = {0, 3};
    float q[3] = {1, 1, -1}, k[3] = {1000, -1000, 0}, v[3] = {1, 2, 4}, out[3];
    attention_case c = {1, 1, offsets, 1, 3, q, k, v};
    run_attention(&c, 0, 1, false, true, NULL, out);
    TAP_OK(out[0] == 1 && out[1] == 1 && out[2] == 2, "scores of +-1000 pick one value");
}

static void test_linear(void)
{
    enum { N = 13, K = 21, ROWS = 5 };
    float *w = random_floats(N * K), *b = random_floats(N), *x = random_floats(ROWS * K), *r = random_floats(ROWS * N);
    float transposed[K * N], y[ROWS * N], again[ROWS * N];
    for (size_t n = 0; n < N; n++)
        for (size_t k = 0; k < K; k++)
            transposed[k * N + n] = w[n * K + k];
    cs_matrix weight = {.dtype = CS_F32, .data = w, .rows = N, .columns = K};
    cs_matrix turned = {.dtype = CS_F32, .data = transposed, .rows = N, .columns = K, .transposed = true};
    cs_matrix bias = {.dtype = CS_F32, .data = b, .rows = 1, .columns = N};
    clipsearch_error err;
    cs_linear linear;
    float *scratch = cs_alloc_aligned(cs_gemm_scratch(K), sizeof *scratch);
    double worst = 0;
    bool same = true;
    for (int mode = 0; mode < 4; mode++) { /* as stored or transposed, packed or not */
        if (cs_linear_open(&linear, mode & 1 ? &turned : &weight, &bias, mode & 2, NULL, &err) != CLIPSEARCH_OK)
            abort();
        cs_linear_forward(&linear, x, ROWS, CS_ACT_NONE, r, y, scratch, NULL);
        for (size_t i = 0; i < ROWS; i++)
            for (size_t n = 0; n < N; n++) {
                double want = (double)b[n] + r[i * N + n];
                for (size_t k = 0; k < K; k++)
                    want += (double)x[i * K + k] * w[n * K + k];
                worst = fmax(worst, fabs(want - y[i * N + n]));
            }
        if (mode == 0)
            memcpy(again, y, sizeof y);
        same &= memcmp(again, y, sizeof y) == 0;
        cs_linear_close(&linear);
        cs_linear_close(&linear);
    }
    /* 21 products of order 1 to 10: 22 roundings of FLT_EPSILON / 2 of some 20 */
    TAP_OK(worst <= 3e-5, "linear with bias and residual: max abs %.1e", worst);
    TAP_OK(same, "transposed in the file and packed make no difference");
    cs_free(w);
    cs_free(b);
    cs_free(x);
    cs_free(r);
    cs_free(scratch);
}

static void test_layernorm(void)
{
    enum { W = 37, ROWS = 21 };
    float *x = random_floats(ROWS * W), *gamma = random_floats(W), *beta = random_floats(W), y[ROWS * W];
    cs_matrix weight = {.dtype = CS_F32, .data = gamma, .rows = 1, .columns = W};
    cs_matrix bias = {.dtype = CS_F32, .data = beta, .rows = 1, .columns = W};
    clipsearch_error err;
    cs_layernorm norm;
    cs_pool *pool = NULL;
    const float eps = 0.25f; /* large, so that leaving it out shows */
    if (cs_pool_open(2, &pool, &err) != CLIPSEARCH_OK ||
        cs_layernorm_open(&norm, &weight, &bias, eps, &err) != CLIPSEARCH_OK)
        abort();
    cs_layernorm_forward(&norm, x, ROWS, y, pool);
    double worst = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double mean = 0, variance = 0;
        for (size_t c = 0; c < W; c++)
            mean += x[i * W + c] / (double)W;
        for (size_t c = 0; c < W; c++)
            variance += (x[i * W + c] - mean) * (x[i * W + c] - mean) / W;
        for (size_t c = 0; c < W; c++)
            worst = fmax(
                worst, fabs((x[i * W + c] - mean) / sqrt(variance + (double)eps) * gamma[c] + beta[c] - y[i * W + c]));
    }
    TAP_OK(worst <= 5e-6, "layernorm of %d rows: max abs %.1e", ROWS, worst); /* a few roundings of values up to 10 */
    cs_layernorm_forward(&norm, x, ROWS, x, NULL);
    TAP_OK(memcmp(x, y, sizeof y) == 0, "in place and on one thread: the same bits");
    cs_layernorm_close(&norm);
    cs_pool_close(&pool);
    cs_free(x);
    cs_free(gamma);
    cs_free(beta);
}

/* f16 and bf16 stored transposed, at an odd address */
static void test_floats(void)
{
    static const uint8_t half[] = {0, 0x00, 0x3C, 0x00, 0xC0, 0x00, 0x38, 0xFF, 0x7B, 0x01, 0x00, 0x00, 0x44};
    cs_matrix turned = {.dtype = CS_F16, .data = half + 1, .rows = 2, .columns = 3, .transposed = true};
    /* stored [3, 2]: 1 -2 | 0.5 65504 | tiny 4, so wanted [2, 3]: 1 0.5 tiny | -2 65504 4 */
    static const float want_turned[] = {1, 0.5f, 5.9604644775390625e-8f, -2, 65504, 4};
    static const uint8_t brain[] = {0x80, 0x3F, 0x49, 0xC0};
    cs_matrix row = {.dtype = CS_BF16, .data = brain, .rows = 1, .columns = 2};
    clipsearch_error err;
    float *floats = NULL;
    TAP_OK(cs_floats_copy(&turned, &floats, &err) == CLIPSEARCH_OK &&
               memcmp(floats, want_turned, sizeof want_turned) == 0,
           "f16, transposed, unaligned");
    cs_free(floats);
    TAP_OK(cs_floats_copy(&row, &floats, &err) == CLIPSEARCH_OK && floats[0] == 1 && floats[1] == -3.140625f, "bf16");
    cs_free(floats);
    cs_matrix huge = {.dtype = CS_F32, .data = brain, .rows = SIZE_MAX / 2, .columns = 3};
    TAP_OK(cs_floats_copy(&huge, &floats, &err) == CLIPSEARCH_E_MEMORY && !floats, "a size that overflows: %s",
           err.message);
}

int main(void)
{
    if (!cpu_level_runs())
        return tap_done();
    test_workspace();
    test_attention();
    test_attention_extremes();
    test_linear();
    test_layernorm();
    test_floats();
    return tap_done();
}
