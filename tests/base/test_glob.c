/* SPDX-License-Identifier: MIT
 * test_glob.c - patterns: the table of what they mean, fnmatch(3) as the reference where it has the same rules, and
 * hostile ones. */
#include "base/mem.h"
#include "base/glob.h"
#include "tap.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static clipsearch_error err;

static void check(const char *pattern, bool fold, const char *path, bool expected)
{
    cs_glob *glob;
    if (cs_glob_open(pattern, fold, &glob, &err) != CLIPSEARCH_OK) {
        TAP_OK(false, "%s: %s", pattern, err.message);
        return;
    }
    TAP_OK(cs_glob_match(glob, path) == expected, "%s %s %s", pattern, expected ? "matches" : "does not match", path);
    cs_glob_close(&glob);
}

static void test_table(void)
{
    static const struct {
        const char *pattern, *path;
        bool match;
    } table[] = {
        {"*.jpg", "a.jpg", true},
        {"*.jpg", "x/y/a.jpg", true},
        {"*.jpg", "a.JPG", false},
        {"*.jpg", "a.jpgx", false},
        {"*", ".hidden", true},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"?", "\xC3\xA9", true},
        {"??", "\xC3\xA9", false},
        {"?", "\xFF", true},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[^a-c]x", "dx", true},
        {"[]]", "]", true},
        {"[a-]", "-", true},
        {"[\xC3\xA0-\xC3\xBC]", "\xC3\xA9", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a/b.jpg", "a/b.jpg", true},
        {"a/b.jpg", "x/a/b.jpg", false},
        {"/b.jpg", "b.jpg", true},
        {"/b.jpg", "a/b.jpg", false},
        {"a/*.jpg", "a/b/c.jpg", false},
        {"a/**", "a/b/c.jpg", true},
        {"a/**", "a", false},
        {"a/**", "ab/c", false},
        {"**/c.jpg", "c.jpg", true},
        {"**/c.jpg", "a/b/c.jpg", true},
        {"**/c.jpg", "a/bc.jpg", false},
        {"a/**/c", "a/c", true},
        {"a/**/c", "a/b/b/c", true},
        {"a/**/c", "a/bc", false},
        {"a/**/**/c", "a/c", true},
        {"**/b/*.png", "x/b/y.png", true},
        {"**/b/*.png", "x/b/y/z.png", false},
        {"a**b/c", "axxb/c", true},
        {"a**b/c", "a/b/c", false},
        {"**", "a/b", true},
        {"tmp/", "x/tmp", true},
        {"a/tmp/", "a/tmp", true},
        {"a/tmp/", "b/tmp", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        check(table[i].pattern, false, table[i].path, table[i].match);
    check("*.jpg", true, "A.JPG", true);
    check("[a-c].PNG", true, "B.png", true);
    check("[!a-c].png", true, "B.png", false);
    check("\xC3\xA9", true, "\xC3\x89", true); /* e with an acute accent */
    check("\xC3\xA9", false, "\xC3\x89", false);
    check("\xC5\xA1*", true, "\xC5\xA0x", true); /* s with a caron */
    check("\xCE\xB1\xCE\xB2", true, "\xCE\x91\xCE\x92", true);
    check("\xD0\x94\xD0\x8F", true, "\xD0\xB4\xD1\x9F", true);
    check("[\xD0\x90-\xD0\xAF]", true, "\xD0\xB6", true);
    check("\xC3\x97", true, "\xC3\xB7", false); /* a times sign is no letter */
    check("\xC4\xB0", true, "\xC4\xB1", false); /* nor is a dotless i the other case of a dotted one here */
}

static void test_bad_patterns(void)
{
    static const char *const bad[] = {"", "/", "//", "[a", "[", "[]", "[!", "a\\", "[b-a]", "[a\\"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cs_glob *glob;
        clipsearch_status status = cs_glob_open(bad[i], false, &glob, &err);
        TAP_OK(status == CLIPSEARCH_E_ARGUMENT && !glob, "refused: %s", status ? err.message : bad[i]);
    }
    char longest[CS_GLOB_TOKENS + 2];
    memset(longest, 'a', sizeof longest);
    longest[CS_GLOB_TOKENS + 1] = '\0';
    cs_glob *glob;
    TAP_OK(cs_glob_open(longest, false, &glob, &err) == CLIPSEARCH_E_LIMIT && !glob, "a pattern too long");
    longest[CS_GLOB_TOKENS] = '\0';
    TAP_OK(cs_glob_open(longest, false, &glob, &err) == CLIPSEARCH_OK && cs_glob_match(glob, longest),
           "the longest pattern");
    cs_glob_close(&glob);
    TAP_OK(cs_glob_open("tmp/", false, &glob, &err) == CLIPSEARCH_OK && cs_glob_directories_only(glob),
           "a '/' at the end means directories");
    cs_glob_close(&glob);
}

/* Every text of up to 5 of the letters a, b, '/' against random patterns of the same with * ? [ab]: fnmatch with
 * FNM_PATHNAME has the same rules for them, except "**", which the patterns here do not have. */
static void test_against_fnmatch(void)
{
    static const char *const parts[] = {"a", "b", "/", "*", "?", "[ab]", "[!a]"};
    unsigned seed = 1, compared = 0, matched = 0, wrong = 0;
    for (int round = 0; round < 400; round++) {
        char pattern[64] = "a/"; /* holds a '/', so that it is for whole paths */
        bool star = false;
        for (int n = 1 + round % 7; n; n--) {
            seed = seed * 1664525 + 1013904223;
            const char *part = parts[(seed >> 16) % 7];
            if (star && part[0] == '*')
                continue;
            star = part[0] == '*';
            strcat(pattern, part);
        }
        if (pattern[strlen(pattern) - 1] == '/')
            strcat(pattern, "b");
        cs_glob *glob;
        if (cs_glob_open(pattern, false, &glob, &err) != CLIPSEARCH_OK) {
            wrong++;
            continue;
        }
        for (int i = 0; i < 3 * 3 * 3 * 3 * 3; i++) {
            char text[16] = "a/";
            for (int rest = i, n = 0; n < 5; n++, rest /= 3)
                text[2 + n] = "ab/"[rest % 3];
            bool expected = fnmatch(pattern, text, FNM_PATHNAME) == 0, got = cs_glob_match(glob, text);
            compared++;
            matched += expected;
            if (expected != got && wrong++ == 0)
                tap_note("%s on %s: fnmatch %d, we %d", pattern, text, expected, got);
        }
        cs_glob_close(&glob);
    }
    TAP_OK(wrong == 0 && matched > 1000, "%u comparisons with fnmatch, %u of them matches", compared, matched);
}

static void test_hostile(void)
{
    char pattern[CS_GLOB_TOKENS + 1] = "", text[4001];
    for (int i = 0; i < 170; i++)
        strcat(pattern, "a**"); /* exponential for a matcher that backtracks over every star */
    memset(text, 'a', 4000);
    text[3999] = 'b';
    text[4000] = '\0';
    cs_glob *glob;
    TAP_OK(cs_glob_open(pattern, false, &glob, &err) == CLIPSEARCH_OK, "170 stars");
    clock_t start = clock();
    bool match = cs_glob_match(glob, text);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    TAP_OK(match && seconds < 2, "170 stars on 4000 characters: %.3f s", seconds);
    cs_glob_close(&glob);
    strcpy(pattern, "");
    for (int i = 0; i < 100; i++)
        strcat(pattern, "**/");
    strcat(pattern, "x");
    for (int i = 1; i < 4000; i += 2)
        text[i] = '/';
    TAP_OK(cs_glob_open(pattern, false, &glob, &err) == CLIPSEARCH_OK, "100 times **");
    start = clock();
    match = cs_glob_match(glob, text);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    TAP_OK(!match && seconds < 2, "100 times ** on 2000 directories: %.3f s", seconds);
    cs_glob_close(&glob);
    cs_mem_fail_at(1);
    TAP_OK(cs_glob_open("a", false, &glob, &err) == CLIPSEARCH_E_MEMORY && !glob, "out of memory");
    cs_mem_fail_at(0);
}

int main(void)
{
    test_table();
    test_bad_patterns();
    test_against_fnmatch();
    test_hostile();
    return tap_done();
}
