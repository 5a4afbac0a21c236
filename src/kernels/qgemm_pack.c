/* SPDX-License-Identifier: MIT
 * qgemm_pack.c - weights to codes. */
#include "kernels/cvt.h"
#include "kernels/qgemm_impl.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

size_t cs_qgemm_codes_size(size_t n, size_t k)
{
    size_t size;
    if (n > SIZE_MAX - CS_QGEMM_STRIP || k > CS_QGEMM_MAX_K ||
        __builtin_mul_overflow((n + CS_QGEMM_STRIP - 1) / CS_QGEMM_STRIP * CS_QGEMM_STRIP, cs_qgemm_stride(k), &size))
        return 0;
    return size;
}

/* To the nearest whole number, as rintf for sizes up to 2^22: without SSE4.1 that is a call, and four times slower. */
static int32_t nearest(float x)
{
    const float shifted = x + 0x1.8p23f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits - 0x4b400000;
}

/* Two weights in units of the scale -> codes: when both have one sign and their sum passes `limit`, both give
 * way by the same amount, which is the nearest pair that does not. */
static void round_pair(const float unit[2], int32_t limit, int32_t code[2])
{
    code[0] = nearest(unit[0]);
    code[1] = nearest(unit[1]);
    const int32_t sum = code[0] + code[1];
    if ((code[0] < 0) == (code[1] < 0) && (sum > limit || sum < -limit)) {
        const float over = unit[0] + unit[1] - (float)(sum > 0 ? limit : -limit);
        code[0] = nearest(unit[0] - over / 2);
        code[1] = (sum > 0 ? limit : -limit) - code[0];
    }
    for (int i = 0; i < 2; i++)
        code[i] = code[i] > INT8_MAX ? INT8_MAX : code[i] < -INT8_MAX ? -INT8_MAX : code[i];
    /* a code on the other side of zero may have come of it: the limit is on each sign by itself */
    if (code[0] > 0 && code[1] > 0 && code[0] + code[1] > limit)
        code[1] = limit - code[0];
    if (code[0] < 0 && code[1] < 0 && code[0] + code[1] < -limit)
        code[1] = -limit - code[0];
}

/* Inputs whose codes are made together, in loops that a compiler makes vectors of; and sums of errors side by side. */
enum { PIECE = 64, SUMS = 8 };

/* Codes of weights, each by itself; false: two of them pass the limit on pairs. */
static bool round_each(const float unit[PIECE], int32_t limit, int32_t code[PIECE])
{
    int32_t over = 0;
    for (size_t i = 0; i < PIECE; i++) {
        const int32_t c = nearest(unit[i]);
        code[i] = c > INT8_MAX ? INT8_MAX : c < -INT8_MAX ? -INT8_MAX : c;
    }
    /* pairs of one sign: of two signs the sum cannot pass the limit */
    for (size_t i = 0; i < PIECE; i += 2) {
        const int32_t sum = code[i] + code[i + 1];
        over |= (sum > limit) | (sum < -limit);
    }
    return !over;
}

/* The squared error, in weights, of an output's codes at one scale; with `codes` it writes them. */
static double quantize_output(const float *w, size_t k, int32_t limit, float scale, int8_t *codes)
{
    const float inverse = 1 / scale;
    double error[SUMS] = {0}, total = 0;
    for (size_t i = 0; i < k; i += PIECE) {
        const size_t n = k - i < PIECE ? k - i : PIECE;
        float piece[PIECE] = {0}, unit[PIECE];
        int32_t code[PIECE];
        memcpy(piece, w + i, n * sizeof *piece);
        for (size_t j = 0; j < PIECE; j++)
            unit[j] = piece[j] * inverse;
        if (!round_each(unit, limit, code))
            for (size_t j = 0; j < PIECE; j += 2)
                round_pair(unit + j, limit, code + j);
        for (size_t j = 0; j < PIECE; j += SUMS)
            for (size_t l = 0; l < SUMS; l++) {
                const float off = piece[j + l] - (float)code[j + l] * scale;
                error[l] += (double)(off * off);
            }
        for (size_t j = 0; codes && j < n; j++)
            codes[i + j] = (int8_t)code[j];
    }
    for (size_t l = 0; l < SUMS; l++)
        total += error[l];
    return total;
}

/* The scale at which nothing is cut off. False: a weight is no number. */
static bool widest_scale(const float *w, size_t k, int32_t limit, float *scale)
{
    const float single = (float)limit / INT8_MAX; /* for a code of its own */
    float most = 0;
    for (size_t i = 0; i < k; i += 2) {
        const float a = w[i], b = i + 1 < k ? w[i + 1] : 0;
        if (!(fabsf(a) <= FLT_MAX && fabsf(b) <= FLT_MAX))
            return false;
        const float size = (a < 0) == (b < 0) ? fabsf(a + b) : fabsf(a) > fabsf(b) ? fabsf(a) : fabsf(b);
        most = size > most ? size : most;
        most = fabsf(a) * single > most ? fabsf(a) * single : most;
        most = fabsf(b) * single > most ? fabsf(b) * single : most;
    }
    *scale = most / (float)limit;
    return *scale <= FLT_MAX;
}

