/* SPDX-License-Identifier: MIT
 * test_period.c - the filter of a period. Which rows it lets through is tests/cli's. */
#include "filter/filter.h"
#include "filter/period.h"
#include "tap.h"

#include <string.h>

static clipsearch_error err;
static char filter[CLIPSEARCH_PERIOD_SIZE];

static void expect(const char *since, const char *until, const char *expected)
{
    cs_filter_tree *tree = NULL;
    clipsearch_status status = cs_filter_period(since, until, filter, &err);
    TAP_OK(status == CLIPSEARCH_OK && strcmp(filter, expected) == 0, "%s to %s: %s", since ? since : "-",
           until ? until : "-", status ? err.message : filter);
    TAP_OK(cs_filter_parse(filter, &tree, NULL, &err) == CLIPSEARCH_OK, "is a filter");
    cs_filter_free(&tree);
}

int main(void)
{
    expect(NULL, NULL, "true");
    expect("2024", NULL, "\"2024\" <= taken < \":\"");
    expect(NULL, "2024-07", "\"0\" <= taken < \"2024-07~\"");
    expect("2024-07-01", "2024-07-01", "\"2024-07-01\" <= taken < \"2024-07-01~\"");
    expect("2024-07-01T18", "2024-07-01 18:30", "\"2024-07-01T18\" <= taken < \"2024-07-01T18:30~\"");
    expect("2024-02-29 23:59:59.25", "9999", "\"2024-02-29T23:59:59.25\" <= taken < \"9999~\"");
    expect("2024-07-01", "2024", "\"2024-07-01\" <= taken < \"2024~\"");
    static const char *const bad[] = {"",
                                      "24",
                                      "20240701",
                                      "2024-7",
                                      "2024-13",
                                      "2024-00",
                                      "2023-02-29",
                                      "1900-02-29",
                                      "2024-06-31",
                                      "2024-07-01T24",
                                      "2024-07-01T18:60",
                                      "2024-07-01T18:30:60",
                                      "2024-07-01T1830",
                                      "2024-07-01T18:30Z",
                                      "2024-07-01T18:30:05+02:00",
                                      "2024-07-01T18:30:05.",
                                      "2024-07-01x18:30",
                                      "\" or true or \"",
                                      "yesterday",
                                      "0000",
                                      "2024-07-01T18:30:05.1234567890123456"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        TAP_OK(cs_filter_period(bad[i], NULL, filter, &err) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "since: "),
               "%s", err.message);
        TAP_OK(cs_filter_period(NULL, bad[i], filter, &err) == CLIPSEARCH_E_ARGUMENT && strstr(err.message, "until: "),
               "%s", err.message);
    }
    TAP_OK(cs_filter_period("2025", "2024-12-31", filter, &err) == CLIPSEARCH_E_ARGUMENT &&
               strstr(err.message, "since: 2025 is later than the end, 2024-12-31"),
           "%s", err.message);
    return tap_done();
}
