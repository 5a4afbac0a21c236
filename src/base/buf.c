/* SPDX-License-Identifier: MIT
 * buf.c - growable bytes. */
#include "base/buf.h"

#include "base/mem.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int cs_vformat(char *text, size_t size, const char *format, va_list args)
{
    locale_t callers = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
    int n = vsnprintf(text, size, format, args);
    uselocale(callers);
    return n;
}

int cs_format(char *text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = cs_vformat(text, size, format, args);
    va_end(args);
    return n;
}

enum { FEWEST = 64 }; /* bytes of the first block */

cs_buf cs_buf_make(size_t max)
{
    return (cs_buf){.max = max};
}

bool cs_buf_reserve(cs_buf *buf, size_t n)
{
    if (buf->failed)
        return false;
    if (n > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + n + 1; /* the NUL is not counted against max */
    if (need <= buf->cap)
        return true;
    char *data = cs_grow(buf->data, &buf->cap, need < FEWEST ? FEWEST : need, 1);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->data[buf->len] = '\0';
    return true;
}

bool cs_buf_append(cs_buf *buf, const void *bytes, size_t n)
{
    if (!cs_buf_reserve(buf, n))
        return false;
    if (n)
        memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    buf->data[buf->len] = '\0';
    return true;
}

bool cs_buf_puts(cs_buf *buf, const char *text)
{
    return cs_buf_append(buf, text, strlen(text));
}

bool cs_buf_putc(cs_buf *buf, char c)
{
    return cs_buf_append(buf, &c, 1);
}

bool cs_buf_printf(cs_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = cs_vformat(NULL, 0, format, args);
    va_end(args);
    bool ok = n >= 0 && cs_buf_reserve(buf, (size_t)n);
    if (ok) {
        cs_vformat(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    } else {
        buf->failed = true;
    }
    va_end(again);
    return ok;
}

void cs_buf_clear(cs_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void cs_buf_free(cs_buf *buf)
{
    cs_free(buf->data);
    *buf = cs_buf_make(buf->max);
}

char *cs_buf_detach(cs_buf *buf)
{
    char *text = NULL;
    if (cs_buf_append(buf, "", 0)) {
        text = buf->data;
        buf->data = NULL;
    }
    cs_buf_free(buf);
    return text;
}
