/* SPDX-License-Identifier: MIT
 * test_clean.c - cleaning against the reference's output, Unicode properties against Python's, limits. */
#include "text/clean.h"

#include "base/mem.h"
#include "fixture.h"
#include "tap.h"
#include "text/normalize.h"
#include "text/split.h"
#include "text/unicode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void test_golden(void)
{
    fixture strings, cleaned;
    bool opened = fixture_open(&strings, "strings.gz");
    opened = fixture_open(&cleaned, "cleaned.gz") && opened;
    size_t count = 0, wrong = 0;
    cs_buf out = cs_buf_make(1 << 24);
    while (opened && fixture_next(&strings) && fixture_next(&cleaned)) {
        cs_buf_clear(&out);
        count++;
        const char *text = strings.line.len ? strings.line.data : "";
        bool same = cs_clean(text, strings.line.len, &out, NULL) == CLIPSEARCH_OK && out.len == cleaned.line.len &&
                    (!out.len || memcmp(out.data, cleaned.line.data, out.len) == 0);
        if (!same && wrong++ < 10)
            tap_note("string %zu \"%s\": expected \"%s\", found \"%s\"", count, text, cleaned.line.data,
                     out.len ? out.data : "");
    }
    TAP_OK(count >= 10000 && strings.at >= strings.file.len, "%zu strings", count);
    TAP_OK(wrong == 0, "cleaned as the reference does: %zu of %zu differ", wrong, count);
    cs_buf_free(&out);
    fixture_close(&strings);
    fixture_close(&cleaned);
}

/* Which of the splitting expression's classes matches the code point alone. */
static char class_of(uint32_t code)
{
    cs_word word;
    if (cs_split_next(&code, 1, 0, &word))
        return "LN?O"[cs_unicode_class(code)];
    return cs_unicode_class(code) == CS_CLASS_SPACE ? 'S' : 'X';
}

/* Code points in hexadecimal up to ',' or the end; "=" means `code` itself. */
static size_t read_codes(const char **text, uint32_t code, uint32_t out[8])
{
    size_t count = 0;
    if (**text == '=') {
        out[count++] = code;
        ++*text;
    }
    while (**text && **text != ',' && count < 8) {
        char *end;
        out[count++] = (uint32_t)strtoul(*text, &end, 16);
        *text = end;
    }
    if (**text == ',')
        ++*text;
    return count;
}

static bool lower_is(uint32_t code, const uint32_t *expected, size_t count)
{
    if (code == 0x130) /* the one with a mapping to two; cs_clean has it */
        return count == 2 && expected[0] == 'i' && expected[1] == 0x307;
    return count == 1 && cs_unicode_lower(code) == expected[0];
}

static bool nfc_is(const uint32_t *text, size_t size, const uint32_t *expected, size_t count, cs_codepoints *work)
{
    work[0].count = 0;
    cs_codepoints_append(&work[0], text, size);
    return cs_normalize(&work[0], &work[1], &work[2]) && work[1].count == count &&
           memcmp(work[1].at, expected, count * sizeof *expected) == 0;
}

/* Of each code point: class, case and combining properties, lower case, NFD and NFC as Python (Unicode 14) and the
 * regex package (a newer one) have them. */
