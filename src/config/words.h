/* SPDX-License-Identifier: MIT
 * words.h - the words settings are written with, on the command line, in YAML and in the output alike. */
#ifndef CS_CONFIG_WORDS_H
#define CS_CONFIG_WORDS_H

#include "clipsearch.h"

/* NULL-ended, in the order of the enumerations. */
extern const char *const cs_metric_words[];   /* clipsearch_metric */
extern const char *const cs_on_bad_words[];   /* clipsearch_on_bad */
extern const char *const cs_overflow_words[]; /* clipsearch_overflow */
extern const char *const cs_exif_words[];     /* apply, ignore */
extern const char *const cs_codes_words[];    /* of the values beside them */
extern const clipsearch_codes cs_codes_values[];
extern const char *const cs_cpu_words[];    /* instruction sets, as the library's CLIPSEARCH_CPU takes them */
extern const char *const cs_tower_words[];  /* image, text, both: CLIPSEARCH_*_TOWER less one */
extern const char *const cs_number_words[]; /* clipsearch_number_type */

/* The index of `word` among them; the index of the NULL when it is not. */
unsigned cs_word_index(const char *word, const char *const *words);

/* Greatest values taken from anywhere: threads, pictures of a batch, hits of a query. */
enum { CS_MAX_THREADS = 1024, CS_MAX_BATCH = 4096, CS_MAX_K = 1000000 };

/* Ranges of an index's parameters, as clipsearch_index_options says. */
enum { CS_MIN_M = 4, CS_MAX_M = 64, CS_MAX_EF_CONSTRUCTION = 4096, CS_MAX_EF = 65536 };

#endif
