/* SPDX-License-Identifier: MIT
 * test_parse.c - the parser of the filter language: what it refuses, where, and what a tree holds. */
#include "filter/parser.h"
#include "tap.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static clipsearch_error err;

/* What would be SQL is no filter. */
static void test_refused(void)
{
    static const char *const refused[] = {
        "price < 1; DROP TABLE items",
        "1=1",
        "price == 10 -- and more",
        "(SELECT 1) == 1",
        "price == ?1",
        "load_extension('x')",
        "price = 10",
        "items.id == 1 /* x */",
        "price == `id`",
        "price <> 1",
        "price == x'00'",
        "id == 1 UNION SELECT 1",
        "id == {id}",
        "id == 1 COLLATE BINARY",
        "#",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cs_filter_tree *filter;
        size_t column = 0;
        TAP_OK(cs_filter_parse(refused[i], &filter, &column, &err) == CLIPSEARCH_E_ARGUMENT && !filter && column,
               "%s: %s", refused[i], err.message);
    }
}

static void test_errors(void)
{
    static const struct {
        const char *text;
        size_t column;
        const char *words;
    } cases[] = {
        {"", 1, "empty"},
        {"  ", 1, "empty"},
        {"price <", 8, "expected a field, a value or (, found the end"},
        {"price < and x", 9, "expected a field, a value or (, found and"},
        {"price 100", 7, "expected a comparison such as ==, and, or or the end, found 100"},
        {"price = 100", 7, "expected ==, found ="},
        {"\xC3\xA9t\xC3\xA9 = 1", 5, "expected =="},
        {"(price < 1", 11, "expected ), found the end"},
        {"(price < 1) (label)", 13, "expected and, or or the end, found ("},
        {"a and b c", 9, "expected a comparison such as ==, and, or or the end, found c"},
        {"price < 1)", 10, "expected and, or or the end, found )"},
        {"price < 1 label == 2", 11, "expected and, or or the end, found label"},
        {"label == \"dog", 10, "not closed"},
        {"label == \"d\\qg\"", 12, "behind a backslash"},
        {"label == \"\\u12\"", 11, "four hex digits"},
        {"label == \"\\ud800\"", 11, "four hex digits"},
        {"label == \"\\u0000\"", 11, "four hex digits"},
        {"label == \xE2\x80\x9C"
         "dog\xE2\x80\x9D",
         10, "U+201C"},
        {"label\xC2\xA0== 1", 6, "U+00A0"},
        {"label == \xFF", 10, "0xff"},
        {"label == \x01", 10, "0x01"},
        {"price < 007", 9, "cannot begin with 0"},
        {"price < 1.", 11, "digit behind the point"},
        {"price < 1e", 11, "exponent"},
        {"price < 10cm", 11, "letter behind a number"},
        {"price < 1e999", 9, "range of a double"},
        {"width == \"big\"", 10, "expected a number, as on the other side, found a string"},
        {"name == 3", 9, "expected a string, as on the other side, found a number"},
        {"width in [1, \"2\"]", 14, "expected a number"},
        {"width == true", 10, "found true or false"},
        {"sold < true", 8, "no order"},
        {"mtime > \"yesterday\"", 9, "expected a date"},
        {"mtime > \"2024-02-30\"", 9, "expected a date"},
        {"mtime > \"2024-01-01T25:00\"", 9, "expected a date"},
        {"mtime > \"2024-01-01T10:00:00.\"", 9, "expected a date"},
        {"mtime > \"2024-01-01T10:00+1\"", 9, "expected a date"},
        {"mtime > \"2024-01-01x\"", 9, "expected a date"},
        {"width", 1, "expected a condition"},
        {"3 and true", 1, "expected a condition"},
        {"label and \"x\"", 11, "expected a condition"},
        {"not width", 5, "expected a condition"},
        {"(price < 1) == true", 2, "found a condition"},
        {"(price < 1) + 1 > 2", 2, "found a condition"},
        {"1 < price > 3", 11, "chained"},
        {"1 < price == 3", 11, "chained"},
        {"1 == price < 3", 12, "chained"},
        {"1 < price < 3 < 4", 15, "chained"},
        {"label + \"x\" == \"y\"", 9, "expected a number to calculate"},
        {"-name == 3", 2, "expected a number to calculate"},
        {"width like \"3%\"", 1, "like is for strings"},
        {"label like label", 12, "expected a pattern in quotes"},
        {"label under \"/a\"", 1, "only paths are under a folder"},
        {"path under a", 12, "expected a folder in quotes"},
        {"path under \"a\"", 12, "expected the absolute path of a folder"},
        {"path under \"\"", 12, "expected the absolute path of a folder"},
        {"label in \"dog\"", 10, "expected [ and a list"},
        {"\"dog\" in size", 10, "or an attribute that is one"},
        {"\"dog\" in tags + 1", 10, "or an attribute that is one"},
        {"label in [dog]", 11, "expected a value or ], found dog"},
        {"label in [\"dog\" \"cat\"]", 17, "expected , or ]"},
        {"label in [-\"dog\"]", 12, "expected a number"},
        {"label in [,]", 11, "expected a value or ]"},
        {"label not \"dog\"", 11, "expected in, like or under behind not"},
        {"label is \"dog\"", 10, "expected null or not null"},
        {"label is not 3", 14, "expected null"},
        {"label == null", 10, "is null"},
        {"3 is null", 1, "only fields can be null"},
        {"exists 3", 8, "expected a field behind exists"},
        {"size.width > 3", 5, "attributes.size"},
        {"attributes == 3", 12, "expected the attribute's name"},
        {"label. == 3", 8, "expected a name behind the dot"},
        {"label[] == 3", 7, "expected a key in quotes"},
        {"label[1.5] == 3", 7, "whole number"},
        {"label[1 == 3", 9, "expected ]"},
        {"$label == 3", 1, "without $"},
        {"$ == 3", 1, "no meaning"},
        {"a & b", 3, "expected &&"},
        {"a && | b", 6, "expected ||"},
        {"price < 1 and\tlabel ~ 3", 21, "~ has no meaning"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cs_filter_tree *filter;
        size_t column = 0;
        char begin[40];
        clipsearch_status status = cs_filter_parse(cases[i].text, &filter, &column, &err);
        snprintf(begin, sizeof begin, "filter, column %zu: ", cases[i].column);
        TAP_OK((status == CLIPSEARCH_E_ARGUMENT || status == CLIPSEARCH_E_LIMIT) && !filter &&
                   column == cases[i].column && strstr(err.message, cases[i].words) &&
                   strncmp(err.message, begin, strlen(begin)) == 0,
               "%s | %s (column %zu)", cases[i].text, status ? err.message : "taken", column);
        cs_filter_free(&filter);
    }
}

static void test_dates(void)
{
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"1970-01-01", 0},
                {"1969-12-31", -86400},
                {"2000-02-29", 951782400},
                {"2024-12-31T23:59:59Z", 1735689599},
                {"2024-12-31 23:59:59.25", 1735689599.25},
                {"2025-01-01T01:30+01:30", 1735689600},
                {"2024-12-31T22:30-0130", 1735689600},
                {"9999-12-31", 253402214400},
                {"1989-10-08T06:41:36.029", 623832096.029},
                {"2064-06-12T02:09:34.835869", 2980462174.835869},
                {"2046-09-02T23:29:51.499958518", 2419543791.499958518},
                {"1940-07-23T03:34:49.7851025360001", -929132710.214897464}};
    static const char *const bad[] = {"",
                                      "2024",
                                      "2024-1-1",
                                      "2023-02-29",
                                      "2024-00-01",
                                      "2024-13-01",
                                      "2024-01-00",
                                      "2024-01-32",
                                      "2024-01-01T",
                                      "2024-01-01T1:00",
                                      "2024-01-01T24:00",
                                      "2024-01-01T10:60",
                                      "2024-01-01T10:00:60",
                                      "2024-01-01Z",
                                      "2024-01-01T10:00z",
                                      "2024-01-01T10:00+24:00",
                                      "2024-01-01T10:00:00.5x",
                                      " 2024-01-01",
                                      "-2024-01-01"};
    double seconds;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        TAP_OK(cs_filter_date(good[i].text, &seconds) && seconds == good[i].seconds, "%s", good[i].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        TAP_OK(!cs_filter_date(bad[i], &seconds), "no date: \"%s\"", bad[i]);
}

