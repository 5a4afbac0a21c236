/* SPDX-License-Identifier: MIT
 * base64.c - base64 (RFC 4648). */
#include "base/base64.h"

#include <stdint.h>

void cs_put_base64(cs_buf *buf, const void *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t group =
            (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);
        for (size_t d = 0; d < 4; d++)
            cs_buf_putc(buf, d <= left ? digits[group >> (18 - 6 * d) & 63] : '=');
    }
}

static int digit_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

bool cs_put_base64_bytes(cs_buf *buf, const char *text, size_t size)
{
    uint32_t bits = 0;
    unsigned count = 0;
    if (size % 4)
        return false;
    for (int i = 0; i < 2 && size && text[size - 1] == '='; i++)
        size--;
    for (size_t i = 0; i < size; i++) {
        const int digit = digit_value(text[i]);
        if (digit < 0)
            return false;
        bits = (bits & 0x3ff) << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            cs_buf_putc(buf, (char)(bits >> count & 0xff));
        }
    }
    return true;
}
