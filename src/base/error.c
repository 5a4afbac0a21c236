/* SPDX-License-Identifier: MIT
 * error.c - fills error values. */
#include "base/error.h"

#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Cut at the last whole UTF-8 character when vsnprintf had to cut. */
static void trim_broken_tail(char *text, size_t size)
{
    size_t n = strlen(text);
    if (n + 1 < size)
        return;
    size_t start = n;
    while (start > 0 && n - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (start - 1) < need)
        text[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void fill(clipsearch_error *err, clipsearch_status code,
                                                       const char *format, va_list args)
{
    err->code = code;
    err->system_error = 0;
    cs_vformat(err->message, sizeof err->message, format, args);
    trim_broken_tail(err->message, sizeof err->message);
}

clipsearch_status cs_fail(clipsearch_error *err, clipsearch_status code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, format, args);
        va_end(args);
    }
    return code;
}

clipsearch_status cs_fail_errno(clipsearch_error *err, clipsearch_status code, int error_number, const char *format,
                                ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, format, args);
        va_end(args);
        size_t used = strlen(err->message);
        char words[128];
        /* the GNU form, safe in threads: returns the words, in the buffer or not */
        snprintf(err->message + used, sizeof err->message - used, ": %s",
                 strerror_r(error_number, words, sizeof words));
        trim_broken_tail(err->message, sizeof err->message);
        err->system_error = error_number;
    }
    return code;
}

clipsearch_status cs_fail_memory(clipsearch_error *err, const char *what)
{
    return cs_fail(err, CLIPSEARCH_E_MEMORY, "out of memory for %s", what);
}

bool cs_is_machine_error(const clipsearch_error *why)
{
    switch (why->system_error) {
    case EINTR:
    case EAGAIN:
    case EBUSY:
    case EIO:
    case EREMOTEIO:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ESTALE:
    case ENOTCONN:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}
