/* SPDX-License-Identifier: MIT
 * compiled.h - a vocabulary in the form in which texts are encoded: a file that is mapped and used as it is. */
#ifndef CS_TEXT_COMPILED_H
#define CS_TEXT_COMPILED_H

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"
#include "text/bpe.h"
#include "text/pieces.h"

/* The files that a vocabulary was read from: of merges, and vocab.json or NULL. They decide; a compiled vocabulary only
 * saves the time to parse them, and is used while they are what it was made of. */
typedef struct cs_compiled_sources {
    const char *merges, *vocab;
} cs_compiled_sources;

/* Append the content of such a file to `out`. `pieces` are those of `bpe`'s merges and the two special tokens. Errors:
 * CLIPSEARCH_E_NOT_FOUND, _IO, _MEMORY. */
clipsearch_status cs_compiled_put(const cs_pieces *pieces, const cs_bpe *bpe, const cs_compiled_sources *sources,
                                  cs_buf *out, clipsearch_error *err);

/* Map the file `path` and let `pieces` and `bpe` point into it: for cs_pieces_text, the ids of bytes, and cs_bpe_rank.
 * False, and nothing is to be freed, when it cannot be used: it is not there, damaged, of another version or byte
 * order, not for `vocabulary` ids, or was made of other files than `sources`. Else close the map after the last use. A
 * hostile file with a right checksum gives wrong ids below `vocabulary`, and nothing worse. */
bool cs_compiled_map(const char *path, size_t vocabulary, const cs_compiled_sources *sources, cs_map *map,
                     cs_pieces *pieces, cs_bpe *bpe);

#endif