static void test_properties(void)
{
    static cs_codepoints work[3];
    fixture f;
    if (!fixture_open(&f, "properties.gz"))
        return;
    for (size_t i = 0; i < 3; i++)
        cs_codepoints_init(&work[i]);
    bool more = fixture_next(&f);
    size_t classes = 0, newer = 0, combining = 0, cases = 0, lowers = 0, forms = 0, checked = 0;
    while (more) {
        char *rest, kind, casing;
        uint32_t code = (uint32_t)strtoul(f.line.data, &rest, 16), next = 0x110000;
        char facts[256];
        snprintf(facts, sizeof facts, "%s", rest + 1);
        more = fixture_next(&f);
        if (more)
            next = (uint32_t)strtoul(f.line.data, NULL, 16);
        kind = facts[0];
        casing = facts[2];
        unsigned class = (unsigned)strtoul(facts + 4, &rest, 10);
        for (; code < next; code++) {
            if (code >= 0xD800 && code < 0xE000)
                continue;
            checked++;
            const char *at = rest + 1;
            uint32_t lower[8], nfd[8], nfc[8], parts[4];
            size_t lower_count = read_codes(&at, code, lower), nfd_count = read_codes(&at, code, nfd),
                   nfc_count = read_codes(&at, code, nfc);
            /* what utf8proc's Unicode 15.0 has no category for yet is "other" here, a letter or number there */
            bool unknown = class_of(code) == 'O' && (kind == 'L' || kind == 'N');
            newer += unknown;
            classes += class_of(code) != kind && !unknown;
            combining += cs_unicode_combining(code) != class;
            bool ignorable = cs_unicode_case_ignorable(code);
            cases += ignorable != (casing == 'i') || (!ignorable && cs_unicode_cased(code) != (casing == 'c'));
            lowers += !lower_is(code, lower, lower_count);
            forms += cs_unicode_decompose(code, parts) != nfd_count ||
                     memcmp(parts, nfd, nfd_count * sizeof *nfd) != 0 || !nfc_is(&code, 1, nfc, nfc_count, work) ||
                     !nfc_is(nfd, nfd_count, nfc, nfc_count, work);
        }
    }
    TAP_OK(checked == 0x110000 - 0x800, "all %zu code points looked at", checked);
    TAP_OK(classes == 0, "letter, number, space, other: %zu differ", classes);
    TAP_OK(newer == 22484, "of Unicode 16 and later %zu letters and numbers are not known, expected 22484", newer);
    TAP_OK(combining == 10, "combining classes: %zu differ, expected the 10 marks that Unicode 15 added", combining);
    TAP_OK(cases == 111, "cased and case-ignorable: %zu differ, expected the 111 that Unicode 15 added", cases);
    TAP_OK(lowers == 0, "lower case: %zu differ", lowers);
    TAP_OK(forms == 0, "NFD and NFC: %zu differ", forms);
    fixture_close(&f);
}

static bool cleans_to(const char *text, size_t size, const char *expected)
{
    cs_buf out = cs_buf_make(1 << 20);
    bool same = cs_clean(text, size, &out, NULL) == CLIPSEARCH_OK && strcmp(out.len ? out.data : "", expected) == 0;
    if (!same)
        tap_note("expected \"%s\", found \"%s\"", expected, out.len ? out.data : "");
    cs_buf_free(&out);
    return same;
}

