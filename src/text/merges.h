/* SPDX-License-Identifier: MIT
 * merges.h - read the files that say which pairs are merged. */
#ifndef CS_TEXT_MERGES_H
#define CS_TEXT_MERGES_H

#include "base/error.h"
#include "base/json.h"
#include "text/bpe.h"
#include "text/pieces.h"

/* The content of a file of merges. */
typedef struct cs_merges_file {
    cs_buf lines;               /* a first line with "#version" in it, then one merge a line */
    cs_json_document *document; /* of a tokenizer.json, else NULL: there the lines were made from it */
} cs_merges_file;

/* Read merges.txt, bpe_simple_vocab_16e6.txt (both plain or gzip) or tokenizer.json, told apart by content. Free the
 * file in any case. Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (file and byte), _LIMIT (over 64 MiB), _MEMORY. */
clipsearch_status cs_merges_file_read(const char *path, cs_merges_file *file, clipsearch_error *err);
void cs_merges_file_free(cs_merges_file *file);

/* Add the first `count` merges of `file`, which was read from `path`: the spellings of two pieces known so far with one
 * space between. Their joined spellings, which must be new, become pieces in that order. On success the caller frees
 * both with cs_pieces_free and cs_bpe_free; `extra` more pieces fit, of 32 bytes at most. Errors: CLIPSEARCH_E_MODEL
 * (file and line, or file and number of the merge, from 1), _MEMORY. */
clipsearch_status cs_merges_add(const char *path, const cs_merges_file *file, size_t count, size_t extra,
                                cs_pieces *pieces, cs_bpe *bpe, clipsearch_error *err);

#endif
