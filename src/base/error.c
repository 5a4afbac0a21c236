/* SPDX-License-Identifier: MIT
 * error.c - fills error values. */
#include "base/error.h"

#include "base/buf.h"
#include "base/mem.h"

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

/* Show the beginning and the end of `text`, which is longer than the message: a long path stands in the middle, and
 * what is wrong with it behind it. */
static void cut_middle(char *message, size_t size, const char *text, size_t length)
{
    static const char dots[] = "...";
    const size_t room = size - sizeof dots;
    size_t head = room / 2, tail = length - (room - head);
    while (head > 0 && ((unsigned char)text[head] & 0xC0) == 0x80) /* no half characters */
        head--;
    while (tail < length && ((unsigned char)text[tail] & 0xC0) == 0x80)
        tail++;
    memcpy(message, text, head);
    memcpy(message + head, dots, sizeof dots - 1);
    memcpy(message + head + sizeof dots - 1, text + tail, length - tail + 1);
}

/* The message is what `format` says, and then `reason`. */
__attribute__((format(printf, 3, 0))) static void fill(clipsearch_error *err, clipsearch_status code,
                                                       const char *format, va_list args, const char *reason)
{
    const size_t size = sizeof err->message, more = strlen(reason);
    va_list again;
    err->code = code;
    err->system_error = 0;
    va_copy(again, args);
    const int n = cs_vformat(err->message, size, format, args);
    const size_t length = n < 0 ? 0 : (size_t)n;
    if (length + more < size) {
        memcpy(err->message + length, reason, more + 1);
    } else {
        char *text = cs_alloc_array(length + more + 1, 1);
        trim_broken_tail(err->message, size); /* it stays so without memory */
        if (text) {
            cs_vformat(text, length + 1, format, again);
            memcpy(text + length, reason, more + 1);
            cut_middle(err->message, size, text, length + more);
        }
        cs_free(text);
    }
    va_end(again);
}

clipsearch_status cs_fail(clipsearch_error *err, clipsearch_status code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        fill(err, code, format, args, "");
        va_end(args);
    }
    return code;
}

clipsearch_status cs_fail_errno(clipsearch_error *err, clipsearch_status code, int error_number, const char *format,
                                ...)
{
    if (err) {
        char words[128], reason[sizeof words + 2];
        va_list args;
        /* the GNU form, safe in threads: returns the words, in the buffer or not */
        snprintf(reason, sizeof reason, ": %s", strerror_r(error_number, words, sizeof words));
        va_start(args, format);
        fill(err, code, format, args, reason);
        va_end(args);
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
