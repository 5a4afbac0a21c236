/* SPDX-License-Identifier: MIT
 * tokenizer.h - CLIP's byte-pair tokenizer: text to ids. */
#ifndef CS_TEXT_TOKENIZER_H
#define CS_TEXT_TOKENIZER_H

#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

typedef struct cs_tokenizer cs_tokenizer;

/* Read the merges from `merges` (merges.txt with its "#version" line, or bpe_simple_vocab_16e6.txt, gzip-compressed or
 * not, or tokenizer.json; merges beyond those that `vocabulary` has ids for are ignored, as by the reference). Check
 * that vocab.json, when `vocab` is not NULL, and the vocabulary in tokenizer.json give every piece the same id as the
 * rule. `vocabulary` is the model's: ids are
 * 256 bytes, 256 bytes + "</w>", merges, start, end; a vocabulary that the merges do not fill is CLIPSEARCH_E_MODEL.
 * Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (file and line), _LIMIT, _MEMORY. */
clipsearch_status cs_tokenizer_open(const char *merges, const char *vocab, size_t vocabulary, size_t context_length,
                                    cs_tokenizer **tokenizer, clipsearch_error *err);

/* The same, from `compiled`, unless it is NULL, if cs_tokenizer_compile made that file of these two and it is sound;
 * from the two otherwise. The ids are the same, and so are the errors. */
clipsearch_status cs_tokenizer_open_compiled(const char *compiled, const char *merges, const char *vocab,
                                             size_t vocabulary, size_t context_length, cs_tokenizer **tokenizer,
                                             clipsearch_error *err);
/* Whether a compiled vocabulary is used. */
bool cs_tokenizer_is_compiled(const cs_tokenizer *tokenizer);
/* Read the two files as cs_tokenizer_open does, and append what the file of the compiled vocabulary is to have in it.
 * Errors: those of cs_tokenizer_open. */
clipsearch_status cs_tokenizer_compile(const char *merges, const char *vocab, size_t vocabulary, cs_buf *out,
                                       clipsearch_error *err);
void cs_tokenizer_close(cs_tokenizer **tokenizer);

/* UTF-8 `text` of `size` bytes -> ids with start and end, at most context_length of them. refuse: a text that does not
 * fit is CLIPSEARCH_E_LIMIT; otherwise the first tokens are kept and the last id is the end token. ids has room for
 * context_length. Immutable tokenizer, any number of threads. A text below 1 KiB takes no memory (40 KiB of stack),
 * unless decomposing its characters makes it several times longer. Errors: CLIPSEARCH_E_LIMIT (also over 1 MiB of text,
 * or what cs_clean gives), _MEMORY. */
clipsearch_status cs_tokenizer_encode(const cs_tokenizer *tokenizer, const char *text, size_t size, bool refuse,
                                      int32_t *ids, size_t *count, clipsearch_error *err);

/* The same, not refusing; *truncated receives whether the text did not fit. */
clipsearch_status cs_tokenizer_truncate(const cs_tokenizer *tokenizer, const char *text, size_t size, int32_t *ids,
                                        size_t *count, bool *truncated, clipsearch_error *err);

/* The piece of one id as the vocabulary file spells it, or NULL. */
const char *cs_tokenizer_piece(const cs_tokenizer *tokenizer, int32_t id);

#endif
