/* SPDX-License-Identifier: MIT
 * error.h - the one way to make an error value. */
#ifndef CS_BASE_ERROR_H
#define CS_BASE_ERROR_H

#include "clipsearch.h"

#include <stdarg.h>
#include <stdbool.h>

/* Fill *err (may be NULL) with `code` and the formatted message, and return `code`, so that the place that finds a
 * fault says `return cs_fail(err, CODE, "...")` or `status = cs_fail(...); goto done;`. A message too long for the
 * buffer is cut before an incomplete UTF-8 character. Set once, where the fault is found. */
clipsearch_status cs_fail(clipsearch_error *err, clipsearch_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": " and the system's text for `error_number` (an errno value) after the message.
 * err->system_error is set to the number. */
clipsearch_status cs_fail_errno(clipsearch_error *err, clipsearch_status code, int error_number, const char *format,
                                ...) __attribute__((format(printf, 4, 5)));

/* CLIPSEARCH_E_MEMORY: "out of memory for <what>". */
clipsearch_status cs_fail_memory(clipsearch_error *err, const char *what);

/* Whether the system call that failed may succeed at another time: EIO, too many open files, no memory, a server that
 * does not answer. A file that is missing, forbidden or no file at all is not among these. */
bool cs_is_machine_error(const clipsearch_error *why);

#endif
