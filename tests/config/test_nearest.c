/* SPDX-License-Identifier: MIT
 * test_nearest.c - similar words, and whole numbers. */
#include "config/nearest.h"
#include "config/yaml_keys.h"
#include "tap.h"

#include <string.h>

static void test_nearest(void)
{
    TAP_OK(cs_edit_distance("", "") == 0 && cs_edit_distance("", "abc") == 3 && cs_edit_distance("abc", "") == 3,
           "empty");
    TAP_OK(cs_edit_distance("kitten", "sitting") == 3, "Levenshtein's example");
    TAP_OK(cs_edit_distance("ab", "ba") == 1 && cs_edit_distance("ingets", "ingest") == 1, "a swap is one edit");
    TAP_OK(cs_edit_distance("ca", "abc") == 3,
           "optimal string alignment, not full Damerau-Levenshtein (which gives 2)");
    char longer[80];
    memset(longer, 'a', sizeof longer);
    longer[64] = '\0';
    TAP_OK(cs_edit_distance(longer, "a") == SIZE_MAX, "64 bytes are too long");
    longer[63] = '\0';
    TAP_OK(cs_edit_distance(longer, "") == 63, "63 are not");
    static const char *const words[] = {"path", "include", "exclude"};
    TAP_OK(cs_nearest("includes", words, 3) == words[1], "includes: include");
    TAP_OK(cs_nearest("exlcude", words, 3) == words[2], "exlcude: exclude");
    TAP_OK(cs_nearest("colour", words, 3) == NULL, "colour: none");
    TAP_OK(cs_nearest("pth", words, 3) == words[0] && cs_nearest("x", words, 3) == NULL, "short words");
}

static void test_count(void)
{
    size_t value = 7;
    TAP_OK(cs_read_count("0", 10, &value) && value == 0 && cs_read_count("10", 10, &value) && value == 10, "0 to 10");
    TAP_OK(!cs_read_count("11", 10, &value) && !cs_read_count("", 10, &value) && !cs_read_count("-1", 10, &value) &&
               !cs_read_count("1 ", 10, &value) && !cs_read_count("0x1", 10, &value) && value == 10,
           "anything else leaves the value");
    TAP_OK(cs_read_count("18446744073709551615", SIZE_MAX, &value) && value == SIZE_MAX &&
               !cs_read_count("18446744073709551616", SIZE_MAX, &value) &&
               !cs_read_count("99999999999999999999", SIZE_MAX, &value),
           "the largest, and beyond");
}

int main(void)
{
    test_nearest();
    test_count();
    return tap_done();
}
