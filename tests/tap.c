/* SPDX-License-Identifier: MIT
 * tap.c - TAP output. */
#include "tap.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int count, failures;

/* Numbers, dates and characters as in the locale `name`; messages stay English, because tests compare them. */
static bool set_locale(const char *name)
{
    return setlocale(LC_ALL, name) && setlocale(LC_MESSAGES, "C");
}

/* Before main, so that no test program can forget it. */
__attribute__((constructor)) static void set_test_locale(void)
{
    const char *name = getenv("CLIPSEARCH_TEST_LOCALE");
    if (!name || set_locale(name))
        return;
    printf("1..0 # SKIP the locale %s cannot be set here; see the test 'comma locale'\n", name);
    exit(0);
}

bool tap_set_comma_locale(void)
{
    return set_locale("de_DE.UTF-8") && strcmp(localeconv()->decimal_point, ",") == 0;
}

bool tap_ok(bool pass, const char *file, int line, const char *format, ...)
{
    char text[2000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++) /* a test point is one line, and '#' in it begins a directive */
        if ((unsigned char)*c < ' ' || *c == '#')
            *c = ' ';
    printf("%s %d - %s\n", pass ? "ok" : "not ok", ++count, text);
    if (!pass) {
        failures++;
        printf("# failed at %s:%d\n", file, line);
    }
    fflush(stdout);
    return pass;
}

void tap_skip(const char *what, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++count, what, why);
    fflush(stdout);
}

void tap_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("# ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
}

int tap_done(void)
{
    printf("1..%d\n", count);
    return failures ? 1 : 0;
}

const char *tap_shared_data(void)
{
    const char *directory = getenv("CLIPSEARCH_SHARED_DATA");
    struct stat st;
    return directory && stat(directory, &st) == 0 && S_ISDIR(st.st_mode) ? directory : NULL;
}