/* What the fixtures do not name one by one. Python 3.11 gives the same. */
static void test_cases(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {" \t\r\n ", ""},
        {"  A\t\nB  ", "a b"},
        {"“Curly” ‘Quotes’", "\"curly\" 'quotes'"},
        {"&amp;amp;lt;", "<"},
        {"&amp;lt; <", "< <"},
        {"P&EACUTE;REZ", "pérez"},
        {"<b>&EACUTE;", "<b>&eacute;"},
        {"&notit;", "¬it;"},
        {"&#x80;", "€"},
        {"ﬂuﬃeﬆ", "fluffiest"},
        {"ＬＯＵＤ　ﾊﾟ", "loud パ"},
        {"e\xcc\x81", "é"},
        {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한"},
        {"ΟΔΟΣ ΣΑΣ", "οδος σας"},
        {"İ", "i\xcc\x87"},
        {"a\x1b[31mb\x1b[0m\x07", "ab"},
        {"\xc2\x93quoted\xc2\x94", "\"quoted\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        TAP_OK(cleans_to(cases[i].text, strlen(cases[i].text), cases[i].expected), "\"%s\"", cases[i].expected);
    TAP_OK(cleans_to("a\0b", 3, "ab"), "a NUL is a control character like others");
    TAP_OK(cleans_to("\xf0\x9f\x98", 3, "\xef\xbf\xbd"), "a cut character is one U+FFFD");
    TAP_OK(cleans_to("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"), "a surrogate is three");
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

/* `pattern` over and over up to the longest text, cleaned; the time is printed and must not be quadratic. */
static void clean_much(const char *what, const char *pattern)
{
    size_t size = CS_TEXT_MAX_BYTES;
    cs_buf text = cs_buf_make(size), out = cs_buf_make(16 << 20);
    cs_buf_reserve(&text, size);
    while (text.len + strlen(pattern) <= size && cs_buf_puts(&text, pattern))
        continue;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    clipsearch_status status = cs_clean(text.data, text.len, &out, NULL);
    double seconds = seconds_since(&start);
    TAP_OK(status == CLIPSEARCH_OK && seconds < 30, "1 MiB of %s: %.3f s", what, seconds);
    cs_buf_free(&text);
    cs_buf_free(&out);
}

static void test_limits(void)
{
    size_t most = CS_TEXT_MAX_BYTES;
    clean_much("plain letters", "a");
    clean_much("words with ligatures", "dog \xef\xac\x81 ");
    clean_much("marks of two classes in one run", "\xcc\x81\xcc\xa7");
    clean_much("characters that decompose to three", "\xf0\x9d\x85\xa0");
    clean_much("sigmas", "\xce\xa3");
    clean_much("sigmas and apostrophes", "A\xce\xa3''");
    clean_much("terminal escapes that never end", "\x1b[1;1;");
    clean_much("ampersands", "&");
    clean_much("numeric references", "&#1");
    clean_much("named references", "&amp;");
    clean_much("broken bytes", "\xff");
    clean_much("line feeds", "\n");
    cs_buf nested = cs_buf_make(most), out = cs_buf_make(most);
    clipsearch_error err = {0};
    cs_buf_putc(&nested, '&');
    for (int i = 0; i < 2000; i++)
        cs_buf_puts(&nested, "amp;");
    TAP_OK(cs_clean(nested.data, nested.len, &out, &err) == CLIPSEARCH_OK && out.len == 1 && out.data[0] == '&',
           "a reference escaped 2000 times over is resolved");
    while (nested.len + 4 <= most)
        cs_buf_puts(&nested, "amp;");
    cs_buf_clear(&out);
    TAP_OK(cs_clean(nested.data, nested.len, &out, &err) == CLIPSEARCH_E_LIMIT && strstr(err.message, "escaped"),
           "one escaped 260,000 times over is refused: %s", err.message);
    cs_buf_clear(&nested);
    nested.max = most + 1;
    while (nested.len < most + 1)
        cs_buf_putc(&nested, 'a');
    TAP_OK(cs_clean(nested.data, nested.len, &out, &err) == CLIPSEARCH_E_LIMIT, "too long: %s", err.message);
    cs_buf small = cs_buf_make(3);
    TAP_OK(cs_clean("abcd", 4, &small, &err) == CLIPSEARCH_E_LIMIT, "no room: %s", err.message);
    cs_buf_free(&small);
    cs_buf_free(&nested);
    cs_buf_free(&out);
}

static void test_out_of_memory(void)
{
    /* long enough that every buffer has to grow */
    cs_buf text = cs_buf_make(1 << 20);
    for (int i = 0; i < 1500; i++)
        cs_buf_puts(&text, i % 3 ? "&eacute; \xef\xac\x83" : "\xf0\x9d\x85\xa0\xcc\xb8");
    for (int i = 0; i < 2000; i++)
        cs_buf_puts(&text, i % 2 ? "\xcc\x81" : "\xcc\xa7");
    bool done = false, right = true;
    uint64_t n = 1;
    for (; !done && n < 1000; n++) {
        cs_buf out = cs_buf_make(1 << 20);
        clipsearch_error err = {0};
        cs_mem_fail_at(n);
        clipsearch_status status = cs_clean(text.data, text.len, &out, &err);
        cs_mem_fail_at(0);
        done = status == CLIPSEARCH_OK;
        right = right && (done || (status == CLIPSEARCH_E_MEMORY && err.message[0]));
        cs_buf_free(&out);
    }
    TAP_OK(done && right && n > 5, "each of %d allocations failing in turn is told", (int)n - 2);
    cs_buf_free(&text);
}

int main(void)
{
    test_golden();
    test_properties();
    test_cases();
    test_limits();
    test_out_of_memory();
    return tap_done();
}
