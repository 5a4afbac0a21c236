/* SPDX-License-Identifier: MIT
 * message.c - messages on standard error. */
#include "cli/output/message.h"

#include "base/utf8.h"
#include "cli/output/write_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at `s`, 0 when it is broken or a control character (C0, DEL, C1). */
static size_t printable_length(const char *s)
{
    const unsigned char lead = (unsigned char)s[0], second = lead ? (unsigned char)s[1] : 0;
    const bool control = lead < 0x20 || lead == 0x7F || (lead == 0xC2 && second < 0xA0);
    return control ? 0 : cs_utf8_length(s, strnlen(s, 4));
}

__attribute__((format(printf, 1, 0))) static void print(const char *format, va_list args, bool one_line)
{
    char message[4096];
    vsnprintf(message, sizeof message, format, args);
    for (char *c = message; *c;) { /* in its place: it may be that memory has run out */
        const size_t n = printable_length(c);
        if (!n && (one_line || *c != '\n'))
            *c = '?';
        c += n ? n : 1;
    }
    fprintf(stderr, "clipsearch: %s\n", message);
}

void cs_print_message(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args, false);
    va_end(args);
}

void cs_print_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(format, args, true);
    va_end(args);
}

void cs_print_name(const char *text, FILE *out)
{
    while (*text) {
        const size_t n = printable_length(text);
        cs_write_out(n ? text : "?", n ? n : 1, out);
        text += n ? n : 1;
    }
}

void cs_put_printable(cs_buf *buf, const char *text)
{
    while (*text) {
        const size_t n = printable_length(text);
        if (n)
            cs_buf_append(buf, text, n);
        else
            cs_buf_putc(buf, '?');
        text += n ? n : 1;
    }
}
