/* SPDX-License-Identifier: MIT
 * text_clean.c - valid UTF-8 on one line. */
#include "output/text_clean.h"

#include "base/utf8.h"

#include <string.h>

/* Whether the character at `s` is a control character: C0, DEL, C1, and the separators of lines and paragraphs. */
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0) ||
           (s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9));
}

void cs_put_clean(cs_buf *buf, const char *text, size_t characters)
{
    size_t left = strlen(text);
    while (left && characters--) {
        size_t n = cs_utf8_length(text, left);
        if (*text == '\n' || *text == '\t' || *text == '\r')
            cs_buf_putc(buf, ' ');
        else if (!n || is_control((const unsigned char *)text))
            cs_buf_puts(buf, "\xEF\xBF\xBD");
        else
            cs_buf_append(buf, text, n);
        text += n ? n : 1;
        left -= n ? n : 1;
    }
    if (left)
        cs_buf_puts(buf, "\xE2\x80\xA6");
}
