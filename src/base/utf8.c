/* SPDX-License-Identifier: MIT
 * utf8.c - one character at a time. */
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

size_t cs_utf8_length(const char *text, size_t size)
{
    if (size == 0)
        return 0;
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                    : lead >= 0xE0 && lead <= 0xEF ? 3
                    : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                   : 0;
    if (length == 0 || size < length)
        return 0;
    /* the second byte alone tells overlong forms, surrogates and too large values from good ones */
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    unsigned char second = (unsigned char)text[1];
    if (second < low || second > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

bool cs_is_utf8(const char *text, size_t size)
{
    size_t at = 0, n;
    while (at < size && (n = cs_utf8_length(text + at, size - at)) > 0)
        at += n;
    return at == size;
}

bool cs_is_blank_text(const char *text)
{
    return !text[strspn(text, " \t\r\n\f\v")];
}

size_t cs_utf8_put(uint32_t code_point, char out[4])
{
    assert(code_point < 0x110000 && (code_point < 0xD800 || code_point > 0xDFFF));
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    out[0] = (char)(marks[length] | code_point);
    return length;
}
