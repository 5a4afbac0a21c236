/* SPDX-License-Identifier: MIT
 * utf8.h - reading and writing UTF-8 (RFC 3629), one character at a time. */
#ifndef CS_BASE_UTF8_H
#define CS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1 to 4) of the well-formed character that begins the `size` bytes at `text`, or 0 when there is
 * none: stray or missing continuation bytes, overlong forms, surrogates, above U+10FFFF, or size 0. */
size_t cs_utf8_length(const char *text, size_t size);

/* Whether all of the `size` bytes at `text` are well-formed. */
bool cs_is_utf8(const char *text, size_t size);

/* Whether a text has nothing but blanks: spaces, tabs and line ends of ASCII. */
bool cs_is_blank_text(const char *text);

/* Write `code_point` (a scalar value: at most 0x10FFFF and no surrogate) at `out`; returns its length, 1 to 4. */
size_t cs_utf8_put(uint32_t code_point, char out[4]);

#endif