/* What rounding left of a weight at (x, y), to those of its neighbours that have no code yet. Beyond an edge it is
 * lost: giving it to the others was no better. */
static void pass_on(float rest, size_t x, size_t y, size_t side, float *at)
{
    if (x + 1 < side)
        at[1] += rest * (7.0f / 16);
    if (y + 1 == side)
        return;
    if (x > 0)
        at[side - 1] += rest * (3.0f / 16);
    at[side] += rest * (5.0f / 16);
    if (x + 1 < side)
        at[side + 1] += rest * (1.0f / 16);
}

/* Codes of one output whose inputs are images [k / side^2, side, side]. What rounding leaves of a weight goes to its
 * neighbours in Floyd and Steinberg's shares (An Adaptive Algorithm for Spatial Greyscale, 1976). So the error, seen as
 * an image, has hardly any low frequencies, of which photographs mostly are. */
static void diffuse(const float *w, size_t k, size_t side, int32_t limit, float scale, int8_t *codes)
{
    float left[CS_QGEMM_MAX_K]; /* weights in units of the scale, with what they were given */
    const float inverse = 1 / scale;
    for (size_t i = 0; i < k; i++)
        left[i] = w[i] * inverse;
    for (size_t i = 0; i < k; i++) {
        const int32_t before = i % 2 ? codes[i - 1] : 0; /* of the pair */
        const int32_t most = before > 0 ? limit - before : INT8_MAX;
        const int32_t least = before < 0 ? -limit - before : -INT8_MAX;
        /* what no code can give is lost: it would pile up */
        const float want = left[i] > INT8_MAX ? INT8_MAX : left[i] < -INT8_MAX ? -INT8_MAX : left[i];
        int32_t code = nearest(want);
        code = code > most ? most : code < least ? least : code;
        code = code > INT8_MAX ? INT8_MAX : code < -INT8_MAX ? -INT8_MAX : code;
        codes[i] = (int8_t)code;
        pass_on(want - (float)code, i % side, i / side % side, side, left + i);
    }
}

int32_t cs_qgemm_most(bool two_steps)
{
    return two_steps ? CS_QGEMM_STEP_CODES : CS_QGEMM_CODES;
}

int32_t cs_qgemm_pair(int32_t most)
{
    assert(most > 0 && most <= CS_QGEMM_CODES);
    const int32_t limit = INT16_MAX / most;
    return limit < 2 * INT8_MAX ? limit : 2 * INT8_MAX;
}

/* codes [k]; false: a weight is no number. */
static bool pack_output(const float *w, size_t k, cs_qgemm_inputs inputs, int8_t *codes, float *scale, int32_t *sum)
{
    static const float parts[] = {1, 0.92f, 0.85f, 0.78f, 0.72f};
    const int32_t limit = cs_qgemm_pair(inputs.most);
    float widest;
    if (!widest_scale(w, k, limit, &widest))
        return false;
    *sum = 0;
    *scale = 0;
    memset(codes, 0, k);
    if (widest < FLT_MIN) /* an output of zeros, or as good as that */
        return true;
    double least = DBL_MAX;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const double error = quantize_output(w, k, limit, widest * parts[i], NULL);
        if (error < least) {
            least = error;
            *scale = widest * parts[i];
        }
    }
    if (inputs.side)
        diffuse(w, k, inputs.side, limit, *scale, codes);
    else
        quantize_output(w, k, limit, *scale, codes);
    for (size_t i = 0; i < k; i++)
        *sum += codes[i];
    return true;
}

bool cs_qgemm_pack(cs_dtype dtype, const void *rows, size_t n, size_t k, cs_qgemm_inputs inputs, size_t first,
                   size_t count, int8_t *codes, float *scales, int32_t *sums)
{
    const size_t stride = cs_qgemm_stride(k), begin = first * CS_QGEMM_STRIP, strip = stride * CS_QGEMM_STRIP;
    float weights[CS_QGEMM_MAX_K];
    int8_t output[CS_QGEMM_MAX_K];
    assert(k && k <= CS_QGEMM_MAX_K && (!inputs.side || k % (inputs.side * inputs.side) == 0));
    memset(codes, 0, count * strip);
    for (size_t j = begin; j < n && j < begin + count * CS_QGEMM_STRIP; j++) {
        cs_cvt()->to_f32(dtype, (const uint8_t *)rows + j * k * cs_dtype_size(dtype), k, weights);
        if (!pack_output(weights, k, inputs, output, &scales[j - begin], &sums[j - begin]))
            return false;
        int8_t *to = codes + (j - begin) / CS_QGEMM_STRIP * strip + j % CS_QGEMM_STRIP * CS_QGEMM_GROUP;
        for (size_t i = 0; i < k; i++)
            to[i / CS_QGEMM_GROUP * CS_QGEMM_STRIP * CS_QGEMM_GROUP + i % CS_QGEMM_GROUP] = output[i];
    }
    return true;
}
