/* SPDX-License-Identifier: MIT
 * json_write.c - JSON strings, written. */
#include "base/json.h"

#include "base/utf8.h"

/* The letter after the backslash of a character that has a short escape, or 0. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return '\0';
    }
}

void cs_json_put_string(cs_buf *buf, const char *text, size_t size)
{
    cs_buf_putc(buf, '"');
    for (size_t at = 0, plain; at < size; at += plain) {
        /* the longest run that needs no escape goes in at once */
        size_t end = at, n;
        while (end < size && (unsigned char)text[end] >= 0x20 && text[end] != '"' && text[end] != '\\' &&
               (n = cs_utf8_length(text + end, size - end)) > 0)
            end += n;
        plain = end - at;
        if (plain) {
            cs_buf_append(buf, text + at, plain);
            continue;
        }
        plain = 1;
        unsigned char c = (unsigned char)text[at];
        char letter = short_escape(text[at]);
        if (letter)
            cs_buf_append(buf, (char[]){'\\', letter}, 2);
        else
            cs_buf_printf(buf, "\\u%04x", c < 0x20 ? c : 0xDC00u + c);
    }
    cs_buf_putc(buf, '"');
}
