/* SPDX-License-Identifier: MIT
 * decimal.h - floating-point numbers as decimal text and back, always with a point, in every locale. */
#ifndef CS_BASE_DECIMAL_H
#define CS_BASE_DECIMAL_H

#include "base/buf.h"

#include <stdbool.h>

enum { CS_DECIMAL_TEXT = 32 }; /* bytes for any text written here, with its NUL */

/* Append `number` so that it reads back as the same float or double, with no more digits than that needs (6 and 15 are
 * tried first, 9 and 17 always do); "null" when it is not finite. */
void cs_put_float(cs_buf *buf, float number);
void cs_put_double(cs_buf *buf, double number);

/* Write a finite `number` as cs_put_float does, beginning with `digits` significant digits (1 to 9). They decide when
 * an exponent is written: 120 is "1.2e+02" with 1, and "120" with the 6 of cs_put_float. */
void cs_float_text(float number, int digits, char text[CS_DECIMAL_TEXT]);

/* Read the whole of `text`: a sign, digits with or without a point, an exponent, in that order; only digits must be
 * there, before the point or after it. Rounds to nearest. A number that is too large gives an infinity, one that is too
 * small 0 or a subnormal. False, with *number as it was, for any other text: a comma, a space, "0x1", "inf", "nan". */
bool cs_read_float(const char *text, float *number);
bool cs_read_double(const char *text, double *number);

#endif
