/* SPDX-License-Identifier: MIT
 * index_types.c - the words for the types of an index. */
#include "base/index_types.h"

#include "base/error.h"

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

clipsearch_status cs_index_type_check(unsigned types, clipsearch_index_type type, clipsearch_error *err)
{
    const char *word = cs_index_type_word(type);
    if ((unsigned)type < 8 * sizeof types && types >> type & 1)
        return CLIPSEARCH_OK;
    if (!word)
        return cs_fail(err, CLIPSEARCH_E_ARGUMENT, "there is no type of index %d", (int)type);
    return cs_fail(err, CLIPSEARCH_E_UNSUPPORTED, "an index of the type %s is made by Milvus servers only", word);
}
