/* SPDX-License-Identifier: MIT
 * error.h - the one way an error value is made. */
#ifndef CS_BASE_ERROR_H
#define CS_BASE_ERROR_H

#include "clipsearch.h"

#include <stdarg.h>

/* Fill *err (may be NULL) with `code` and the formatted message, and return `code`, so that the place that sees a
 * fault says `return cs_fail(err, CODE, "...")` or `status = cs_fail(...); goto done;`. A message too long for the
 * buffer is cut before an incomplete UTF-8 character. Set once, where the fault is seen. */
clipsearch_status cs_fail(clipsearch_error *err, clipsearch_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": " and the words for the system's `error_number` (an errno value) behind the message.
 * err->system_error is set to the number. */
clipsearch_status cs_fail_errno(clipsearch_error *err, clipsearch_status code, int error_number, const char *format,
                                ...) __attribute__((format(printf, 4, 5)));

/* CLIPSEARCH_E_MEMORY with `what` could not be had. */
clipsearch_status cs_fail_memory(clipsearch_error *err, const char *what);

#endif
