/* SPDX-License-Identifier: MIT
 * test_paths.c - lists of paths, and advice on paths that do not exist. */
#include "base/mem.h"
#include "config/path_advice.h"
#include "config/path_list.h"
#include "tap.h"

#include <string.h>

static clipsearch_error err;

/* The paths of a list, each followed by '|'. */
static const char *parse(const char *text, size_t size, bool nul)
{
    static char joined[256];
    cs_path_list list;
    clipsearch_status status = cs_path_list_parse(text, size, "list", nul, &list, &err);
    joined[0] = '\0';
    for (size_t i = 0; status == CLIPSEARCH_OK && i < list.count; i++)
        strcat(strcat(joined, list.paths[i]), "|");
    cs_path_list_free(&list);
    return status == CLIPSEARCH_OK ? joined : err.message;
}

static void test_lists(void)
{
    static const struct {
        const char *text;
        size_t size;
        bool nul;
        const char *expected;
    } cases[] = {
        {"", 0, false, ""},
        {"a", 1, false, "a|"},
        {"a\nb\n", 4, false, "a|b|"},
        {"a\r\nb\r\n\r\n\n c \n", 13, false, "a|b| c |"},
        {"\xef\xbb\xbf"
         "a\nb",
         6, false, "a|b|"},
        {"a\0b\nc\0", 6, false, "a|b\nc|"},
        {"a\0\0b\r", 5, false, "a|b\r|"},
        {"a\nb", 3, true, "a\nb|"},
        {"\n\n", 2, false, ""},
        {"\0\0", 2, false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = parse(cases[i].text, cases[i].size, cases[i].nul);
        TAP_OK(strcmp(got, cases[i].expected) == 0, "list %zu: %s", i, got);
    }
    static char longest[5000];
    memset(longest, 'a', sizeof longest);
    longest[1] = '\n';
    TAP_OK(strcmp(parse(longest, sizeof longest, false), "list: line 2 has 4998 bytes, more than a path may have") == 0,
           "%s", err.message);
    cs_path_list list;
    TAP_OK(cs_path_list_read("nowhere.txt", false, &list, &err) == CLIPSEARCH_E_NOT_FOUND, "%s", err.message);
    cs_path_list_free(&list);
    bool all = true;
    for (uint64_t n = 1; n < 4; n++) {
        cs_mem_fail_at(n);
        all = all && cs_path_list_parse("a\nb\n", 4, "list", false, &list, &err) ==
                         (n < 3 ? CLIPSEARCH_E_MEMORY : CLIPSEARCH_OK);
        cs_path_list_free(&list);
    }
    cs_mem_fail_at(0);
    TAP_OK(all, "no memory");
}

static void test_advice(void)
{
    static const struct {
        const char *path, *in_yaml, *on_command_line; /* a word of the advice; NULL: none */
    } cases[] = {
        {"pictures", NULL, NULL},
        {"Photos 2024", NULL, NULL},
        {"$HOME/Pictures", "variables", "single quotes"},
        {"/mnt/${USER}/x", "variables", "single quotes"},
        {"price $5", NULL, NULL},
        {"%USERPROFILE%\\Pictures", "variables", "single quotes"},
        {"https://example.org/a", "URL", "URL"},
        {"smb://nas/photos", "URL", "URL"},
        {"file:///home/me", "without file://", "without file://"},
        {"~/Pictures", NULL, "quotes"},
        {"~me/Pictures", "your own home", "quotes"},
        {"in/*.jpg", "as include", "--include"},
        {"in/[ab].jpg", "as include", "--include"},
        {"in/(1).jpg", NULL, NULL},
        {"C:\\Photos", "Windows", "Windows"},
        {"D:/Photos", "Windows", "Windows"},
        {"my\\photos", "divided by /", "divided by /"},
        {"path:photos", "colon", NULL},
        {"photos ", "space", "space"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int yaml = 0; yaml < 2; yaml++) {
            const char *word = yaml ? cases[i].in_yaml : cases[i].on_command_line;
            const char *advice = cs_path_advice(cases[i].path, yaml);
            TAP_OK(word ? advice && strstr(advice, word) : !advice, "%s: %s", cases[i].path, advice ? advice : "none");
        }
    TAP_OK(cs_path_is_slip("$HOME/a") && cs_path_is_slip("ftp://a") && !cs_path_is_slip("a$HOME") &&
               !cs_path_is_slip("a*") && !cs_path_is_slip(""),
           "slips that no path can be");
}

int main(void)
{
    test_lists();
    test_advice();
    return tap_done();
}
