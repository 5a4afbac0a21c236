/* SPDX-License-Identifier: MIT
 * decimal.c - decimal text through printf and strtod, which follow the locale, and around the locale. */
#include "base/decimal.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The digits tried first, and the digits that always suffice (IEEE 754 binary32 and binary64). Most numbers that people
 * write need only the first. */
enum { FLOAT_FEW = 6, FLOAT_ALL = 9, DOUBLE_FEW = 15, DOUBLE_ALL = 17 };

/* What printf wrote in the thread's locale, with '.' for its decimal point, which may be a comma or several bytes.
 * Everything else that %g writes for a finite number is in the list. */
static void put_point(char *text)
{
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        if (strchr("+-0123456789e", *c))
            text[n++] = *c;
        else if (n == 0 || text[n - 1] != '.')
            text[n++] = '.';
    }
    text[n] = '\0';
}

void cs_float_text(float number, int digits, char text[CS_DECIMAL_TEXT])
{
    for (; digits <= FLOAT_ALL; digits++) {
        snprintf(text, CS_DECIMAL_TEXT, "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number) /* in the locale that printf wrote it in */
            break;
    }
    put_point(text);
}

void cs_put_float(cs_buf *buf, float number)
{
    char text[CS_DECIMAL_TEXT] = "null";
    if (isfinite(number))
        cs_float_text(number, FLOAT_FEW, text);
    cs_buf_puts(buf, text);
}

void cs_put_double(cs_buf *buf, double number)
{
    char text[CS_DECIMAL_TEXT] = "null";
    if (isfinite(number)) {
        for (int digits = DOUBLE_FEW; digits <= DOUBLE_ALL; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, number);
            if (strtod(text, NULL) == number)
                break;
        }
        put_point(text);
    }
    cs_buf_puts(buf, text);
}

static bool is_decimal(const char *text)
{
    static const char numerals[] = "0123456789";
    text += *text == '-' || *text == '+';
    size_t before = strspn(text, numerals), after = 0;
    text += before;
    if (*text == '.') {
        after = strspn(text + 1, numerals);
        text += 1 + after;
    }
    if (before + after == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text += 1 + (text[1] == '-' || text[1] == '+');
        size_t exponent = strspn(text, numerals);
        if (!exponent)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The "C" locale, made once a process; it is part of the C library, so that making it needs no memory and no file. */
static bool has_c_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale != (locale_t)0;
}

bool cs_read_float(const char *text, float *number)
{
    if (!is_decimal(text) || !has_c_locale())
        return false;
    *number = strtof_l(text, NULL, c_locale);
    return true;
}

bool cs_read_double(const char *text, double *number)
{
    if (!is_decimal(text) || !has_c_locale())
        return false;
    *number = strtod_l(text, NULL, c_locale);
    return true;
}
