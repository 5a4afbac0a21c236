/* SPDX-License-Identifier: MIT
 * index_types.c - the words for the types of an index. */
#include "base/index_types.h"

#include <strings.h>

const char *const cs_index_type_words[] = {"hnsw", "ivf_flat", "ivf_sq8", "flat", "diskann", "autoindex", NULL};

enum { WORDS = sizeof cs_index_type_words / sizeof *cs_index_type_words - 1 };

const char *cs_index_type_word(clipsearch_index_type type)
{
    return type > 0 && (unsigned)type <= WORDS ? cs_index_type_words[type - 1] : NULL;
}

clipsearch_index_type cs_index_type_of(const char *word)
{
    for (int i = 0; i < WORDS; i++)
        if (strcasecmp(word, cs_index_type_words[i]) == 0)
            return (clipsearch_index_type)(i + 1);
    return CLIPSEARCH_INDEX_TYPE_DEFAULT;
}
