/* SPDX-License-Identifier: MIT
 * tap.h - a test program's output in the Test Anything Protocol, which meson reads. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* The environment variable CLIPSEARCH_TEST_LOCALE names a locale that is set for the whole process before main begins.
 * If it cannot be set, the program reports one skip, with the reason, and runs no test. `meson test --setup comma` asks
 * for de_DE.UTF-8. */

/* Each prints one "ok"/"not ok" line; on failure the file, line and the printf-style note follow. All return `pass`. */
#define TAP_OK(pass, ...) tap_ok((pass), __FILE__, __LINE__, __VA_ARGS__)

bool tap_ok(bool pass, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A test that cannot run here: counted as skipped, with the reason. */
void tap_skip(const char *what, const char *why);

/* A comment line in the log. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Set the locale of the whole process to one with a decimal comma (de_DE.UTF-8), as a program that uses the library may
 * do. Messages of the system stay English. False when this system cannot make the locale: then call tap_skip with
 * TAP_NO_COMMA. Undo it with setlocale(LC_ALL, "C"). */
bool tap_set_comma_locale(void);
#define TAP_NO_COMMA "the locale de_DE.UTF-8 could not be made (Debian package locales)"

/* Whether this is a build with a sanitizer, in which everything takes several times as long: sets may be smaller. */
#ifdef CS_SLOW_TESTS
#define TAP_SLOW 1
#else
#define TAP_SLOW 0
#endif

/* Whether this is a build with ThreadSanitizer, which sees nothing in what one thread does alone. */
#if defined(__SANITIZE_THREAD__)
#define TAP_THREADS 1
#elif defined(__has_feature)
#define TAP_THREADS __has_feature(thread_sanitizer)
#else
#define TAP_THREADS 0
#endif

/* Print the plan; the exit status of main. */
int tap_done(void);

/* The shared test data's directory (environment CLIPSEARCH_SHARED_DATA, or ../shared/data beside the source tree), or
 * NULL when it is absent: then a test that needs it calls tap_skip. */
const char *tap_shared_data(void);

#endif
