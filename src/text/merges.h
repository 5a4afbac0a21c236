/* SPDX-License-Identifier: MIT
 * merges.h - read the files that say which pairs are merged. */
#ifndef CS_TEXT_MERGES_H
#define CS_TEXT_MERGES_H

#include "base/error.h"
#include "text/bpe.h"
#include "text/pieces.h"

/* Read the first `count` merges of `path` (plain or gzip): a first line with "#version" in it, then one merge a line,
 * the spellings of two pieces known so far with one space between. Their joined spellings, which must be new, become
 * pieces in that order. On success the caller frees both with cs_pieces_free and cs_bpe_free; `extra` more pieces fit,
 * of 32 bytes at most. Errors: CLIPSEARCH_E_NOT_FOUND, _IO, _MODEL (file and line), _LIMIT, _MEMORY. */
clipsearch_status cs_merges_read(const char *path, size_t count, size_t extra, cs_pieces *pieces, cs_bpe *bpe,
                                 clipsearch_error *err);

#endif
