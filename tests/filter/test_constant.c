/* SPDX-License-Identifier: MIT
 * test_constant.c - calculations with numbers alone in a filter. */
#include "filter/constant.h"
#include "tap.h"

#include <math.h>
#include <stdio.h>

/* The number on the right of "size == TEXT"; false: it is none. */
static bool number_of(const char *text, cs_filter_number *number)
{
    char filter[200];
    clipsearch_error err;
    cs_filter_tree *tree = NULL;
    snprintf(filter, sizeof filter, "size == %s", text);
    if (cs_filter_parse(filter, &tree, NULL, &err) != CLIPSEARCH_OK) {
        tap_note("%s: %s", filter, err.message);
        return false;
    }
    const bool is = cs_filter_fold(tree, tree->nodes[tree->root].right, number);
    cs_filter_free(&tree);
    return is;
}

static void expect_whole(const char *text, int64_t integer)
{
    cs_filter_number n;
    TAP_OK(number_of(text, &n) && n.whole && n.integer == integer, "%s", text);
}

static void expect_real(const char *text, double real)
{
    cs_filter_number n;
    TAP_OK(number_of(text, &n) && !n.whole && (isnan(real) ? isnan(n.real) : n.real == real), "%s is %g", text, real);
}

int main(void)
{
    cs_filter_number n;
    expect_whole("7", 7);
    expect_whole("-(2 - 5) * 4 + 1", 13);
    expect_whole("-7 % 4", -3);
    expect_whole("-9223372036854775807 - 1", INT64_MIN);
    expect_whole("(-9223372036854775807 - 1) % -1", 0);
    expect_whole("9007199254740993", 9007199254740993);
    expect_real("2.5", 2.5);
    expect_real("6 / 3", 2);
    expect_real("1 + 0.5", 1.5);
    expect_real("5.5 % 2", 1.5);
    expect_real("9223372036854775807 + 1", 0x1p63);
    expect_real("-(-9223372036854775807 - 1)", 0x1p63);
    expect_real("9223372036854775807 * 2", 0x1p64);
    expect_real("1e308 * 10", INFINITY);
    expect_real("1 / 0", NAN);
    expect_real("1 % 0", NAN);
    TAP_OK(!number_of("width", &n) && !number_of("2 * width", &n) && !number_of("-price", &n),
           "a field or an attribute is none, nor what is computed of one");
    return tap_done();
}
