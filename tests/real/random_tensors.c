/* SPDX-License-Identifier: MIT
 * random_tensors.c - draws, rounds to f16, writes. */
#include "random_tensors.h"

#include "base/buf.h"
#include "base/replace.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void random_add(random_tensors *tensors, const char *prefix, const char *name, size_t rank, const size_t *shape,
                float mean, float deviation)
{
    if (tensors->count == sizeof tensors->items / sizeof *tensors->items || rank > 4)
        abort();
    random_tensor *t = &tensors->items[tensors->count++];
    *t = (random_tensor){.rank = rank, .mean = mean, .deviation = deviation};
    if (rank)
        memcpy(t->shape, shape, rank * sizeof *shape);
    snprintf(t->name, sizeof t->name, "%s%s", prefix, name);
}

/* xorshift64*: Vigna 2016 */
static uint64_t state = UINT64_C(0x243F6A8885A308D3);

static double uniform(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)(state * UINT64_C(2685821657736338717) >> 11) * 0x1p-53;
}

/* Close to a standard normal: the sum of four uniforms, scaled to variance 1. One statement each: in one expression the
 * compiler could choose the order, and the weights would not be the same bits everywhere. */
static float normal(void)
{
    double sum = uniform();
    sum += uniform();
    sum += uniform();
    sum += uniform();
    return (float)((sum - 2) * sqrt(3));
}

/* Round to nearest f16; numbers too small to be normal become 0. */
static uint16_t to_f16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude < 0x38800000) /* 2^-14 */
        return (uint16_t)sign;
    return (uint16_t)(sign | (magnitude - 0x38000000 + 0x1000) >> 13);
}

static size_t size_of(const random_tensor *t)
{
    size_t n = 1;
    for (size_t i = 0; i < t->rank; i++)
        n *= t->shape[i];
    return n;
}

static void put_header(const random_tensors *tensors, cs_buf *out)
{
    uint64_t offset = 0;
    uint8_t length[8] = {0};
    cs_buf_append(out, length, sizeof length);
    for (size_t i = 0; i < tensors->count; i++) {
        const random_tensor *t = &tensors->items[i];
        uint64_t bytes = 2 * (uint64_t)size_of(t);
        cs_buf_printf(out, "%s\"%s\":{\"dtype\":\"F16\",\"shape\":[", i ? "," : "{", t->name);
        for (size_t d = 0; d < t->rank; d++)
            cs_buf_printf(out, d ? ",%zu" : "%zu", t->shape[d]);
        cs_buf_printf(out, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
                      (unsigned long long)(offset + bytes));
        offset += bytes;
    }
    cs_buf_putc(out, '}');
    while (out->len % 8)
        cs_buf_putc(out, ' ');
    uint64_t header = out->len - 8;
    if (!cs_buf_reserve(out, offset))
        return;
    for (int i = 0; i < 8; i++)
        out->data[i] = (char)(header >> 8 * i);
}

bool random_write(const random_tensors *tensors, const char *path, clipsearch_error *err)
{
    cs_buf out = cs_buf_make((size_t)1 << 30);
    put_header(tensors, &out);
    for (size_t i = 0; i < tensors->count; i++) {
        const random_tensor *t = &tensors->items[i];
        for (size_t left = size_of(t); left; left--) {
            uint16_t number = to_f16(t->mean + t->deviation * normal());
            cs_buf_append(&out, &number, sizeof number);
        }
    }
    bool done = !out.failed && cs_replace_file(path, out.data, out.len, err) == CLIPSEARCH_OK;
    cs_buf_free(&out);
    return done;
}
