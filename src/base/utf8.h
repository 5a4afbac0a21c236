/* SPDX-License-Identifier: MIT
 * utf8.h - one character at a time out of bytes that may not be UTF-8. */
#ifndef CS_BASE_UTF8_H
#define CS_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* What cs_utf8_next gives for a byte that begins no character. */
#define CS_UTF8_BROKEN UINT32_MAX

/* The first character of `size` >= 1 bytes at `text` into *code, and how many bytes it takes (at least 1). Overlong
 * forms, surrogates and anything above U+10FFFF are broken: one byte is taken and *code is CS_UTF8_BROKEN. */
size_t cs_utf8_next(const char *text, size_t size, uint32_t *code);

#endif
