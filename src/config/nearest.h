/* SPDX-License-Identifier: MIT
 * nearest.h - the known word that a mistyped word is most similar to. */
#ifndef CS_CONFIG_NEAREST_H
#define CS_CONFIG_NEAREST_H

#include <stddef.h>

/* The smallest number of insertions, deletions, substitutions and swaps of neighbouring letters that turn `a` into `b`
 * ("optimal string alignment": no part is edited twice). SIZE_MAX when a word is longer than 63 bytes. */
size_t cs_edit_distance(const char *a, const char *b);

/* The word of `words` [count] with the smallest edit distance to `word`, the first of equals; NULL when that is more
 * than a third of its length (at least 1, at most 3). */
const char *cs_nearest(const char *word, const char *const *words, size_t count);

#endif
