/* SPDX-License-Identifier: MIT
 * test_csv.c - the CSV reader against RFC 4180's rules, damaged text and failing memory. */
#include "base/csv.h"
#include "base/mem.h"
#include "tap.h"

#include <string.h>

static clipsearch_error err;

static clipsearch_status parse(const char *text, cs_csv *csv)
{
    return cs_csv_parse(text, strlen(text), "t.csv", csv, &err);
}

/* The fields of a good text, header first, '|' between fields and '/' between rows. */
static void good(const char *text, const char *expected)
{
    cs_csv csv;
    char flat[256] = "";
    clipsearch_status status = parse(text, &csv);
    if (status == CLIPSEARCH_OK) {
        for (size_t i = 0; i < csv.columns; i++)
            strcat(strcat(flat, i ? "|" : ""), csv.header[i]);
        for (size_t i = 0; i < csv.rows * csv.columns; i++)
            strcat(strcat(flat, i % csv.columns ? "|" : "/"), csv.fields[i]);
        cs_csv_free(&csv);
    }
    TAP_OK(status == CLIPSEARCH_OK && strcmp(flat, expected) == 0, "reads as %s (got %s)", expected,
           status == CLIPSEARCH_OK ? flat : err.message);
}

static void bad(const char *text, size_t size, const char *words)
{
    cs_csv csv;
    clipsearch_status status = cs_csv_parse(text, size, "t.csv", &csv, &err);
    TAP_OK(status == CLIPSEARCH_E_FORMAT && strstr(err.message, words) && strstr(err.message, "t.csv"), "refused: %s",
           status ? err.message : "(taken)");
    if (status == CLIPSEARCH_OK)
        cs_csv_free(&csv);
}

static void test_good(void)
{
    good("a,b\n1,2\n", "a|b/1|2");
    good("a,b\n1,2", "a|b/1|2");
    good("a,b\r\n1,2\r\n", "a|b/1|2");
    good("\xEF\xBB\xBF"
         "a,b\n1,2\n",
         "a|b/1|2");
    good("\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", "a|b/1|2/3|4");
    good("a\n", "a");
    good("a,b\n,\n", "a|b/|");
    good("a,b\n1,", "a|b/1|");
    good("a\n\"\"\n", "a/");
    good("\"a\",\"b\"\n\"x,y\",\"say \"\"hi\"\"\"\n", "a|b/x,y|say \"hi\"");
    good("a,b\n\"two\nlines\",\"\r\n\"\n", "a|b/two\nlines|\r\n");
    good("a,b\n 1 ,5\" disk\n", "a|b/ 1 |5\" disk");
    good("a,b\nx\ry,\r\n", "a|b/x\ry|");
    good("na\xC3\xAFve\n\xF0\x9F\x98\x80\n", "na\xC3\xAFve/\xF0\x9F\x98\x80");
}

static void test_bad(void)
{
    bad("", 0, "header");
    bad("\n\n", 2, "header");
    bad("a,b\n1\n", 6, "line 2: fewer");
    bad("a,b\n1,2\n1,2,3\n", 14, "line 3: more");
    bad("a,a\n", 4, "\"a\" twice");
    bad("a,,b\n", 5, "column 2");
    bad("a\n\"x\ny", 6, "line 2: a quote");
    bad("a\n\"x\"y\n", 7, "line 2: text after");
    bad("a\nx\n\0\n", 6, "line 3: a NUL");
    bad("a\n\xC3\n", 4, "line 2: not UTF-8");
    bad("a\n\xED\xA0\x80\n", 6, "not UTF-8");
}

static void test_lines(void)
{
    cs_csv csv;
    if (!TAP_OK(parse("\na,b\n1,2\n\n\"x\ny\",3\n4,5\n", &csv) == CLIPSEARCH_OK, "a text of several lines"))
        return;
    TAP_OK(csv.rows == 3 && csv.lines[0] == 3 && csv.lines[1] == 5 && csv.lines[2] == 7, "rows know their lines");
    TAP_OK(cs_csv_column(&csv, "b") == 1 && cs_csv_column(&csv, "c") == -1, "columns by name");
    cs_csv_free(&csv);
}

static void test_memory(void)
{
    static char text[4000] = "k,v\n";
    for (int i = 0; i < 500; i++)
        strcat(text, "1,\"2\"\n");
    bool all = true;
    clipsearch_status status = CLIPSEARCH_E_MEMORY;
    int n = 0;
    while (status != CLIPSEARCH_OK && ++n < 100) {
        cs_csv csv;
        cs_mem_fail_at((uint64_t)n);
        status = parse(text, &csv);
        all = all && (status == CLIPSEARCH_OK || status == CLIPSEARCH_E_MEMORY);
        if (status == CLIPSEARCH_OK) {
            all = all && csv.rows == 500;
            cs_csv_free(&csv);
        }
    }
    cs_mem_fail_at(0);
    TAP_OK(all && n > 5 && n < 100, "each of %d allocations may fail", n - 1);
}

int main(void)
{
    test_good();
    test_bad();
    test_lines();
    test_memory();
    return tap_done();
}
