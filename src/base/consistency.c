/* SPDX-License-Identifier: MIT
 * consistency.c - the words for how fresh answers must be. */
#include "base/consistency.h"

#include "base/name_list.h"

const char *const cs_consistency_names[] = {"bounded", "strong", "eventually", NULL};

cs_consistency cs_consistency_of(const char *word)
{
    static const cs_consistency levels[] = {CS_CONSISTENCY_BOUNDED, CS_CONSISTENCY_STRONG, CS_CONSISTENCY_EVENTUALLY,
                                            CS_CONSISTENCY_BOUNDED};
    return levels[word ? cs_name_index(word, cs_consistency_names) : 0];
}
