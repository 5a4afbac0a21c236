/* SPDX-License-Identifier: MIT
 * thrift_write.c - the other direction of thrift.c. */
#include "exchange/thrift_write.h"

#include "exchange/thrift.h"

#include <string.h>

static void put_varint(cs_buf *buf, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        cs_buf_putc(buf, (char)(value | 0x80));
    cs_buf_putc(buf, (char)value);
}

void cs_thrift_put_field(cs_buf *buf, int *last, int id, int type)
{
    const int step = id - *last;
    cs_buf_putc(buf, (char)(step < 16 ? step << 4 | type : type));
    if (step >= 16)
        cs_thrift_put_integer(buf, id);
    *last = id;
}

void cs_thrift_put_integer(cs_buf *buf, int64_t value)
{
    put_varint(buf, (uint64_t)value << 1 ^ (0 - ((uint64_t)value >> 63))); /* zigzag */
}

void cs_thrift_put_text(cs_buf *buf, const char *text)
{
    put_varint(buf, strlen(text));
    cs_buf_puts(buf, text);
}

void cs_thrift_put_list(cs_buf *buf, int type, size_t count)
{
    cs_buf_putc(buf, (char)((count < 15 ? count : 15) << 4 | (size_t)type));
    if (count >= 15)
        put_varint(buf, count);
}

void cs_thrift_put_stop(cs_buf *buf)
{
    cs_buf_putc(buf, CS_THRIFT_STOP);
}
