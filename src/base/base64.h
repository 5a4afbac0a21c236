/* SPDX-License-Identifier: MIT
 * base64.h - bytes as base64 text (RFC 4648) and back. */
#ifndef CS_BASE_BASE64_H
#define CS_BASE_BASE64_H

#include "base/buf.h"

/* Append the `size` bytes at `bytes` as base64. */
void cs_put_base64(cs_buf *buf, const void *bytes, size_t size);

/* Append the bytes that the `size` characters at `text` stand for. False when they are not base64 with its padding;
 * some bytes may have been appended. */
bool cs_put_base64_bytes(cs_buf *buf, const char *text, size_t size);

#endif