/* The shape of one tree: not (width > 3 and label in ["a"]). */
static void test_tree(void)
{
    cs_filter_tree *tree = NULL;
    if (cs_filter_parse("not (width > 3 and label in ['a'])", &tree, NULL, &err) != CLIPSEARCH_OK) {
        TAP_OK(false, "%s", err.message);
        return;
    }
    const cs_filter_node *not = &tree->nodes[tree->root], *and = &tree->nodes[not ->left];
    const cs_filter_node *greater = &tree->nodes[ and->left], *in = &tree->nodes[ and->right];
    TAP_OK(not ->kind == CS_NODE_NOT && and->kind == CS_NODE_AND, "not of and");
    TAP_OK(greater->kind == CS_NODE_GT && tree->nodes[greater->left].kind == CS_NODE_FIELD &&
               tree->nodes[greater->left].index == CS_FIELD_WIDTH &&
               tree->nodes[greater->right].kind == CS_NODE_INTEGER && tree->nodes[greater->right].integer == 3,
           "a field and a number");
    TAP_OK(in->kind == CS_NODE_IN && in->count == 1 && tree->nodes[in->left].kind == CS_NODE_ATTRIBUTE &&
               strcmp(tree->texts.data + tree->nodes[in->first].text, "a") == 0,
           "an attribute and a list");
    cs_filter_free(&tree);
    TAP_OK(!tree, "freed");
}

static void test_memory(void)
{
    static const char text[] =
        "not (a.b < 3 and label in ['x', 3, true] or name like '%d\\u00e9%') and mtime > '2024-01-01' "
        "and a * 2 == -b and attributes['k'] is null and c == 1 and d == 2 and e == 3 and f == 4 and g == 5";
    for (uint64_t n = 1;; n++) {
        cs_filter_tree *tree = NULL;
        cs_mem_fail_at(n);
        clipsearch_status status = cs_filter_parse(text, &tree, NULL, &err);
        cs_mem_fail_at(0);
        const bool right = status == CLIPSEARCH_OK ? tree != NULL : status == CLIPSEARCH_E_MEMORY && !tree;
        cs_filter_free(&tree);
        if (status == CLIPSEARCH_OK || !right) {
            TAP_OK(right && n > 3, "%d allocations, each of which may fail: %s", (int)n - 1, right ? "" : err.message);
            return;
        }
    }
}

int main(void)
{
    test_refused();
    test_errors();
    test_dates();
    test_tree();
    test_memory();
    return tap_done();
}
