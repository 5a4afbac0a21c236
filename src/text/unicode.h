/* SPDX-License-Identifier: MIT
 * unicode.h - properties of code points; the only file that uses utf8proc is unicode.c. */
#ifndef CS_TEXT_UNICODE_H
#define CS_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read one code point of `size` (at least 1) bytes at `text`; returns the bytes it took. Invalid UTF-8 gives U+FFFD
 * for each maximal part of a well-formed sequence (Unicode 15, section 3.9, "substitution of maximal subparts"; what
 * Python's bytes.decode(errors="replace") does). */
size_t cs_utf8_read(const uint8_t *text, size_t size, uint32_t *code);

/* The classes that CLIP's splitting expression distinguishes. */
typedef enum cs_class { CS_CLASS_LETTER, CS_CLASS_NUMBER, CS_CLASS_SPACE, CS_CLASS_OTHER } cs_class;

cs_class cs_unicode_class(uint32_t code);
bool cs_unicode_is_space(uint32_t code); /* property White_Space */
bool cs_unicode_is_digit(uint32_t code); /* category Nd */

/* A C1 control U+0080..U+009F becomes the character that windows-1252 has there, if any; others are unchanged. */
uint32_t cs_unicode_decode_c1(uint32_t code);

/* Simple case mappings, one code point to one. */
uint32_t cs_unicode_lower(uint32_t code);
uint32_t cs_unicode_upper(uint32_t code);
/* Properties Case_Ignorable; and Cased, for code points that are not ignorable (Unicode 15, section 3.13). */
bool cs_unicode_case_ignorable(uint32_t code);
bool cs_unicode_cased(uint32_t code);

uint8_t cs_unicode_combining(uint32_t code); /* canonical combining class */
/* Full canonical decomposition of one code point, at most 4; returns how many. */
size_t cs_unicode_decompose(uint32_t code, uint32_t out[4]);
/* The primary composite of two code points, or 0. */
uint32_t cs_unicode_compose(uint32_t first, uint32_t second);
/* The NFKC form of a full or half width form U+FF01..U+FFEF, one or two code points; returns how many. */
size_t cs_unicode_narrow(uint32_t code, uint32_t out[2]);

/* The version of utf8proc. */
const char *cs_unicode_library(void);

#endif
