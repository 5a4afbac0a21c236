/* SPDX-License-Identifier: MIT
 * test_half.c - every f16 and bf16 to float and back; rounding of the floats between them. */
#include "base/half.h"
#include "tap.h"

#include <math.h>

/* What the bits of an f16 mean, by the definition. */
static double f16_meaning(unsigned half)
{
    unsigned exponent = half >> 10 & 31, fraction = half & 1023;
    double size = exponent ? ldexp(1024 + fraction, (int)exponent - 25) : ldexp(fraction, -24);
    return half >> 15 ? -size : size;
}

/* Of a bf16 likewise. */
static double bf16_meaning(unsigned half)
{
    unsigned exponent = half >> 7 & 255, fraction = half & 127;
    double size = exponent ? ldexp(128 + fraction, (int)exponent - 134) : ldexp(fraction, -133);
    return half >> 15 ? -size : size;
}

static const struct type {
    const char *name;
    double (*meaning)(unsigned half);
    float (*widen)(uint16_t half);
    uint16_t (*narrow)(float value);
    unsigned infinity;
} types[] = {{"f16", f16_meaning, cs_float_from_f16, cs_f16_from_float, 0x7C00},
             {"bf16", bf16_meaning, cs_float_from_bf16, cs_bf16_from_float, 0x7F80}};

static void test_every_value(const struct type *type)
{
    unsigned wrong = 0, special = 0;
    for (unsigned half = 0; half < 0x10000; half++) {
        float value = type->widen((uint16_t)half);
        unsigned size = half & 0x7FFF;
        if (size > type->infinity)
            special += isnan(value) && (type->narrow(value) & 0x7FFF) > type->infinity &&
                       type->narrow(value) >> 15 == half >> 15;
        else if (size == type->infinity)
            special += isinf(value) && type->narrow(value) == half;
        else
            wrong += value != type->meaning(half) || !signbit(value) != !(half >> 15) || type->narrow(value) != half;
    }
    TAP_OK(wrong == 0, "%s: all numbers to float and back", type->name);
    TAP_OK(special == 2 * (0x8000 - type->infinity), "%s: infinities and NaN stay what they are", type->name);
}

/* Between two neighbours: the middle goes to the even one, what is beside the middle to the nearer one. What would come
 * after the largest number is infinity. */
static void test_rounding(const struct type *type)
{
    unsigned wrong = 0;
    for (unsigned half = 0; half < type->infinity; half++) {
        double low = type->meaning(half), high = type->meaning(half + 1);
        float middle = (float)((low + high) / 2);
        for (unsigned sign = 0; sign < 2; sign++) {
            float s = sign ? -1 : 1;
            unsigned bits = sign << 15, even = half + (half & 1);
            wrong += type->narrow(s * middle) != (bits | even) ||
                     type->narrow(s * nextafterf(middle, 0)) != (bits | half) ||
                     type->narrow(s * nextafterf(middle, INFINITY)) != (bits | (half + 1));
        }
    }
    TAP_OK(wrong == 0, "%s: floats between two numbers go to the nearer one, ties to the even one", type->name);
}

int main(void)
{
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        test_every_value(&types[i]);
        test_rounding(&types[i]);
    }
    return tap_done();
}
