/* SPDX-License-Identifier: MIT
 * tap.h - a test program's output in the Test Anything Protocol, which meson reads. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* Each prints one "ok"/"not ok" line; on failure the file, line and the printf-style note follow. All return `pass`. */
#define TAP_OK(pass, ...) tap_ok((pass), __FILE__, __LINE__, __VA_ARGS__)

bool tap_ok(bool pass, const char *file, int line, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A test that cannot be made here: says why and is counted as skipped. */
void tap_skip(const char *what, const char *why);

/* A line for the reader of the log. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print the plan; the exit status of main. */
int tap_done(void);

/* The shared test data's directory (environment CLIPSEARCH_SHARED_DATA, or ../shared/data beside the source tree), or
 * NULL when it is absent: then a test that wants it calls tap_skip. */
const char *tap_shared_data(void);

#endif
