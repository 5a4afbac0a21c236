/* SPDX-License-Identifier: MIT
 * test_decimal.c - numbers as decimal text and back, in the "C" locale and in one with a decimal comma. */
#include "base/decimal.h"
#include "tap.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void test_written(const char *locale)
{
    static const struct {
        double number;
        const char *as_double, *as_float;
    } cases[] = {{0, "0", "0"},
                 {-0.0, "-0", "-0"},
                 {0.1F, "0.10000000149011612", "0.1"},
                 {100, "100", "100"},
                 {1e20, "1e+20", "1e+20"},
                 {-1.5e-7, "-1.5e-07", "-1.5e-07"},
                 {0.25, "0.25", "0.25"},
                 {1.0 / 3, "0.3333333333333333", "0.33333334"},
                 {-5e-324, "-4.94065645841247e-324", "-0"},
                 {9007199254740992, "9007199254740992", "9.007199e+15"},
                 {16777217, "16777217", "16777216"},
                 {INFINITY, "null", "null"},
                 {-INFINITY, "null", "null"},
                 {NAN, "null", "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_buf whole = cs_buf_make(100), half = cs_buf_make(100);
        cs_put_double(&whole, cases[i].number);
        cs_put_float(&half, (float)cases[i].number);
        TAP_OK(strcmp(whole.data, cases[i].as_double) == 0 && strcmp(half.data, cases[i].as_float) == 0,
               "%s: written as %s, as a float %s", locale, whole.data, half.data);
        cs_buf_free(&whole);
        cs_buf_free(&half);
    }
    char few[CS_DECIMAL_TEXT], more[CS_DECIMAL_TEXT];
    cs_float_text(120, 1, few);
    cs_float_text(120, 6, more);
    TAP_OK(strcmp(few, "1.2e+02") == 0 && strcmp(more, "120") == 0, "%s: 120 with 1 digit on %s, with 6 %s", locale,
           few, more);
}

/* Any bits at all, through text and back. */
static void test_both_ways(const char *locale)
{
    bool same = true;
    cs_buf buf = cs_buf_make(100);
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 50000; i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double number, back = 0;
        memcpy(&number, &state, sizeof number);
        if (isfinite(number)) {
            cs_buf_clear(&buf);
            cs_put_double(&buf, number);
            same = same && cs_read_double(buf.data, &back) && memcmp(&back, &number, sizeof back) == 0;
        }
        float few, few_back = 0;
        memcpy(&few, &state, sizeof few);
        if (isfinite(few)) {
            cs_buf_clear(&buf);
            cs_put_float(&buf, few);
            same = same && cs_read_float(buf.data, &few_back) && memcmp(&few_back, &few, sizeof few) == 0;
        }
    }
    cs_buf_free(&buf);
    TAP_OK(same, "%s: floats and doubles read back as they were", locale);
}

static void test_read(const char *locale)
{
    static const struct {
        const char *text;
        double number;
    } good[] = {{"0", 0},      {"-12", -12},   {"+1.5", 1.5},     {".5", 0.5},         {"5.", 5},
                {"1e3", 1000}, {"1E-2", 0.01}, {"1.25e+1", 12.5}, {"1e999", INFINITY}, {"-1e999", -INFINITY},
                {"1e-999", 0}};
    static const char *const bad[] = {"",    " 1",   "1 ",   "1,5",  "1,",   ".",   "-",
                                      "e5",  "1e",   "1e+",  "0x10", "inf",  "nan", "NAN",
                                      "--1", "1.5.", "1e5,", "1_0",  "1.5f", "١",   "infinity"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double number = 7;
        float few = 7;
        bool read = cs_read_double(good[i].text, &number) && cs_read_float(good[i].text, &few);
        TAP_OK(read && number == good[i].number && few == (float)good[i].number, "%s: %s is read as %g", locale,
               good[i].text, number);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double number = 7;
        float few = 7;
        bool read = cs_read_double(bad[i], &number) || cs_read_float(bad[i], &few);
        TAP_OK(!read && number == 7 && few == 7, "%s: \"%s\" is no number", locale, bad[i]);
    }
    /* just above the middle of two floats: through a double it would be rounded twice, down to the even one */
    float once = 0;
    TAP_OK(cs_read_float("1.00000005960464477540", &once) && once == 0x1.000002p0F, "%s: rounded to a float once",
           locale);
}

static void test_all(const char *locale)
{
    test_written(locale);
    test_both_ways(locale);
    test_read(locale);
}

int main(void)
{
    test_all("C");
    if (tap_set_comma_locale())
        test_all("decimal comma");
    else
        tap_skip("numbers in a locale with a decimal comma", TAP_NO_COMMA);
    /* the Arabic decimal separator: two bytes */
    if (setlocale(LC_ALL, "ps_AF.UTF-8") || setlocale(LC_ALL, "ps_AF"))
        test_all("two bytes");
    else
        tap_skip("numbers in a locale whose decimal point is two bytes", "none is installed");
    return tap_done();
}
