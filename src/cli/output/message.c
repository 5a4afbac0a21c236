/* SPDX-License-Identifier: MIT
 * message.c - messages on standard error. */
#include "cli/output/message.h"

#include "cli/output/write_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at `s`, 0 when it is broken or a control character (C0, DEL, C1). */
static size_t printable_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7F;
    size_t n = s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : s[0] >= 0xE0 && s[0] < 0xF0 ? 3 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xC2 && s[1] < 0xA0) || (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90))
        return 0;
    return n;
}

__attribute__((format(printf, 1, 0))) static void print(const char *format, va_list args, bool one_line)
{
    char message[4096];
    vsnprintf(message, sizeof message, format, args);
    for (char *c = message; *c;) { /* in its place: it may be that memory has run out */
        const size_t n = printable_length((const unsigned char *)c);
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
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t n = printable_length(s);
        cs_write_out(n ? (const char *)s : "?", n ? n : 1, out);
        s += n ? n : 1;
    }
}

void cs_put_printable(cs_buf *buf, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t n = printable_length(s);
        if (n)
            cs_buf_append(buf, s, n);
        else
            cs_buf_putc(buf, '?');
        s += n ? n : 1;
    }
}
