/* SPDX-License-Identifier: MIT
 * act_poly.h - the polynomials behind the vector exponential and the Gaussian tail. */
#ifndef CS_KERNELS_ACT_POLY_H
#define CS_KERNELS_ACT_POLY_H

/* exp(x) = 2^n exp(r), n = x / ln 2 rounded to nearest, r = x - n ln 2 with ln 2 in two parts (Cody and Waite, Software
 * Manual for the Elementary Functions, 1980, chapter 6); exp(r) by its Taylor series to r^7, whose rest is below 5.3e-9
 * of the result for |r| <= ln 2 / 2, a tenth of the last place. Below LEAST the result is 0, above MOST infinity. */
#define EXP_LEAST (-104.0f)
#define EXP_MOST 89.0f
#define EXP_LOG2E 0x1.715476p+0f
#define EXP_LN2_HIGH 0x1.62e430p-1f
#define EXP_LN2_LOW (-0x1.05c610p-29f)
enum { EXP_TERMS = 8 };
static const float exp_series[EXP_TERMS] = {/* 1 / i!, highest first */
                                            1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};

/* erfc(s / sqrt 2) = exp(-s R(s)): R is smooth where erfc is not easy, and an exponential keeps the tail's relative
 * accuracy. R by a weighted minimax fit (Lawson's iteration) on [0, GAUSS_END], made by tools/golden/gauss_tail.py;
 * beyond the end R stays what it is there, where the result is below 2e-9. Half of it is off by at most 6e-9 before
 * rounding. */
#define GAUSS_END 6.0f
enum { GAUSS_TERMS = 10 };
static const float gauss_tail[GAUSS_TERMS] = {/* highest power first */
                                              0x1.272a7ap-26f, -0x1.1b9856p-21f, 0x1.d17916p-18f, -0x1.9e9acp-15f,
                                              0x1.7ee016p-13f, 0x1.67d2cap-16f,  -0x1.3d2584p-8f, 0x1.29e5aep-5f,
                                              0x1.45f148p-2f,  0x1.988464p-1f};

#endif
