/* SPDX-License-Identifier: MIT
 * index_types.h - the words for the types of an index. */
#ifndef CS_BASE_INDEX_TYPES_H
#define CS_BASE_INDEX_TYPES_H

#include "clipsearch.h"

/* Word i is that of the type i + 1; NULL behind the last. In capital letters they are Milvus's own. */
extern const char *const cs_index_type_words[];

/* The word; NULL for a number that is no type, and for CLIPSEARCH_INDEX_TYPE_DEFAULT. */
const char *cs_index_type_word(clipsearch_index_type type);
/* The type of a word in small or capital letters; CLIPSEARCH_INDEX_TYPE_DEFAULT: there is no such word. */
clipsearch_index_type cs_index_type_of(const char *word);

/* The types that a database file has: bit i is that of the type i. */
enum { CS_FILE_INDEX_TYPES = 1 << CLIPSEARCH_INDEX_TYPE_DEFAULT | 1 << CLIPSEARCH_INDEX_TYPE_HNSW };

/* Whether a database that has `types` makes an index of this type. Errors: CLIPSEARCH_E_ARGUMENT, _UNSUPPORTED. */
clipsearch_status cs_index_type_check(unsigned types, clipsearch_index_type type, clipsearch_error *err);

#endif
