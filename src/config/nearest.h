/* SPDX-License-Identifier: MIT
 * nearest.h - the word a mistyped word was meant to be. */
#ifndef CS_CONFIG_NEAREST_H
#define CS_CONFIG_NEAREST_H

#include <stddef.h>

/* Fewest insertions, deletions, substitutions and swaps of neighbouring letters that turn `a` into `b` ("optimal string
 * alignment": no piece is edited twice). Words longer than 63 bytes give SIZE_MAX. */
size_t cs_edit_distance(const char *a, const char *b);

/* The one of `count` words nearest to `word`, the first of equals; NULL when none is within a third of its length
 * (at least 1, at most 3) edits. */
const char *cs_nearest(const char *word, const char *const *words, size_t count);

#endif
