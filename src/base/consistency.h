/* SPDX-License-Identifier: MIT
 * consistency.h - how fresh the answers of a Milvus server must be. */
#ifndef CS_BASE_CONSISTENCY_H
#define CS_BASE_CONSISTENCY_H

/* By Milvus's numbers. */
typedef enum cs_consistency {
    CS_CONSISTENCY_STRONG = 0,  /* all that was written before is seen */
    CS_CONSISTENCY_BOUNDED = 2, /* all but what the last seconds brought */
    CS_CONSISTENCY_EVENTUALLY = 3
} cs_consistency;

/* Milvus's words for them, the default first; NULL behind the last. */
extern const char *const cs_consistency_names[];

/* The level of one of these words; of NULL or any other it is that of the default. */
cs_consistency cs_consistency_of(const char *word);

#endif
