/* SPDX-License-Identifier: MIT
 * words.c - the words settings are written with. */
#include "config/words.h"

#include <string.h>

const char *const cs_metric_words[] = {"cosine", "ip", "l2", NULL};
const char *const cs_on_bad_words[] = {"skip", "stop", NULL};
const char *const cs_overflow_words[] = {"truncate", "refuse", NULL};
const char *const cs_exif_words[] = {"apply", "ignore", NULL};
const char *const cs_tower_words[] = {"image", "text", "both", NULL};
const char *const cs_number_words[] = {"f32", "f16", "bf16", NULL};
const char *const cs_codes_words[] = {"f32", "f16", "bf16", "i8", NULL};
const clipsearch_codes cs_codes_values[] = {CLIPSEARCH_CODES_F32, CLIPSEARCH_CODES_F16, CLIPSEARCH_CODES_BF16,
                                            CLIPSEARCH_CODES_I8};
const char *const cs_cpu_words[] = {"c", "avx2", "avx512", NULL};

unsigned cs_word_index(const char *word, const char *const *words)
{
    unsigned i = 0;
    while (words[i] && strcmp(words[i], word) != 0)
        i++;
    return i;
}
