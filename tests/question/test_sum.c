/* SPDX-License-Identifier: MIT
 * test_sum.c - sums of parts against sums worked out by hand. */
#include "base/mem.h"
#include "question/sum.h"
#include "tap.h"

#include <math.h>
#include <string.h>

enum { DIM = 4 };

static clipsearch_error err;
static const float x[DIM] = {1, 0, 0, 0}, y[DIM] = {0, 1, 0, 0}, long_y[DIM] = {0, 5, 0, 0}, z[DIM] = {0, 0, 1, 0},
                   minus_x[DIM] = {-1, 0, 0, 0}, slanted[DIM] = {0.6f, 0.8f, 0, 0}, zero[DIM];

static bool sums_to(const cs_weighted *parts, size_t count, bool keep_length, const double expected[DIM])
{
    float sum[DIM];
    double length;
    if (cs_sum_parts(parts, count, DIM, keep_length, "q", sum, &length, &err) != CLIPSEARCH_OK) {
        tap_note("%s", err.message);
        return false;
    }
    for (int d = 0; d < DIM; d++)
        if (fabs(sum[d] - expected[d]) > 1e-6) {
            tap_note("element %d is %.8f, not %.8f", d, (double)sum[d], expected[d]);
            return false;
        }
    return true;
}

static void test_sums(void)
{
    const double half = sqrt(0.5), five = sqrt(5), three = sqrt(3);
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {y, 1}}, 2, false, (double[]){half, half, 0, 0}), "x + y");
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {y, -1}}, 2, false, (double[]){half, -half, 0, 0}), "x - y");
    TAP_OK(sums_to((cs_weighted[]){{x, 2}, {y, 1}}, 2, false, (double[]){2 / five, 1 / five, 0, 0}), "2:x + y");
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {y, 1}, {z, -1}}, 3, false, (double[]){1 / three, 1 / three, -1 / three, 0}),
           "x + y - z");
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {long_y, 1}}, 2, false, (double[]){half, half, 0, 0}),
           "a long vector counts like one of length 1");
    TAP_OK(
        sums_to((cs_weighted[]){{x, 1}, {slanted, -1}}, 2, false, (double[]){0.4 / sqrt(0.8), -0.8 / sqrt(0.8), 0, 0}),
        "x - (0.6, 0.8)");
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {minus_x, 0.5}}, 2, false, (double[]){1, 0, 0, 0}), "x + 0.5:-x");
    TAP_OK(sums_to((cs_weighted[]){{x, 1000}, {y, 0.001}}, 2, false, (double[]){1, 1e-6, 0, 0}), "1000:x + 0.001:y");
    TAP_OK(sums_to((cs_weighted[]){{x, -3}}, 1, false, (double[]){-1, 0, 0, 0}), "- 3:x");
    /* kept lengths: 1 and 5 weigh 1 and 1, so the mean is 3; with weights 3 and 1 it is 2 */
    TAP_OK(sums_to((cs_weighted[]){{x, 1}, {long_y, 1}}, 2, true, (double[]){3 * half, 3 * half, 0, 0}),
           "with lengths kept: the mean length");
    TAP_OK(
        sums_to((cs_weighted[]){{x, 3}, {long_y, -1}}, 2, true, (double[]){2 * 3 / sqrt(10), -2 * 1 / sqrt(10), 0, 0}),
        "the weighted mean length");
    TAP_OK(sums_to((cs_weighted[]){{zero, 1}}, 1, true, (double[]){0, 0, 0, 0}), "one vector of zeros as it is");
}

/* A single part keeps its bits when it has the right length. */
static void test_bits(void)
{
    const float odd[DIM] = {0.5f, 0.5f, 0.5f, 0.500001f};
    float sum[DIM];
    double length;
    TAP_OK(cs_sum_parts(&(cs_weighted){odd, 1}, 1, DIM, false, "q", sum, &length, &err) == CLIPSEARCH_OK &&
               memcmp(sum, odd, sizeof sum) == 0,
           "one unit vector keeps its bits");
    TAP_OK(cs_sum_parts(&(cs_weighted){odd, 7}, 1, DIM, false, "q", sum, &length, &err) == CLIPSEARCH_OK &&
               memcmp(sum, odd, sizeof sum) == 0,
           "whatever its weight");
    TAP_OK(cs_sum_parts(&(cs_weighted){long_y, 2}, 1, DIM, true, "q", sum, &length, &err) == CLIPSEARCH_OK &&
               memcmp(sum, long_y, sizeof sum) == 0,
           "and one of another length where lengths are kept");
    TAP_OK(cs_sum_parts(&(cs_weighted){long_y, 1}, 1, DIM, false, "q", sum, &length, &err) == CLIPSEARCH_OK &&
               memcmp(sum, y, sizeof sum) == 0,
           "elsewhere it gets length 1");
}

static bool is_refused(const cs_weighted *parts, size_t count, const char *message)
{
    float sum[DIM];
    double length;
    return cs_sum_parts(parts, count, DIM, false, "dog - dog", sum, &length, &err) == CLIPSEARCH_E_ARGUMENT &&
           strncmp(err.message, "dog - dog: ", 11) == 0 && strstr(err.message, message);
}

static void test_errors(void)
{
    const float nan[DIM] = {1, NAN, 0, 0}, infinite[DIM] = {1, INFINITY, 0, 0}, near[DIM] = {1, 0.001f, 0, 0};
    TAP_OK(is_refused((cs_weighted[]){{x, 1}, {x, -1}}, 2, "its parts cancel one another"), "x - x: %s", err.message);
    TAP_OK(is_refused((cs_weighted[]){{x, 2}, {minus_x, 2}}, 2, "cancel"), "2:x + 2:-x");
    TAP_OK(is_refused((cs_weighted[]){{x, 1}, {near, -1}}, 2, "cancel"), "x and what is almost x");
    TAP_OK(!is_refused((cs_weighted[]){{x, 1}, {slanted, -1}}, 2, "cancel"), "x and what is like x do not cancel");
    TAP_OK(is_refused((cs_weighted[]){{x, 1}, {nan, 1}}, 2, "part 2 has a number that is not finite"), "%s",
           err.message);
    TAP_OK(is_refused((cs_weighted[]){{infinite, 1}}, 1, "part 1 has a number that is not finite"), "%s", err.message);
    TAP_OK(is_refused((cs_weighted[]){{x, 1}, {zero, 1}}, 2, "part 2 is all zeros"), "%s", err.message);
    TAP_OK(is_refused((cs_weighted[]){{zero, 1}}, 1, "part 1 is all zeros"), "%s", err.message);
    float sum[DIM];
    double length;
    cs_mem_fail_at(1);
    clipsearch_status status = cs_sum_parts((cs_weighted[]){{x, 1}, {y, 1}}, 2, DIM, false, "q", sum, &length, &err);
    cs_mem_fail_at(0);
    TAP_OK(status == CLIPSEARCH_E_MEMORY, "out of memory");
}

int main(void)
{
    test_sums();
    test_bits();
    test_errors();
    return tap_done();
}
