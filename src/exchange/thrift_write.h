/* SPDX-License-Identifier: MIT
 * thrift_write.h - the compact protocol of Apache Thrift, written. */
#ifndef CS_EXCHANGE_THRIFT_WRITE_H
#define CS_EXCHANGE_THRIFT_WRITE_H

#include "base/buf.h"

#include <stdint.h>

/* Begin the field `id` of a struct, of a type of thrift.h. *last is the id before it in this struct: 0 at its begin. A
 * value follows, but for CS_THRIFT_TRUE and _FALSE. */
void cs_thrift_put_field(cs_buf *buf, int *last, int id, int type);
/* A value of the types I32 and I64. */
void cs_thrift_put_integer(cs_buf *buf, int64_t value);
void cs_thrift_put_text(cs_buf *buf, const char *text);
/* Begin a list of `count` elements, fewer than 2^31, of one type. */
void cs_thrift_put_list(cs_buf *buf, int type, size_t count);
/* The end of a struct. */
void cs_thrift_put_stop(cs_buf *buf);

#endif
