/* SPDX-License-Identifier: MIT
 * split.h - CLIP's splitting expression: a cleaned text into words. */
#ifndef CS_TEXT_SPLIT_H
#define CS_TEXT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cs_word_kind { CS_WORD, CS_WORD_START, CS_WORD_END } cs_word_kind;

/* One match: code points [begin, end) of the text. CS_WORD_START and CS_WORD_END are the spelled-out special tokens. */
typedef struct cs_word {
    size_t begin, end;
    cs_word_kind kind;
} cs_word;

/* Find the first match at or behind `from` in a lower-case text; false: none. The expression, without regard to case:
 *   <|startoftext|> | <|endoftext|> | 's | 't | 're | 've | 'm | 'll | 'd | [\p{L}]+ | [\p{N}] | [^\s\p{L}\p{N}]+
 * Source: OpenAI CLIP, simple_tokenizer.py, with the Python package regex. Two of its peculiarities are kept: U+017F
 * (long s) counts as an s in the fixed strings; and U+0345 (combining iota below), which case folding makes both a
 * letter and not one, matches nothing and is dropped. */
bool cs_split_next(const uint32_t *codepoints, size_t count, size_t from, cs_word *word);

#endif
